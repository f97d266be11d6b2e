//! What the service counts, for Prometheus.

use oddspot::health::Measure;
use oddspot::verdict::Verdict;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::error::{Error, Result};
use crate::history::{Inspection, ModelVersion};

/// Upper ends of the ranges of latencies, in seconds.
const LATENCIES: [f64; 12] = [
    0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 3.0, 10.0,
];

/// What the service counts.
pub struct Metrics {
    registry: Registry,
    inspections: Family<OfVerdict, Counter>,
    seconds: Histogram,
    queue: Family<OfStation, Gauge>,
    missed: Family<OfReason, Counter>,
    health: Family<OfSignal, Gauge<f64, std::sync::atomic::AtomicU64>>,
    models: Family<OfModel, Gauge>,
    output_failures: Family<OfOutput, Counter>,
    output_waiting: Family<OfOutput, Gauge>,
    history: Gauge,
    kept: Family<OfStation, Gauge>,
    kept_beyond: Family<OfStation, Gauge>,
    removed: Family<OfStation, Counter>,
    repeats: Family<OfStation, Gauge>,
    silent: Family<OfStation, Gauge>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfVerdict {
    station: String,
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfStation {
    station: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfSignal {
    station: String,
    signal: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfOutput {
    station: String,
    output: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfModel {
    station: String,
    sha256: String,
    oddspot: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            inspections: Family::default(),
            seconds: Histogram::new(LATENCIES),
            queue: Family::default(),
            missed: Family::default(),
            health: Family::default(),
            models: Family::default(),
            output_failures: Family::default(),
            output_waiting: Family::default(),
            history: Gauge::default(),
            kept: Family::default(),
            kept_beyond: Family::default(),
            removed: Family::default(),
            repeats: Family::default(),
            silent: Family::default(),
        };
        let Self {
            registry,
            inspections,
            seconds,
            queue,
            missed,
            health,
            models,
            output_failures,
            output_waiting,
            history,
            kept,
            kept_beyond,
            removed,
            repeats,
            silent,
        } = &mut metrics;
        // The ends of the names, "_total" and the like, are added by their kind.
        registry.register(
            "oddspot_inspections",
            "Images that were judged",
            inspections.clone(),
        );
        registry.register(
            "oddspot_inspection_seconds",
            "From when an image had come until its verdict was kept",
            seconds.clone(),
        );
        registry.register("oddspot_queue_depth", "Images that wait", queue.clone());
        registry.register(
            "oddspot_missed",
            "Images that were not judged",
            missed.clone(),
        );
        registry.register(
            "oddspot_image_health",
            "Light, focus and colours of the last image",
            health.clone(),
        );
        registry.register(
            "oddspot_model_info",
            "The model that judges; always 1",
            models.clone(),
        );
        registry.register(
            "oddspot_output_failures",
            "Attempts to tell results that failed",
            output_failures.clone(),
        );
        registry.register(
            "oddspot_output_waiting",
            "Results that wait to be told",
            output_waiting.clone(),
        );
        registry.register(
            "oddspot_history_up",
            "Whether the history's database is there",
            history.clone(),
        );
        registry.register(
            "oddspot_kept_bytes",
            "Bytes of a station's images, as of the last look at them and what came since",
            kept.clone(),
        );
        registry.register(
            "oddspot_kept_beyond_bound",
            "Whether a station's images have more bytes than it is to keep, and nothing of it may go",
            kept_beyond.clone(),
        );
        registry.register(
            "oddspot_removed_images",
            "Images that were removed because they need not be kept",
            removed.clone(),
        );
        registry.register(
            "oddspot_repeated_images",
            "Images in a row with the very same pixels, the last one with them; 1 where it differs from the one before",
            repeats.clone(),
        );
        registry.register(
            "oddspot_silent",
            "Whether no image came to a station for as long as its limit says, of those that have one",
            silent.clone(),
        );
        metrics
    }
}

impl OfStation {
    fn new(station: &str) -> Self {
        Self {
            station: station.to_owned(),
        }
    }
}

impl OfOutput {
    fn new(station: &str, output: &str) -> Self {
        Self {
            station: station.to_owned(),
            output: output.to_owned(),
        }
    }
}

impl OfModel {
    fn new(station: &str, model: &ModelVersion) -> Self {
        Self {
            station: station.to_owned(),
            sha256: model.sha256.clone(),
            oddspot: model.oddspot.clone(),
        }
    }
}

impl Metrics {
    /// Counts an image that was judged.
    pub fn judged(&self, inspection: &Inspection) {
        let station = &inspection.station;
        let of_verdict = OfVerdict {
            station: station.clone(),
            verdict: inspection.verdict.word(),
        };
        self.inspections.get_or_create(&of_verdict).inc();
        self.seconds.observe(inspection.latency_ms / 1e3);
        let bytes = i64::try_from(inspection.kept.bytes).unwrap_or(0);
        let kept = self.kept.get_or_create(&OfStation::new(station));
        kept.inc_by(bytes);
        for measure in Measure::ALL {
            let of_signal = OfSignal {
                station: station.clone(),
                signal: measure.name(),
            };
            let value = inspection.finding.health.get(measure);
            self.health.get_or_create(&of_signal).set(f64::from(value));
        }
    }

    /// Notes how many images in a row have the same pixels, the last one with them.
    pub fn repeats(&self, station: &str, images: u32) {
        let of_station = OfStation::new(station);
        self.repeats
            .get_or_create(&of_station)
            .set(i64::from(images));
    }

    /// Notes whether nothing has come to a station for too long.
    pub fn silent(&self, station: &str, is_silent: bool) {
        let of_station = OfStation::new(station);
        self.silent
            .get_or_create(&of_station)
            .set(i64::from(is_silent));
    }

    /// Counts an image that was not, by the reason's name.
    pub fn missed(&self, reason: &'static str) {
        self.missed.get_or_create(&OfReason { reason }).inc();
    }

    /// Notes how many images wait for a station.
    pub fn waiting(&self, station: &str, images: usize) {
        let of_station = OfStation::new(station);
        let images = i64::try_from(images).unwrap_or(i64::MAX);
        self.queue.get_or_create(&of_station).set(images);
    }

    /// Counts an attempt to tell something on an output that failed.
    pub fn not_told(&self, station: &str, output: &str) {
        let of_output = OfOutput::new(station, output);
        self.output_failures.get_or_create(&of_output).inc();
    }

    /// Notes how much waits for an output.
    pub fn to_tell(&self, station: &str, output: &str, events: u64) {
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        let of_output = OfOutput::new(station, output);
        // So that it is there before the first failure.
        drop(self.output_failures.get_or_create(&of_output));
        self.output_waiting.get_or_create(&of_output).set(events);
    }

    /// How many bytes a station's images have: those of the last look, and of all that came since.
    pub fn kept_bytes(&self, station: &str) -> u64 {
        let kept = self.kept.get_or_create(&OfStation::new(station));
        u64::try_from(kept.get()).unwrap_or(0)
    }

    /// Notes how many bytes a station's images have, and whether that is more than it is to keep.
    pub fn kept(&self, station: &str, bytes: u64, is_beyond: bool) {
        let of_station = OfStation::new(station);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.kept.get_or_create(&of_station).set(bytes);
        let beyond = i64::from(is_beyond);
        self.kept_beyond.get_or_create(&of_station).set(beyond);
        // So that it is there before the first one.
        drop(self.removed.get_or_create(&of_station));
    }

    /// Counts images of a station that were removed.
    pub fn removed(&self, station: &str, images: usize) {
        let removed = self.removed.get_or_create(&OfStation::new(station));
        removed.inc_by(images as u64);
    }

    /// Tells nothing more of a station that is at work no more.
    pub fn forget(&self, station: &str) {
        for verdict in Verdict::ALL {
            self.inspections.remove(&OfVerdict {
                station: station.to_owned(),
                verdict: verdict.word(),
            });
        }
        for measure in Measure::ALL {
            self.health.remove(&OfSignal {
                station: station.to_owned(),
                signal: measure.name(),
            });
        }
        let of_station = OfStation::new(station);
        self.queue.remove(&of_station);
        self.kept.remove(&of_station);
        self.kept_beyond.remove(&of_station);
        self.removed.remove(&of_station);
        self.repeats.remove(&of_station);
        self.silent.remove(&of_station);
    }

    /// Notes that a model judges for a station no more.
    pub fn model_ends(&self, station: &str, model: &ModelVersion) {
        self.models.remove(&OfModel::new(station, model));
    }

    /// Notes whether the history is there.
    pub fn history(&self, is_there: bool) {
        self.history.set(i64::from(is_there));
    }

    /// Notes which model judges for a station, in the place of which.
    pub fn model(&self, station: &str, model: &ModelVersion, before: Option<&ModelVersion>) {
        if let Some(before) = before {
            self.model_ends(station, before);
        }
        let of_model = OfModel::new(station, model);
        self.models.get_or_create(&of_model).set(1);
    }

    /// All of it as text.
    ///
    /// # Errors
    /// None that is known.
    pub fn text(&self) -> Result<String> {
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|error| Error::internal(error.to_string()))?;
        Ok(text)
    }
}

//! The paper's experiments over many data sets: one record per training and measurement, and the
//! paper's tables of them.

mod grid;
mod tables;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use grid::{Format, Grid};
pub use tables::{Headline, Tables};

use crate::report::{Evaluation, MapKind, MapMeasures, Protocol};
use oddspot::net::teachers::TeacherIdentity;
use oddspot::settings::{Method, Settings};

/// One training and its measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of oddspot that measured.
    pub oddspot: String,
    /// Name of the data set.
    pub category: String,
    /// What it consisted of ([`Dataset::contents`](oddspot::datasets::Dataset::contents)).
    pub contents: String,
    /// What was trained with, the method and the seed among it.
    pub settings: Settings,
    /// The teacher.
    pub teacher: TeacherIdentity,
    /// Images learned from, held out for the threshold, and tested on.
    pub images: ImageCounts,
    /// Of each protocol and map.
    pub measures: BTreeMap<Protocol, BTreeMap<MapKind, Three>>,
    /// What it took.
    pub cost: Cost,
}

/// The paper's three measures, each in [0, 1]; None where the test set leaves one undefined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Three {
    /// Area under the ROC curve of the images' scores.
    pub image_auc: Option<f64>,
    /// Area under the ROC curve of all pixels' scores.
    pub pixel_auc: Option<f64>,
    /// Area under the per-region-overlap curve up to a false positive rate of 0.3, divided by it.
    pub pro: Option<f64>,
}

impl Three {
    /// In the paper's order.
    pub fn all(&self) -> [Option<f64>; 3] {
        [self.image_auc, self.pixel_auc, self.pro]
    }
}

/// How many images a run had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCounts {
    /// Learned from.
    pub train: usize,
    /// Good ones kept apart for the threshold.
    pub held_out: usize,
    /// Tested on.
    pub test: usize,
}

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds of training, without the teacher's maps, which runs share; of a training that was
    /// broken off, of its last part.
    pub train_seconds: f64,
    /// Seconds of judging and measuring the test images.
    pub evaluate_seconds: f64,
    /// Largest resident memory of the process during the run, in MiB, where the system tells.
    pub peak_mib: Option<f64>,
}

impl Record {
    /// What an evaluation found.
    pub fn new(
        (category, contents): (&str, &str),
        evaluation: &Evaluation,
        images: ImageCounts,
        cost: Cost,
    ) -> Self {
        let of_map = |(&kind, map): (&MapKind, &MapMeasures)| {
            let three = Three {
                image_auc: map.overall.image_auc,
                pixel_auc: map.overall.pixel_auc,
                pro: map.overall.au_pro,
            };
            (kind, three)
        };
        let protocols = evaluation.protocols.iter();
        Self {
            oddspot: evaluation.oddspot.to_owned(),
            category: category.to_owned(),
            contents: contents.to_owned(),
            settings: evaluation.model.settings.clone(),
            teacher: evaluation.model.teacher.clone(),
            images,
            measures: protocols
                .map(|(&protocol, measures)| (protocol, measures.maps.iter().map(of_map).collect()))
                .collect(),
            cost,
        }
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.settings.method
    }

    /// Whether it is of a run of this version on these images, with this teacher and settings
    /// that [make the same model](Settings::decisive_differences).
    pub fn is_of(&self, contents: &str, settings: &Settings, teacher: &TeacherIdentity) -> bool {
        let same_version = self.oddspot == env!("CARGO_PKG_VERSION");
        let same_images = self.contents == contents;
        let same_teacher = self.teacher.sha256 == teacher.sha256;
        let same = same_version && same_images && same_teacher;
        let asked = settings.settled_as(&self.settings);
        same && self.settings.decisive_differences(&asked).is_empty()
    }

    /// The measures of a map under a protocol.
    pub fn three(&self, protocol: Protocol, map: MapKind) -> Option<Three> {
        self.measures.get(&protocol)?.get(&map).copied()
    }
}

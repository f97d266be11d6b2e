//! Everything that was measured, as one record.

use std::collections::BTreeMap;

use oddspot::datasets::Label;
use oddspot::model::Header;
use oddspot::net::teachers::TeacherIdentity;
use oddspot::settings::Settings;
use oddspot::verdict::{Shares, TermMap, Verdict};
use serde::{Deserialize, Serialize};

use super::{Curves, Judged, JudgedImages, Protocol, ProtocolMeasures, Verdicts, label_text};

/// Everything that was measured. Serialised, it is the evaluation's report for programs.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Version of oddspot that measured.
    pub oddspot: &'static str,
    /// The model.
    pub model: ModelSummary,
    /// The test set.
    pub data: DataSummary,
    /// What the threshold made of the images.
    pub verdicts: Verdicts,
    /// The measures under both protocols.
    pub protocols: BTreeMap<Protocol, ProtocolMeasures>,
    /// One record per test image, in path order.
    pub images: Vec<TestImage>,
    /// Curves of the model's own map over all images, under the paper's protocol.
    #[serde(skip)]
    pub curves: Curves,
}

impl Evaluation {
    pub(super) fn new(
        data: DataSummary,
        model: ModelSummary,
        verdicts: Verdicts,
        judged: &JudgedImages,
        (protocols, curves): (BTreeMap<Protocol, ProtocolMeasures>, Curves),
    ) -> Self {
        Self {
            oddspot: env!("CARGO_PKG_VERSION"),
            model,
            data,
            verdicts,
            protocols,
            images: judged.images().cloned().collect(),
            curves,
        }
    }
}

/// Which model was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    /// Version of oddspot that trained it.
    pub oddspot: String,
    /// Its teacher.
    pub teacher: TeacherIdentity,
    /// Iterations trained.
    pub iterations: usize,
    /// Its settings.
    pub settings: Settings,
}

impl ModelSummary {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            oddspot: header.oddspot.clone(),
            teacher: header.teacher.clone(),
            iterations: header.iterations,
            settings: header.settings.clone(),
        }
    }
}

/// What it was measured on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataSummary {
    /// Name of the data set's folder.
    pub name: String,
    /// Good test images.
    pub good: usize,
    /// Test images of each defect.
    pub defects: BTreeMap<String, usize>,
    /// Test images with a ground-truth mask.
    pub masks: usize,
    /// What must be known beside: how masks were read, what has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl DataSummary {
    pub(super) fn of(name: String, judged: &JudgedImages, notes: Vec<String>) -> Self {
        let mut defects = BTreeMap::new();
        for image in judged.images() {
            if let Label::Defect(defect) = &image.label {
                *defects.entry(defect.clone()).or_default() += 1;
            }
        }
        let good = |image: &&TestImage| image.label == Label::Good;
        Self {
            name,
            good: judged.images().filter(good).count(),
            defects,
            masks: (0..judged.count())
                .filter(|&at| judged.has_mask(at))
                .count(),
            notes,
        }
    }
}

/// What was found in one test image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestImage {
    /// Path below the data set's folder, with `/`.
    pub name: String,
    /// "good", or the defect's name.
    #[serde(with = "label_text")]
    pub label: Label,
    /// The image's score: the maximum of the model's map.
    pub score: f32,
    /// The verdict: whether the score lies above the threshold.
    pub verdict: Verdict,
    /// What its peak and what stands out with it are owed to.
    pub shares: Shares,
    /// The maximum of each term's map, in the order of fusing.
    pub terms: Vec<TermPeak>,
}

/// How high a term's map of an image reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TermPeak {
    /// The term's name.
    pub term: String,
    /// The map's maximum, in the units of the score.
    pub peak: f32,
}

impl TestImage {
    pub(super) fn of(image: &Judged) -> Self {
        let peak = |term: &TermMap| TermPeak {
            term: term.kind.name.to_owned(),
            peak: term.map.peak().0,
        };
        Self {
            name: image.name.clone(),
            label: image.label.clone(),
            score: image.score,
            verdict: image.verdict,
            shares: image.shares,
            terms: image.terms.iter().map(peak).collect(),
        }
    }

    /// The maximum of a term's map, by the term's name; None where the model lacks the term.
    pub fn peak(&self, term: &str) -> Option<f32> {
        let peak = self.terms.iter().find(|peak| peak.term == term)?;
        Some(peak.peak)
    }

    /// Whether the score has several terms, which its shares tell apart.
    pub fn has_parts(&self) -> bool {
        self.terms.len() > 1
    }
}

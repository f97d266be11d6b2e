//! What the image threshold makes of the test images: false alarms and misses.

use std::collections::BTreeMap;

use oddspot::datasets::Label;
use serde::Serialize;

use super::Judged;

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Those counted.
    pub count: usize,
    /// All of them.
    pub of: usize,
}

impl Count {
    /// As a share in [0, 1]; None of none.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }
}

/// The verdicts at the image threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdicts {
    /// An image is called anomalous when its score lies above this.
    pub threshold: f64,
    /// The model's own threshold, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_threshold: Option<f64>,
    /// Images judged rightly; as a share: the accuracy.
    pub right: Count,
    /// Good images called anomalous.
    pub false_alarms: Count,
    /// Anomalous images called good, per defect.
    pub misses: BTreeMap<String, Count>,
}

impl Verdicts {
    pub(super) fn of(threshold: f64, replaced: Option<f64>, judged: &[Judged]) -> Self {
        let mut verdicts = Self {
            threshold,
            replaced_threshold: replaced,
            right: Count::default(),
            false_alarms: Count::default(),
            misses: BTreeMap::new(),
        };
        for image in judged {
            let anomalous = image.verdict.is_anomalous();
            let (wrong, kind) = match &image.label {
                Label::Good => (anomalous, &mut verdicts.false_alarms),
                Label::Defect(defect) => {
                    let misses = verdicts.misses.entry(defect.clone()).or_default();
                    (!anomalous, misses)
                }
            };
            kind.count += usize::from(wrong);
            kind.of += 1;
            verdicts.right.count += usize::from(!wrong);
            verdicts.right.of += 1;
        }
        verdicts
    }
}

//! What the image thresholds make of the test images: false alarms, misses, and what is to be checked.

use std::collections::BTreeMap;

use oddspot::datasets::Label;
use oddspot::verdict::{Thresholds, Verdict};
use serde::Serialize;

use super::JudgedImages;

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
    /// An image that is not anomalous is to be checked when its score lies above this.
    pub check_threshold: f64,
    /// Images judged rightly, anomalous or not; as a share: the accuracy.
    pub right: Count,
    /// Good images called anomalous.
    pub false_alarms: Count,
    /// Anomalous images called neither anomalous nor untrusted, per defect.
    pub misses: BTreeMap<String, Count>,
    /// Good images to be checked.
    pub good_to_check: Count,
    /// Of the anomalous images that are missed, those to be checked.
    pub misses_to_check: Count,
    /// Good images of another light, focus or colour than the model's good ones.
    pub good_untrusted: Count,
    /// Anomalous images of the same.
    pub defects_untrusted: Count,
}

impl Verdicts {
    /// By a model's thresholds.
    pub fn of(thresholds: &Thresholds, judged: &JudgedImages) -> Self {
        let images = judged.images().map(|image| (&image.label, image.verdict));
        Self::of_images(thresholds, images)
    }

    /// The same of what was said of some images.
    pub fn of_images<'a>(
        thresholds: &Thresholds,
        images: impl Iterator<Item = (&'a Label, Verdict)>,
    ) -> Self {
        let mut verdicts = Self {
            threshold: thresholds.image,
            check_threshold: thresholds.check,
            replaced_threshold: thresholds.replaced,
            right: Count::default(),
            false_alarms: Count::default(),
            misses: BTreeMap::new(),
            good_to_check: Count::default(),
            misses_to_check: Count::default(),
            good_untrusted: Count::default(),
            defects_untrusted: Count::default(),
        };
        for (label, verdict) in images {
            // An untrusted image does not pass for a good one.
            let kept_back = matches!(verdict, Verdict::Anomalous | Verdict::Untrusted);
            let untrusted = usize::from(verdict == Verdict::Untrusted);
            let to_check = usize::from(verdict == Verdict::Check);
            match label {
                Label::Good => {
                    verdicts.good_to_check.count += to_check;
                    verdicts.good_to_check.of += 1;
                    verdicts.good_untrusted.count += untrusted;
                    verdicts.good_untrusted.of += 1;
                }
                Label::Defect(_) => {
                    verdicts.misses_to_check.count += to_check;
                    verdicts.misses_to_check.of += usize::from(!kept_back);
                    verdicts.defects_untrusted.count += untrusted;
                    verdicts.defects_untrusted.of += 1;
                }
            }
            let (wrong, kind) = match label {
                Label::Good => (verdict.is_anomalous(), &mut verdicts.false_alarms),
                Label::Defect(defect) => {
                    let misses = verdicts.misses.entry(defect.clone()).or_default();
                    (!kept_back, misses)
                }
            };
            kind.count += usize::from(wrong);
            kind.of += 1;
            verdicts.right.count += usize::from(!wrong);
            verdicts.right.of += 1;
        }
        verdicts
    }

    /// Images of another light, focus or colour than the model's good ones.
    pub fn untrusted(&self) -> Count {
        Count {
            count: self.good_untrusted.count + self.defects_untrusted.count,
            of: self.good_untrusted.of + self.defects_untrusted.of,
        }
    }

    /// Anomalous images not called anomalous, of whatever defect.
    pub fn missed(&self) -> Count {
        let add = |sum: Count, one: &Count| Count {
            count: sum.count + one.count,
            of: sum.of + one.of,
        };
        self.misses.values().fold(Count::default(), add)
    }
}

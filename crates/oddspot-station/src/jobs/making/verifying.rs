//! A model verified: whether it judges on this machine as when it was made, and labelled parts as when they came.

use std::collections::HashMap;

use oddspot::Detector;
use oddspot::judge::Example;
use oddspot::verdict::Verdict;

use super::super::beside::beside;
use super::super::outcome::{Outcome, Verified, VerifiedParts};
use super::super::wanted::with_labelled;
use super::anew::Counts;
use super::{Making, broken_off};
use crate::error::{Error, Result};
use crate::history::{ByModel, Job, LabelledImage, Stage, Truth};
use crate::prices::Share;
use crate::versions::Proof;

/// Labelled parts.
struct Parts {
    /// Each content once.
    images: Vec<LabelledImage>,
    /// What they were by the model, by the SHA-256 of their files.
    known: HashMap<String, ByModel>,
}

/// How good and bad parts are judged.
#[derive(Default)]
struct Judged {
    good: usize,
    stopped: usize,
    bad: usize,
    missed: usize,
}

impl Making<'_> {
    /// Verifies the model that a job is about, and labelled parts too if it is to.
    ///
    /// # Errors
    /// A model that cannot be used, or that does not judge as it did; [`Kind::Ending`](crate::error::Kind::Ending) if it
    /// is to end.
    pub(super) fn verify(&self, job: &Job) -> Result<String> {
        let [model] = &job.models[..] else {
            return Err(Error::internal("a job that verifies is about one model"));
        };
        let parts = match with_labelled(&job.settings) {
            true => Some(self.parts(job, model)?),
            false => None,
        };
        beside(|| {
            let detector = self.detector(model)?;
            let threshold = detector.thresholds().image;
            let total = detector.header().examples.len();
            let scores = Stage::Scores { done: 0, total };
            if self.running.is_at(0.0, scores).is_break() {
                return Err(broken_off());
            }
            let own = Proof::of_own(&detector)?;
            own.check("refused-verified-otherwise", model, threshold)?;
            let parts = (parts.as_ref()).map(|parts| self.verify_parts(parts, model, &detector));
            let verified = Verified {
                model: model.clone(),
                own: own.all,
                parts: parts.transpose()?,
            };
            let told = verified.to_string();
            self.came_to(&Outcome::Verified(verified))?;
            Ok(told)
        })
    }

    /// The labelled parts of a station whose images are kept, and what they were by a model.
    fn parts(&self, job: &Job, model: &str) -> Result<Parts> {
        let images = self.history.labelled_images(&job.station);
        let images = self.runtime.block_on(images)?;
        let known = self.history.by_model(&job.station, model);
        let known = self.runtime.block_on(known)?;
        Ok(Parts { images, known })
    }

    /// Judges labelled parts once more: those that the model judged before must have the score that they had.
    fn verify_parts(
        &self,
        parts: &Parts,
        model: &str,
        detector: &Detector,
    ) -> Result<VerifiedParts> {
        let Parts { images, known } = parts;
        let threshold = detector.thresholds().image;
        let (mut proof, mut judged, mut counts) =
            (Proof::default(), Judged::default(), Counts::default());
        let total = images.len();
        for (done, image) in images.iter().enumerate() {
            let share = done as f64 / total.max(1) as f64;
            let stage = Stage::Judges { done, total };
            if self.running.is_at(share, stage).is_break() {
                return Err(broken_off());
            }
            match self.judged(detector, image) {
                Ok(now) => {
                    if let Some(before) = known.get(&image.kept.sha256) {
                        let example = Example {
                            recorded: before.score as f32,
                            now: now.score as f32,
                        };
                        proof.take(&example, threshold);
                    }
                    judged.take(image.truth, now.verdict);
                }
                Err(error) => counts.fail(image, &error),
            }
        }
        proof.check("refused-parts-otherwise", model, threshold)?;
        Ok(VerifiedParts {
            same: proof.all,
            false_alarms: Share::of(judged.stopped, judged.good),
            misses: Share::of(judged.missed, judged.bad),
            failed: counts.failed,
            why: counts.why,
        })
    }
}

impl Judged {
    fn take(&mut self, truth: Truth, verdict: Verdict) {
        let is_stopped = matches!(verdict, Verdict::Anomalous | Verdict::Untrusted);
        match truth {
            Truth::Good => {
                self.good += 1;
                self.stopped += usize::from(is_stopped);
            }
            Truth::Bad => {
                self.bad += 1;
                self.missed += usize::from(!is_stopped);
            }
        }
    }
}

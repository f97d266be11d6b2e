//! Whether a model on this machine judges as it did when it was made.

use image::RgbImage;

use super::detector::Detector;
use super::judging::{Judging, Memory, TeacherSource};
use crate::error::Result;
use crate::net::engine::Forward;
use crate::verdict::TermStatistics;

/// How far a score may lie from that of the training, as a share of the range up to the threshold.
const TOLERANCE: f64 = 1e-3;

/// A good image that lies in the model, and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Example {
    /// When the model was made.
    pub recorded: f32,
    /// Now, by this program on this machine.
    pub now: f32,
}

impl Example {
    /// Whether both are the same, but for rounding: to a thousandth of the threshold, or of the score where that
    /// is larger.
    pub fn agrees(&self, threshold: f64) -> bool {
        let range = threshold.abs().max(f64::from(self.recorded).abs());
        f64::from((self.now - self.recorded).abs()) <= TOLERANCE * range
    }
}

/// The score of a picture of the model's size, all of it evidence.
///
/// # Errors
/// A picture of another size.
pub(crate) fn score_as_seen(
    (judging, teacher): (&Judging, &dyn Forward),
    terms: &[TermStatistics],
    picture: &RgbImage,
    memory: &mut Memory,
) -> Result<f32> {
    let errors = judging.errors(picture, TeacherSource::Run(teacher), memory)?;
    let maps = judging.fuse(&judging.at_pixels(&errors), terms, None);
    Ok(maps.score())
}

impl Detector {
    /// What is said now of the good images that lie in the model, beside what was said when it was made.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn examples(&self) -> Result<Vec<Example>> {
        let recorded = self.header.examples.iter();
        let pictures = self.examples.iter().zip(recorded);
        self.pool.install(|| {
            self.with_memory(|memory| {
                let judge = (&*self.judging, &*self.teacher);
                pictures
                    .map(|(picture, &recorded)| {
                        let terms = &self.header.terms;
                        let now = score_as_seen(judge, terms, picture, memory)?;
                        Ok(Example { recorded, now })
                    })
                    .collect()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousandth_of_the_threshold_is_rounding() {
        let example = |now: f32| Example { recorded: 2.0, now };
        assert!(example(2.003).agrees(4.0));
        assert!(!example(2.005).agrees(4.0));
        assert!(!example(f32::NAN).agrees(4.0));
    }
}

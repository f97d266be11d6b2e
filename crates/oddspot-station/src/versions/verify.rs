//! A model is to judge here as when it was made.

use oddspot::Detector;
use oddspot::judge::Example;

use crate::error::{Error, Kind, Result};
use crate::judging::Model;
use crate::words::Sentence;

/// How scores are now, beside what they were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Proof {
    /// How many were held against each other.
    pub all: usize,
    /// How many of them are others now.
    pub apart: usize,
    /// By how much at most.
    pub most: f32,
}

impl Proof {
    /// Of the good images that lie in a model.
    ///
    /// # Errors
    /// One that cannot be judged.
    pub fn of_own(detector: &Detector) -> Result<Self> {
        let mut proof = Self::default();
        let threshold = detector.thresholds().image;
        for example in detector.examples()? {
            proof.take(&example, threshold);
        }
        Ok(proof)
    }

    /// Takes in one more.
    pub fn take(&mut self, example: &Example, threshold: f64) {
        self.all += 1;
        if !example.agrees(threshold) {
            self.apart += 1;
            self.most = self.most.max((example.now - example.recorded).abs());
        }
    }

    /// Refuses it where one is apart: by a sentence of this key, of a model and its threshold.
    ///
    /// # Errors
    /// How many are, and by how much.
    pub fn check(&self, key: &'static str, model: &str, threshold: f64) -> Result<()> {
        if self.apart == 0 {
            return Ok(());
        }
        let sentence = Sentence::new(key)
            .with("model", format!("{model:.12}"))
            .with("apart", self.apart)
            .with("own", self.all)
            .with("most", format!("{:.2}", self.most))
            .with("threshold", format!("{threshold:.2}"));
        Err(Error::of(Kind::Mismatch, sentence))
    }
}

/// Refuses to activate a model that does not score the good images that lie in it as when it was made.
///
/// # Errors
/// How many it scores otherwise.
pub fn verify(model: &Model) -> Result<()> {
    let threshold = model.detector.thresholds().image;
    let proof = Proof::of_own(&model.detector)?;
    proof.check("refused-judges-otherwise", &model.version.sha256, threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_apart_is_counted_and_told() {
        let mut proof = Proof::default();
        for now in [2.0, 2.001, 2.5, f32::NAN] {
            let example = Example { recorded: 2.0, now };
            proof.take(&example, 4.0);
        }
        assert_eq!((proof.all, proof.apart, proof.most), (4, 2, 0.5));
        let refused = proof.check("refused-verified-otherwise", &"0".repeat(64), 4.0);
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("2 of its 4 own images"), "{said}");
        Proof::default()
            .check("refused-verified-otherwise", "", 4.0)
            .unwrap();
    }
}

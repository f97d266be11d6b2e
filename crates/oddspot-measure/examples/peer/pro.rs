//! AU-PRO of the score maps and masks that were given.

use std::path::Path;

use oddspot::Subject;
use oddspot::files::{NamedTensor, NamedTensors, TensorFile};
use oddspot_measure::metrics::{ScoredMap, pro};

use crate::tensors::GIVEN;
use crate::{Result, Work};

/// False positive rate up to which the curve is integrated.
const LIMIT: f64 = 0.3;

/// The work.
pub struct Measure {
    /// `[maps, height, width]`.
    scores: NamedTensor,
    masks: Vec<bool>,
    au_pro: f64,
}

impl Measure {
    pub fn new(folder: &Path) -> Result<Self> {
        let mut file = TensorFile::open(&folder.join(GIVEN), Subject::Measure("AU-PRO"))?;
        let scores = file.read("scores")?;
        let masks = file.read("masks")?;
        let masks = masks.values.iter().map(|&v| v > 0.5).collect();
        Ok(Self {
            scores,
            masks,
            au_pro: f64::NAN,
        })
    }
}

impl Work for Measure {
    fn run(&mut self) -> Result<()> {
        let [_, height, width] = self.scores.shape[..] else {
            return Err("the scores are not [maps, height, width]".into());
        };
        let scores = self.scores.values.chunks_exact(height * width);
        let masks = self.masks.chunks_exact(height * width);
        let maps: Vec<ScoredMap> = scores
            .zip(masks)
            .map(|(scores, anomalous)| ScoredMap {
                height,
                width,
                scores,
                anomalous: Some(anomalous),
            })
            .collect();
        self.au_pro = pro(&maps, LIMIT)?.au_pro;
        Ok(())
    }

    fn outcome(&self) -> NamedTensors {
        let au_pro = NamedTensor {
            shape: vec![1],
            values: vec![self.au_pro as f32],
        };
        NamedTensors::from([("au_pro".to_owned(), au_pro)])
    }
}

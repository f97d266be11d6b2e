//! A model is to judge here as when it was made.

use crate::error::{Error, Kind, Result};
use crate::judging::Model;
use crate::words::Sentence;

/// Refuses a model that does not score the good images that lie in it as when it was made.
///
/// # Errors
/// How many it scores otherwise.
pub fn verify(model: &Model) -> Result<()> {
    let threshold = model.detector.thresholds().image;
    let examples = model.detector.examples()?;
    let apart: Vec<f32> = (examples.iter())
        .filter(|one| !one.agrees(threshold))
        .map(|one| (one.now - one.recorded).abs())
        .collect();
    if apart.is_empty() {
        return Ok(());
    }
    let most = apart.iter().copied().fold(0.0, f32::max);
    let sentence = Sentence::new("refused-judges-otherwise")
        .with("model", format!("{:.12}", model.version.sha256))
        .with("apart", apart.len())
        .with("own", examples.len())
        .with("most", format!("{most:.2}"))
        .with("threshold", format!("{threshold:.2}"));
    Err(Error::of(Kind::Mismatch, sentence))
}

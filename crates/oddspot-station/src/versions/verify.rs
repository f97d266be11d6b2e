//! A model is to judge here as when it was made.

use crate::error::{Error, Kind, Result};
use crate::judging::Model;

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
    let reason = format!(
        "model {:.12} does not judge here as when it was made: {} of its {} own images score otherwise, by {most:.2} of a \
         threshold of {threshold:.2}. It was not activated",
        model.version.sha256,
        apart.len(),
        examples.len(),
    );
    Err(Error::new(Kind::Mismatch, reason))
}

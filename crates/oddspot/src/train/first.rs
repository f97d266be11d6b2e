//! The first model of a training, where it lies until the training is done.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::files::replaced::replace;
use crate::model::Model;

/// Whether a file is the first model of a training that goes on, or was broken off ([`Header::is_first`]).
///
/// [`Header::is_first`]: crate::model::Header::is_first
pub fn is_first(output: &Path) -> bool {
    output.is_file() && Model::load(output).is_ok_and(|model| model.header.is_first)
}

/// Keeps the first model of a training at its output, unless something lies there already; whether it was kept.
///
/// # Errors
/// A file that cannot be written. The training may go on without it.
pub fn keep_first(model: &Model, output: &Path) -> Result<bool> {
    if output.exists() {
        return Ok(false);
    }
    model.save(output)?;
    Ok(true)
}

/// Writes the model of a training that is done. A model that lay there is kept beside it, by the name that is given back,
/// but none that was the first of a training.
///
/// # Errors
/// A file that cannot be read or written.
pub fn keep_last(model: &Model, output: &Path) -> Result<Option<PathBuf>> {
    match is_first(output) {
        true => model.save(output).map(|()| None),
        false => replace(output, || model.save(output)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::replaced::beside;
    use crate::settings::Settings;
    use crate::train::{GoodImages, Training};

    /// A model of a few made-up pictures.
    fn model(is_first: bool) -> Model {
        let mut settings = Settings::instant();
        settings.set("image_size", "104").unwrap();
        let plate = |at: u32| {
            ::image::RgbImage::from_fn(40, 40, |x, y| {
                ::image::Rgb([(x * 5) as u8, (y * 5 + at) as u8, 90])
            })
        };
        let good: GoodImages = (0..6).map(plate).collect();
        let mut model = Training::new(settings, good).run().unwrap();
        model.header.is_first = is_first;
        model
    }

    #[test]
    fn a_first_model_is_kept_where_nothing_lies_and_replaced_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("part.oddspot");
        let (first, last) = (model(true), model(false));
        assert!(!is_first(&output));
        assert!(keep_first(&first, &output).unwrap() && is_first(&output));
        assert_eq!(keep_last(&last, &output).unwrap(), None);
        assert!(!is_first(&output) && !beside(&output, "bak").exists());
        // A finished model stays until there is another, and then beside it.
        assert!(!keep_first(&first, &output).unwrap() && !is_first(&output));
        let mut other = last;
        other.header.oddspot += " or later";
        let kept = keep_last(&other, &output).unwrap();
        assert_eq!(kept, Some(beside(&output, "bak")));
    }
}

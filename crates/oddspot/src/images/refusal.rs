//! Why an image file cannot be used, and what would work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::image::ImageError;
use ::tiff::TiffError;

use crate::error::{Error, ErrorKind, Result};

/// A file that was whole once.
pub(super) fn damaged(name: &Path, detail: impl std::fmt::Display) -> Error {
    // Some decoders break their lines.
    let detail = detail.to_string();
    let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::image(
        name,
        format!("it is damaged or incomplete ({detail}): copy or save it again, or take it away"),
    )
    .of_kind(ErrorKind::Damaged)
}

/// A file of a kind that is not read.
pub(super) fn unsupported(name: &Path, detail: impl std::fmt::Display) -> Error {
    Error::image(
        name,
        format!("{detail}: convert it to an 8- or 16-bit grey or RGB PNG"),
    )
}

/// What a decoder has to say against a file.
pub(super) fn unreadable(name: &Path) -> impl Fn(ImageError) -> Error {
    move |error| match error {
        ImageError::Unsupported(detail) => unsupported(name, detail),
        ImageError::Limits(detail) => too_much(name, detail),
        error => damaged(name, error),
    }
}

/// What the decoder of TIFF has to say against a file.
pub(super) fn refused(name: &Path) -> impl Fn(TiffError) -> Error {
    move |error| match error {
        TiffError::UnsupportedError(detail) => unsupported(name, detail),
        TiffError::LimitsExceeded => too_much(name, "its strips, tiles or tags"),
        error => damaged(name, error),
    }
}

/// A file whose decoding takes more memory than its pixels should.
pub(super) fn too_much(name: &Path, detail: impl std::fmt::Display) -> Error {
    let reason =
        format!("decoding it would take more memory than is let to it ({detail}): scale it down");
    Error::image(name, reason).of_kind(ErrorKind::TooLarge)
}

/// Decoders are other people's code fed with hostile bytes: a panic in one is a damaged file.
pub(super) fn contain_panics<T>(name: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged(name, "its decoder failed on it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_while_decoding_is_a_damaged_file() {
        let error = contain_panics::<()>(Path::new("evil.png"), || panic!("in a decoder"));
        assert!(error.unwrap_err().to_string().contains("evil.png"));
    }
}

//! Why an image file cannot be used, and what would work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::image::ImageError;
use ::tiff::tags::PhotometricInterpretation;
use ::tiff::{TiffError, TiffFormatError, TiffUnsupportedError};

use super::tiff_colours::words;
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
        TiffError::UnsupportedError(detail) => unsupported(name, strange(&detail)),
        // Other readers work out what is missing, so that converting it may help.
        TiffError::FormatError(TiffFormatError::StripTileTagConflict) => unsupported(
            name,
            "it is damaged, or lacks the tag that says where its strips or tiles lie (StripOffsets, TileOffsets) or how long they are \
             (StripByteCounts, TileByteCounts)",
        ),
        TiffError::FormatError(TiffFormatError::RequiredTagNotFound(tag)) => {
            unsupported(name, format!("it lacks the tag {tag:?}"))
        }
        TiffError::LimitsExceeded => too_much(name, "its strips, tiles or tags"),
        error => damaged(name, error),
    }
}

/// What a TIFF has that is not read, in words.
fn strange(detail: &TiffUnsupportedError) -> String {
    let bits_of = |bits: &[u8]| {
        let bits: Vec<String> = bits.iter().map(u8::to_string).collect();
        bits.join(", ")
    };
    match detail {
        TiffUnsupportedError::UnsupportedCompressionMethod(method) => {
            format!(
                "its pixels are compressed by {}",
                compression(method.to_u16())
            )
        }
        TiffUnsupportedError::UnknownCompressionMethod => {
            "its pixels are compressed by an unknown method".to_owned()
        }
        TiffUnsupportedError::InterpretationWithBits(what, bits) => {
            format!(
                "its pixels are {} ({} bits)",
                interpretation(*what),
                bits_of(bits)
            )
        }
        TiffUnsupportedError::UnsupportedInterpretation(what) => {
            format!("its pixels are {}", interpretation(*what))
        }
        TiffUnsupportedError::UnsupportedColorType(colour) => {
            format!("its pixels are {}", words(*colour))
        }
        TiffUnsupportedError::HorizontalPredictor(colour)
        | TiffUnsupportedError::FloatingPointPredictor(colour) => {
            format!("its pixels are differences of {}", words(*colour))
        }
        TiffUnsupportedError::InconsistentBitsPerSample(bits) => {
            format!(
                "its samples have different numbers of bits ({})",
                bits_of(bits)
            )
        }
        TiffUnsupportedError::UnsupportedSampleFormat(_) => {
            "its samples are numbers of an unknown kind".to_owned()
        }
        TiffUnsupportedError::UnsupportedPlanarConfig(_) => {
            "its planes lie in an unknown order".to_owned()
        }
        other => other.to_string(),
    }
}

/// What a method of compression is called.
fn compression(method: u16) -> String {
    let name = match method {
        2 => "the Huffman code of faxes",
        3 | 4 => "the code of faxes",
        6 => "the old kind of JPEG",
        33_003 | 33_005 | 34_712 => "JPEG 2000",
        34_661 => "JBIG",
        34_676 | 34_677 => "LogLuv",
        34_887 => "LERC",
        34_925 => "LZMA",
        50_000 => "Zstandard",
        50_001 => "WebP",
        50_002 | 52_546 => "JPEG XL",
        other => return format!("method {other}"),
    };
    name.to_owned()
}

/// What samples mean.
fn interpretation(what: PhotometricInterpretation) -> String {
    match what {
        PhotometricInterpretation::RGBPalette => "numbers of a palette".to_owned(),
        PhotometricInterpretation::TransparencyMask => "a mask of another picture".to_owned(),
        PhotometricInterpretation::WhiteIsZero | PhotometricInterpretation::BlackIsZero => {
            "grey".to_owned()
        }
        PhotometricInterpretation::RGB => "red, green and blue".to_owned(),
        PhotometricInterpretation::CMYK => "four inks (CMYK)".to_owned(),
        PhotometricInterpretation::YCbCr => "brightness and colour differences (YCbCr)".to_owned(),
        PhotometricInterpretation::CIELab
        | PhotometricInterpretation::IccLab
        | PhotometricInterpretation::ItuLab => "colours of CIE Lab".to_owned(),
        other => format!("of an unknown kind ({})", other.to_u16()),
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
    use ::tiff::tags::{CompressionMethod, Tag};

    use super::*;

    #[test]
    fn what_a_tiff_has_that_is_not_read_is_told_in_words() {
        let told = |error: TiffError| refused(Path::new("a.tif"))(error).to_string();
        let strange = |detail| told(TiffError::UnsupportedError(detail));
        for (method, words) in [(34_925, "compressed by LZMA"), (60_000, "by method 60000")] {
            let method = CompressionMethod::from_u16_exhaustive(method);
            let text = strange(TiffUnsupportedError::UnsupportedCompressionMethod(method));
            assert!(text.contains(words), "{text}");
        }
        let palette = PhotometricInterpretation::RGBPalette;
        let text = strange(TiffUnsupportedError::InterpretationWithBits(
            palette,
            vec![8],
        ));
        assert!(
            text.contains("its pixels are numbers of a palette (8 bits)"),
            "{text}"
        );
        let bits = TiffUnsupportedError::InconsistentBitsPerSample(vec![5, 6, 5]);
        assert!(strange(bits).contains("numbers of bits (5, 6, 5)"));
        for (error, words) in [
            (TiffFormatError::StripTileTagConflict, "StripByteCounts"),
            (
                TiffFormatError::RequiredTagNotFound(Tag::ImageWidth),
                "lacks the tag ImageWidth",
            ),
        ] {
            let text = told(TiffError::FormatError(error));
            assert!(
                text.contains(words) && text.contains("convert it"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_panic_while_decoding_is_a_damaged_file() {
        let error = contain_panics::<()>(Path::new("evil.png"), || panic!("in a decoder"));
        assert!(error.unwrap_err().to_string().contains("evil.png"));
    }
}

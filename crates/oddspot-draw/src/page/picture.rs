//! Pictures inside a page, as `data:` URIs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use oddspot::Result;

use super::fault;

/// At this quality neither the contour nor the colour map shows blocks.
const QUALITY: u8 = 88;

/// A picture as JPEG, in the page itself.
pub(super) fn jpeg(picture: &RgbImage) -> Result<String> {
    let bytes = jpeg_bytes(picture)?;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes)))
}

/// The bytes of a picture as JPEG.
///
/// # Errors
/// A picture that cannot be encoded, which no input is known to cause.
pub fn jpeg_bytes(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(
            picture.as_raw(),
            picture.width(),
            picture.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(fault)?;
    Ok(bytes)
}

/// An SVG document, which as an image can neither run scripts nor clash with the page's names.
pub(super) fn svg(document: &str) -> String {
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(document))
}

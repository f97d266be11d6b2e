//! What kind of image a file is, by its first bytes.

use std::path::Path;

use crate::error::{Error, Result};

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Bmp,
    Tiff,
    WebP,
}

/// How files begin, and what they are.
const BEGINNINGS: &[(&[u8], Format)] = &[
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"\xff\xd8", Format::Jpeg),
    (b"BM", Format::Bmp),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    // BigTIFF.
    (b"II+\0", Format::Tiff),
    (b"MM\0+", Format::Tiff),
];

/// Where others have what bytes, and their names: to say what a file is that is not read.
const OTHERS: &[(usize, &[u8], &str)] = &[
    (0, b"GIF8", "a GIF"),
    (4, b"jP  \r\n\x87\n", "a JPEG 2000 image"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (4, b"JXL \r\n\x87\n", "a JPEG XL image"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyp", "a HEIF image or a film"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR image"),
    (0, b"#?RADIANCE", "a Radiance HDR image"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"%PDF", "a PDF"),
    (0, b"\0\0\x01\0", "an icon"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"SIMPLE  =", "a FITS image"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (128, b"DICM", "a DICOM image"),
    (0, b"IIU\0", "a raw photograph"),
    (0, b"PK\x03\x04", "a zip archive"),
    (8, b"AVI ", "a film"),
    (0, b"P1", "a PNM image"),
    (0, b"P2", "a PNM image"),
    (0, b"P3", "a PNM image"),
    (0, b"P4", "a PNM image"),
    (0, b"P5", "a PNM image"),
    (0, b"P6", "a PNM image"),
    (0, b"<svg", "an SVG drawing"),
];

/// How the files begin that Git LFS leaves where it was not asked for the content.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// How web pages begin, behind spaces and in letters of any size.
const WEB_PAGES: [&[u8]; 3] = [b"<!doctype html", b"<html", b"<head"];

/// Whether it is what a server sends in place of an image: a page for who is to log in, or that tells of an error.
fn is_web_page(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    let begins = |start: &&[u8]| {
        let found = text.get(..start.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    WEB_PAGES.iter().any(begins)
}

/// The format that the first bytes of a file say, one that is read.
pub(super) fn format_of(bytes: &[u8], name: &Path) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::image(name, "the file is empty: copy it again"));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    if let Some((_, format)) = BEGINNINGS
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
    {
        return Ok(*format);
    }
    let is_it = |&&(at, mark, _): &&(usize, &[u8], &str)| {
        bytes.get(at..).is_some_and(|rest| rest.starts_with(mark))
    };
    let reason = match OTHERS.iter().find(is_it) {
        _ if bytes.starts_with(POINTER) => {
            "it is a pointer of Git LFS, and not the image itself: fetch that with git lfs pull"
                .to_owned()
        }
        _ if is_web_page(bytes) => {
            "it is a web page (HTML) and no image: download the image itself".to_owned()
        }
        Some((_, _, what)) => format!("it is {what}, which is not supported: convert it to PNG"),
        None => {
            "its content is not a PNG, JPEG, BMP, TIFF or WebP image: convert it to PNG".to_owned()
        }
    };
    Err(Error::image(name, reason))
}

/// Whether a file may have 16 bits a sample, by its first bytes.
pub(super) fn may_have_16_bits(bytes: &[u8]) -> bool {
    match format_of(bytes, Path::new("")) {
        // The depth lies behind the signature, the header's own length and name, and both sides.
        Ok(Format::Png) => bytes.get(24) == Some(&16),
        Ok(format) => format == Format::Tiff,
        Err(_) => false,
    }
}

/// Whether a file is saved with losses, by its first bytes; None where these do not tell.
pub(super) fn saved_with_losses(bytes: &[u8]) -> Option<bool> {
    match format_of(bytes, Path::new("")).ok()? {
        Format::Jpeg => Some(true),
        Format::Png | Format::Bmp => Some(false),
        Format::WebP => match bytes.get(12..16) {
            Some(b"VP8 ") => Some(true),
            Some(b"VP8L") => Some(false),
            _ => None,
        },
        // Its pages may be compressed by any method.
        Format::Tiff => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_where_the_first_bytes_tell_them() {
        let webp = |chunk: &[u8]| saved_with_losses(&[b"RIFF\0\0\0\0WEBP", chunk].concat());
        assert_eq!(saved_with_losses(b"\xff\xd8\xff\xe0"), Some(true));
        assert_eq!(saved_with_losses(b"\x89PNG\r\n\x1a\n"), Some(false));
        assert_eq!(webp(b"VP8 "), Some(true));
        assert_eq!(webp(b"VP8L"), Some(false));
        assert_eq!(webp(b"VP8X"), None);
        assert_eq!(saved_with_losses(b"II*\0"), None);
    }

    #[test]
    fn other_files_are_named_for_what_they_are() {
        let told = |bytes: &[u8]| {
            let error = format_of(bytes, Path::new("a.png")).unwrap_err();
            error.to_string()
        };
        assert!(told(b"GIF89a").contains("it is a GIF, which"));
        assert!(told(b"\0\0\0\x0cjP  \r\n\x87\n").contains("JPEG 2000"));
        assert!(told(b"\0\0\0\x20ftypheic").contains("HEIF"));
        assert!(told(b"words and words").contains("its content is not a PNG"));
        for page in [
            &b"<!DOCTYPE html><title>Log in</title>"[..],
            b"\xef\xbb\xbf\n<HTML>",
        ] {
            assert!(told(page).contains("it is a web page (HTML)"));
        }
        let pointer = told(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n");
        assert!(pointer.contains("git lfs pull"), "{pointer}");
        assert!(told(b"").contains("empty"));
        assert_eq!(format_of(b"MM\0+\0", Path::new("")).unwrap(), Format::Tiff);
    }
}

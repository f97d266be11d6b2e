//! Headers and pixels, whole and damaged.

use std::io::Cursor;

use ::image::{DynamicImage, ImageFormat, RgbImage};

use super::*;

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A textured picture, [12, 20] pixels.
fn picture() -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(20, 12, |x, y| {
        ::image::Rgb([(x * 12) as u8, (y * 20) as u8, (x * y % 7 * 30) as u8])
    }))
}

const FORMATS: [ImageFormat; 5] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
    ImageFormat::WebP,
];

#[test]
fn a_cut_file_is_an_error_or_has_lost_nothing() {
    for format in FORMATS {
        let whole = encoded(&picture(), format);
        let pixels = decode_bytes(&whole, Path::new("a")).unwrap();
        for length in 0..whole.len() {
            if let Ok(image) = decode_bytes(&whole[..length], Path::new("a")) {
                assert!(
                    image == pixels,
                    "{format:?} cut to {length} of {}",
                    whole.len()
                );
                assert!(whole.len() - length <= 12, "{format:?} cut to {length}");
            }
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for format in FORMATS {
        let whole = encoded(&picture(), format);
        for position in 0..whole.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[position] ^= flip;
                if let Ok(image) = decode_bytes(&bytes, Path::new("a")) {
                    assert!(image.width() > 0 && image.height() > 0);
                }
            }
        }
    }
}

#[test]
fn a_file_that_claims_too_many_pixels_is_refused_by_its_claim() {
    for format in FORMATS {
        let bytes = claiming_60000(format);
        let error = decode_bytes(&bytes, Path::new("bomb"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("bomb"), "{error}");
        let claim = match format {
            // WebP's lossless header has 14 bits for a side.
            ImageFormat::WebP => "16383x16383",
            _ => "60000x60000",
        };
        assert!(error.contains(claim), "{format:?}: {error}");
    }
}

/// A small valid file whose header is rewritten to claim 60000x60000 pixels.
fn claiming_60000(format: ImageFormat) -> Vec<u8> {
    let mut bytes = encoded(&picture(), format);
    match format {
        ImageFormat::Png => {
            bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
            let crc = crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        }
        ImageFormat::Jpeg => {
            let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
            bytes[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
        }
        ImageFormat::Bmp => {
            bytes[18..26].copy_from_slice(&[0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0]);
        }
        ImageFormat::Tiff => {
            let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            let directory = word(4) as usize;
            let entries = usize::from(bytes[directory]);
            for entry in (0..entries).map(|i| directory + 2 + 12 * i) {
                let tag = u16::from_le_bytes([bytes[entry], bytes[entry + 1]]);
                // Width, height and rows per strip, so that one strip holds it all.
                if [256, 257, 278].contains(&tag) {
                    bytes[entry + 2] = 4; // a LONG
                    bytes[entry + 8..entry + 12].copy_from_slice(&60_000_u32.to_le_bytes());
                }
            }
        }
        // "RIFF" size "WEBP" "VP8L" size 0x2f, then 14 bits each of width − 1 and height − 1.
        _ => {
            let sides = (16_382_u32 << 14 | 16_382).to_le_bytes();
            bytes[21..24].copy_from_slice(&sides[..3]);
            bytes[24] = (bytes[24] & 0xf0) | sides[3];
        }
    }
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

//! Image files as cameras and their programs write them: deep samples, pages, animations, frames of a film,
//! and an alpha that means nothing.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod depths;
mod films;
mod pages;
mod several;
mod tiff_file;
mod tiffs;

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use oddspot::images::{BitDepth, Picture, Reading};

/// A picture without symmetry.
pub fn picture(seed: u32) -> RgbImage {
    RgbImage::from_fn(32, 24, |x, y| {
        Rgb([x * 7 + seed * 31, y * 9, x * y % 11 * 20].map(|value| value as u8))
    })
}

/// Grey samples of so many bits, 32×24.
pub fn samples(bits: u32) -> Vec<u16> {
    let top = (1_u32 << bits) - 1;
    let sample = |i: u32| (i * top / (32 * 24 - 1)) as u16;
    (0..32 * 24).map(sample).collect()
}

/// What the same samples are in 8 bits.
pub fn levels(bits: u32) -> Vec<u8> {
    let top = f64::from((1_u32 << bits) - 1);
    let level = |&sample: &u16| (f64::from(sample) * 255.0 / top).round() as u8;
    samples(bits).iter().map(level).collect()
}

pub fn red(picture: &Picture) -> Vec<u8> {
    picture.image.pixels().map(|pixel| pixel.0[0]).collect()
}

pub fn read(bytes: &[u8]) -> Picture {
    read_as(bytes, BitDepth::Auto)
}

pub fn read_as(bytes: &[u8], bit_depth: BitDepth) -> Picture {
    let reading = Reading {
        bit_depth,
        ..Reading::default()
    };
    reading.decode_bytes(bytes, Path::new("odd")).unwrap()
}

pub fn refused(bytes: &[u8]) -> String {
    let read = Reading::default().decode_bytes(bytes, Path::new("odd"));
    read.unwrap_err().to_string()
}

pub fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

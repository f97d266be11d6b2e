//! Image files as they come: every format, depth, orientation and way of being broken, against
//! pixels that Pillow made (tests/oracle/images.py).

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage};
use oddspot::images::{ImageSize, Limits, decode, decode_mask, dimensions, read_mask, resize};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    width: u32,
    height: u32,
    tolerance: u8,
    /// Hexadecimal, `[height, width, 3]`.
    rgb: String,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/images")
        .join(name)
}

fn largest_difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    differences.max().unwrap()
}

#[test]
fn every_odd_file_decodes_to_what_pillow_reads() {
    let json = fs::read_to_string(fixture("expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&json).unwrap();
    assert!(expected.len() > 40);
    for (name, expected) in expected {
        let image = decode(&fixture(&name)).unwrap();
        let size = (expected.width, expected.height);
        assert_eq!(image.dimensions(), size, "{name}");
        assert_eq!(dimensions(&fixture(&name)).unwrap(), size, "{name}");
        let rgb: Vec<u8> = (0..expected.rgb.len() / 2)
            .map(|i| u8::from_str_radix(&expected.rgb[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let difference = largest_difference(&image, &rgb);
        assert!(difference <= expected.tolerance, "{name}: {difference}");
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    for (name, way_out) in [
        ("float_rgb.tif", "its samples are floating-point numbers"),
        (
            "float_grey.tif",
            "convert it to an 8- or 16-bit grey or RGB PNG",
        ),
        (
            "palette.tif",
            "convert it to an 8- or 16-bit grey or RGB PNG",
        ),
        (
            "unsupported.gif",
            "it is a GIF, which is not supported: convert it to PNG",
        ),
        ("expected.json", "convert it to PNG"),
    ] {
        let error = decode(&fixture(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(way_out), "{error}");
    }
}

#[test]
fn the_content_decides_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("really.jpg");
    let image = RgbImage::from_pixel(1, 1, Rgb([1, 2, 3]));
    image.save_with_format(&path, ImageFormat::Png).unwrap();
    assert_eq!(decode(&path).unwrap(), image);
    assert_eq!(dimensions(&path).unwrap(), (1, 1));
}

#[test]
fn files_that_are_no_images_are_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.png");
    fs::write(&text, "not pixels at all, but words").unwrap();
    let empty = folder.path().join("empty.png");
    fs::write(&empty, "").unwrap();
    let missing = folder.path().join("missing.png");
    for (path, reason) in [
        (text.as_path(), "not a PNG, JPEG, BMP, TIFF or WebP"),
        (&empty, "empty"),
        (&missing, "cannot read"),
        (folder.path(), "folder"),
    ] {
        for error in [
            decode(path).unwrap_err().to_string(),
            dimensions(path).unwrap_err().to_string(),
            decode_mask(path).unwrap_err().to_string(),
        ] {
            assert!(error.contains(reason), "{error}");
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}

#[test]
fn masks_turn_with_their_orientation_and_keep_the_faintest_sample() {
    // The ramp's first pixel is black; orientation 6 brings it to the top right.
    let mask = read_mask(&fixture("exif_6.png"), Limits::default()).unwrap();
    // By its shades the ramp is a photograph; what it would mark is turned all the same.
    assert!(mask.looks_like_a_photograph());
    let mask = mask.mask;
    assert_eq!((mask.width, mask.height), (8, 12));
    assert!(!mask.anomalous[7] && mask.anomalous[0]);
    let deep = decode_mask(&fixture("grey_16.png")).unwrap();
    assert_eq!(deep.anomalous.iter().filter(|odd| !**odd).count(), 8);
}

#[test]
fn resizing_equals_pillow_to_one_grey_level() {
    for (source, target) in [
        ("97x61", "32x32"),
        ("97x61", "48x16"),
        ("97x61", "13x7"),
        ("97x61", "97x11"),
        ("23x15", "31x20"),
        ("23x15", "11x33"),
    ] {
        let size: ImageSize = source.parse().unwrap();
        let picture = RgbImage::from_fn(size.width as u32, size.height as u32, |x, y| {
            let value = x * x * 3 + y * 11 + x * y;
            Rgb([0, 85, 170].map(|c| ((value + c) % 256) as u8))
        });
        let golden = decode(&fixture(&format!("resize_{source}_to_{target}.png"))).unwrap();
        let resized = resize(&picture, target.parse().unwrap());
        assert_eq!(resized.dimensions(), golden.dimensions());
        let difference = largest_difference(&resized, &golden);
        assert!(difference <= 1, "{source} to {target}: {difference}");
    }
}

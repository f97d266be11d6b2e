//! Images of every odd kind: those that can be used are, the others are told by name.

use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::common::{boards, detect, names, train};

/// Images that the library's fixtures have and that decode.
const USABLE: [&str; 4] = ["16", "cmyk", "alpha", "exif"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../oddspot/tests/fixtures/images")
}

#[test]
fn sixteen_bit_cmyk_alpha_and_turned_images_are_judged() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    let mut copied = Vec::new();
    for name in names(&fixtures()) {
        let usable = USABLE.iter().any(|kind| name.contains(kind));
        let readable = oddspot::image::decode(&fixtures().join(&name)).is_ok();
        if usable && readable {
            std::fs::copy(fixtures().join(&name), images.join(&name)).unwrap();
            copied.push(name);
        }
    }
    for kind in USABLE {
        assert!(
            copied.iter().any(|name| name.contains(kind)),
            "{kind}: {copied:?}"
        );
    }
    image::RgbImage::from_pixel(1, 1, image::Rgb([9, 9, 9]))
        .save(images.join("one_pixel.png"))
        .unwrap();
    let run = detect(&[&images], &folder.path().join("found"), &[]).succeeded();
    assert_eq!(run.stdout.lines().count(), copied.len() + 1);
}

/// Each unusable file with what its message must say.
fn unusable() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8 * 5, y as u8 * 5, 77]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let png = png.into_inner();
    let mut bomb = png.clone();
    bomb[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    let crc = png_crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    vec![
        ("empty.png", Vec::new(), "empty"),
        ("truncated.png", png[..png.len() / 2].to_vec(), "truncated"),
        ("text.jpg", b"this is a text".to_vec(), "image"),
        ("bomb.png", bomb, "60000"),
    ]
}

/// CRC-32 of a PNG chunk.
fn png_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn unusable_images_are_named_and_stop_a_training() {
    for (name, bytes, word) in unusable() {
        let folder = tempdir().unwrap();
        let images = folder.path().join("images");
        boards(&images, 3);
        std::fs::write(images.join(name), bytes).unwrap();
        let model = folder.path().join("m");
        let run = train(&images, &model, &[]).failed_saying(&[name]);
        assert!(
            run.stderr.to_lowercase().contains(word),
            "{name}: {}",
            run.stderr
        );
        assert_eq!(names(folder.path()), ["images"], "{name}");

        let found = folder.path().join("found");
        let run = detect(&[&images], &found, &[]);
        assert_eq!(run.code, Some(3), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(name), "{}", run.stderr);
        assert_eq!(run.stdout.lines().count(), 3);
    }
}

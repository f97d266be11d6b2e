use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use super::*;
use crate::images::{Reading, Source};

const SIDE: u32 = 320;

/// A number in [0, 1) of three others.
fn chance(seed: u32, x: u32, y: u32) -> f32 {
    let mut bits = seed
        .wrapping_mul(0x9e37_79b9)
        .wrapping_add(x.wrapping_mul(0x85eb_ca6b))
        .wrapping_add(y.wrapping_mul(0xc2b2_ae35));
    for _ in 0..2 {
        bits ^= bits >> 15;
        bits = bits.wrapping_mul(0x2c1b_3c6d);
    }
    (bits ^ (bits >> 16)) as f32 / 4_294_967_296.0
}

/// Noise of patches of so many pixels, in [0, 1], smooth between them.
fn patches(seed: u32, x: f32, y: f32, size: f32) -> f32 {
    let (x, y) = (x / size, y / size);
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (x - left, y - top);
    let at = |dx: u32, dy: u32| chance(seed, left as u32 + dx, top as u32 + dy);
    let upper = at(0, 0) * (1.0 - across) + at(1, 0) * across;
    let lower = at(0, 1) * (1.0 - across) + at(1, 1) * across;
    upper * (1.0 - down) + lower * down
}

/// A part like all of its kind, a little displaced, on a ground of its own grain, as a camera sees it.
fn part(seed: u32, shot: u32, gain: f32, shift: [f32; 2]) -> RgbImage {
    let place = [0, 1].map(|axis| 3.0 * (chance(seed, 7, axis) - 0.5));
    RgbImage::from_fn(SIDE, SIDE, |column, row| {
        let (x, y) = (column as f32 + 8.0 - shift[0], row as f32 + 8.0 - shift[1]);
        let (from, down) = (x - 168.0 - place[0], y - 168.0 - place[1]);
        let mut level = 90.0;
        if from.abs() < 70.0 && down.abs() < 50.0 {
            level = 170.0;
        }
        for pin in 0..6 {
            let at = from - (pin as f32 - 2.5) * 24.0;
            if at.abs() < 4.0 && (50.0..110.0).contains(&down) {
                level = 210.0;
            }
        }
        level +=
            26.0 * (patches(seed, x, y, 5.0) - 0.5) + 20.0 * (patches(seed + 99, x, y, 11.0) - 0.5);
        let noise = 5.0 * (chance(shot + 1_000, column, row) - 0.5);
        Rgb([(gain * level + noise).round().clamp(0.0, 255.0) as u8; 3])
    })
}

fn looks(images: Vec<RgbImage>) -> Vec<Looks> {
    let images = images.into_iter().map(Source::from);
    images
        .map(|image| Looks::of(&image, Reading::default()).unwrap())
        .collect()
}

fn line(count: u32) -> Vec<RgbImage> {
    (0..count)
        .map(|seed| part(seed, seed, 1.0, [0.0; 2]))
        .collect()
}

fn saved_as_jpeg(image: &RgbImage) -> RgbImage {
    let mut bytes = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 70);
    image.write_with_encoder(encoder).unwrap();
    image::load_from_memory(bytes.get_ref())
        .unwrap()
        .into_rgb8()
}

fn pairs(twins: &[Twins], likeness: Likeness) -> Vec<Vec<usize>> {
    let of = twins.iter().filter(|twins| twins.likeness == likeness);
    of.map(|twins| twins.images.clone()).collect()
}

#[test]
fn parts_of_a_kind_are_no_twins() {
    assert_eq!(twins(&looks(line(24))), []);
    // Of two there is none to say what is common.
    assert_eq!(twins(&looks(line(2))), []);
    assert_eq!(twins(&[]), []);
}

#[test]
fn the_same_part_photographed_again_is_found_whatever_the_exposure() {
    let mut images = line(16);
    images.push(part(2, 500, 0.7, [0.0, 0.0]));
    images.push(part(5, 501, 1.1, [1.0, -1.0]));
    images.push(saved_as_jpeg(&part(9, 9, 1.0, [0.0, 0.0])));
    images.push(part(11, 502, 0.8, [2.0, 1.0]));
    let found = twins(&looks(images));
    assert_eq!(pairs(&found, Likeness::Exact), [[0; 2]; 0]);
    let near = pairs(&found, Likeness::Near);
    assert_eq!(near, [[2, 16], [5, 17], [9, 18], [11, 19]]);
    assert!(found.iter().all(|twins| twins.correlation >= LIKE));
}

#[test]
fn the_same_pixels_are_told_apart_from_the_same_part() {
    let mut images = line(12);
    images.push(images[3].clone());
    images.push(part(3, 600, 0.8, [0.0, 0.0]));
    images.push(images[7].clone());
    images.push(images[7].clone());
    let found = twins(&looks(images));
    assert_eq!(
        pairs(&found, Likeness::Exact),
        [vec![3, 12], vec![7, 14, 15]]
    );
    // A copy is not named a second time.
    assert_eq!(pairs(&found, Likeness::Near), [[3, 13]]);
}

#[test]
fn pictures_without_any_texture_are_no_twins() {
    let flat = |level: u8| RgbImage::from_pixel(64, 48, Rgb([level; 3]));
    assert_eq!(
        twins(&looks((0..6).map(|i| flat(90 + 3 * i)).collect())),
        []
    );
}

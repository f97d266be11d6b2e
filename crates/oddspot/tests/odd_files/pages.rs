//! Files of several pictures.

use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};
use oddspot::images::{Reading, decode_mask, dimensions};

use crate::tiff_file::*;
use crate::{encoded, picture, read, refused};

/// All pictures of a file.
fn pages(bytes: &[u8]) -> Vec<RgbImage> {
    let name = Path::new("many");
    let pages = Reading::default().pages(bytes, name).unwrap();
    let count = pages.total();
    let found: Vec<RgbImage> = pages.map(|page| page.unwrap().image).collect();
    assert_eq!(found.len(), count);
    found
}

fn page(image: &RgbImage) -> Page {
    Page::new(image.dimensions(), 3, 8, image.to_vec())
}

/// An animation of whole frames.
fn apng(frames: &[RgbImage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 24);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(frames.len() as u32, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for frame in frames {
        writer.write_image_data(frame).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

fn webp(frames: &[RgbImage]) -> Vec<u8> {
    let chunk = |name: &[u8], data: &[u8]| {
        let padding = vec![0; data.len() % 2];
        [name, &(data.len() as u32).to_le_bytes(), data, &padding].concat()
    };
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    let sides = [three(31), three(23)].concat();
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[vec![2, 0, 0, 0], sides.clone()].concat()));
    body.extend(chunk(b"ANIM", &[0; 6]));
    for frame in frames {
        let alone = encoded(&DynamicImage::ImageRgb8(frame.clone()), ImageFormat::WebP);
        let place = [three(0), three(0), sides.clone(), three(100), vec![2]].concat();
        body.extend(chunk(b"ANMF", &[place, alone[12..].to_vec()].concat()));
    }
    chunk(b"RIFF", &body)
}

#[test]
fn every_page_and_every_frame_is_given_in_order() {
    let pictures = [picture(1), picture(2), picture(3)];
    let of_tiff = pictures.each_ref().map(page);
    for spelling in [false, true].map(|big| Spelling { big, motorola: big }) {
        assert_eq!(pages(&tiff(&of_tiff, spelling)), pictures);
    }
    assert_eq!(pages(&apng(&pictures)), pictures);
    assert_eq!(pages(&webp(&pictures)), pictures);
    let alone = encoded(&DynamicImage::ImageRgb8(picture(1)), ImageFormat::Png);
    assert_eq!(pages(&alone), pictures[..1]);
}

#[test]
fn where_one_picture_is_needed_several_are_refused_by_their_number() {
    let pictures = [picture(1), picture(2)];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, word) in [
        (
            "a.tif",
            tiff(&pictures.each_ref().map(page), Spelling::default()),
            "it has 2 pages",
        ),
        ("a.png", apng(&pictures), "an animation of 2 frames"),
        ("a.webp", webp(&pictures), "an animation of 2 frames"),
    ] {
        assert!(refused(&bytes).contains(word), "{}", refused(&bytes));
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(dimensions(&path).unwrap_err().to_string().contains(word));
        assert!(decode_mask(&path).unwrap_err().to_string().contains(word));
    }
    // One frame is no animation.
    assert_eq!(read(&apng(&pictures[..1])).image, pictures[0]);
    assert_eq!(read(&webp(&pictures[..1])).image, pictures[0]);
}

#[test]
fn thumbnails_and_masks_are_no_pages() {
    let (large, small) = (picture(1), RgbImage::new(4, 3));
    for kind in [1, 4, 5] {
        let both = [page(&large), page(&small).with(SUBFILE, kind)];
        assert_eq!(read(&tiff(&both, Spelling::default())).image, large);
    }
    let pages_of_fax = [page(&large).with(SUBFILE, 2), page(&small).with(SUBFILE, 2)];
    assert_eq!(pages(&tiff(&pages_of_fax, Spelling::default())).len(), 2);
}

#[test]
fn a_page_within_another_is_read_and_a_thumbnail_around_it_is_none() {
    let (large, small) = (
        picture(1),
        RgbImage::from_fn(8, 6, |x, _| image::Rgb([x as u8; 3])),
    );
    let raw = within(page(&small).with(SUBFILE, 1), page(&large));
    assert_eq!(pages(&raw), std::slice::from_ref(&large));
    assert_eq!(read(&raw).image, large);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw.tif");
    std::fs::write(&path, &raw).unwrap();
    assert_eq!(dimensions(&path).unwrap(), large.dimensions());
    let both = within(page(&large), page(&picture(2)));
    assert_eq!(pages(&both), [large.clone(), picture(2)]);
    assert!(refused(&both).contains("it has 2 pages"));
    // A pyramid.
    let pyramid = within(page(&large), page(&small).with(SUBFILE, 1));
    assert_eq!(read(&pyramid).image, large);
    // The samples of a sensor are no picture, and the thumbnail is not taken for it.
    for colours in [32_803, 34_892] {
        let raw = within(
            page(&small).with(SUBFILE, 1),
            page(&large).with(COLOURS, colours),
        );
        assert!(
            refused(&raw).contains("it is a raw photograph"),
            "{}",
            refused(&raw)
        );
    }
}

#[test]
fn a_stack_of_which_one_page_has_a_directory_is_refused() {
    let described = |text: &str| {
        let mut page = page(&picture(1));
        let number = |four: &[u8]| {
            let mut padded = [0; 4];
            padded[..four.len()].copy_from_slice(four);
            u32::from_le_bytes(padded)
        };
        page.tags
            .push((DESCRIPTION, text.as_bytes().chunks(4).map(number).collect()));
        let mut file = tiff(&[page], Spelling::default());
        // Written as numbers of four bytes, they are letters.
        let tag = DESCRIPTION.to_le_bytes();
        let at = file
            .windows(4)
            .rposition(|four| four == [tag[0], tag[1], 4, 0])
            .unwrap();
        file[at + 2] = 2;
        file[at + 4..at + 8].copy_from_slice(&(text.len() as u32).to_le_bytes());
        file
    };
    for text in [
        "ImageJ=1.11a\nimages=3\nslices=3\n\0",
        "{\"shape\": [2, 24, 32, 3], \"truncated\": true}\0",
    ] {
        // A page that was taken out of the stack.
        assert_eq!(read(&described(text)).image, picture(1));
        let others = picture(2).into_raw();
        let told = refused(&[described(text), others].concat());
        assert!(
            told.contains("of which only the first has a directory"),
            "{told}"
        );
    }
    for text in [
        "ImageJ=1.11a\nunit=mm\n\0",
        "{\"shape\": [24, 32, 3]}\0",
        "a part\0",
    ] {
        assert_eq!(read(&described(text)).image, picture(1));
    }
    let volume = page(&picture(1)).with(32_997, 4);
    let told = refused(&tiff(&[volume], Spelling::default()));
    assert!(told.contains("a stack of 4 pictures"), "{told}");
}

#[test]
fn a_picture_beside_an_animation_is_one_too() {
    let frames = [picture(1), picture(2)];
    for count in [1, 2] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 32, 24);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_animated(count, 0).unwrap();
        encoder.set_sep_def_img(true).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&picture(3)).unwrap();
        for frame in &frames[..count as usize] {
            writer.write_image_data(frame).unwrap();
        }
        writer.finish().unwrap();
        let all: Vec<RgbImage> = [&[picture(3)][..], &frames[..count as usize]].concat();
        assert_eq!(pages(&bytes), all);
        let said = format!("an animation of {count} frames beside a picture of its own");
        assert!(refused(&bytes).contains(&said), "{}", refused(&bytes));
    }
    // A frame more than it says would be seen by nobody.
    let mut bytes = apng(&frames);
    let control = bytes.windows(4).position(|name| name == b"acTL").unwrap();
    let whole = bytes.clone();
    bytes[control + 7] = 1;
    let sum = check_sum(&bytes[control..control + 12]);
    bytes[control + 12..control + 16].copy_from_slice(&sum.to_be_bytes());
    assert!(
        refused(&bytes).contains("1 frames, and has 2"),
        "{}",
        refused(&bytes)
    );
    assert_eq!(pages(&whole), frames);
}

/// The sum of checks of a PNG's chunk.
fn check_sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[test]
fn a_damaged_page_does_not_hide_the_others() {
    let pictures = [picture(1), picture(2)].each_ref().map(page);
    let [first, second] = pictures;
    let bytes = tiff(
        &[first, second.with(HEIGHT, 9000), page(&picture(3))],
        Spelling::default(),
    );
    let name = Path::new("many");
    let found: Vec<_> = Reading::default().pages(&bytes, name).unwrap().collect();
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].as_ref().unwrap().image, picture(1));
    assert!(
        found[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("damaged")
    );
    assert_eq!(found[2].as_ref().unwrap().image, picture(3));
}

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

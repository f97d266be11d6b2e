//! TIFF in every layout.

use image::{DynamicImage, ImageFormat, RgbImage};

use crate::tiff_file::*;
use crate::{encoded, levels, picture, read, red, refused, samples};

const SPELLINGS: [Spelling; 4] = [
    Spelling {
        big: false,
        motorola: false,
    },
    Spelling {
        big: false,
        motorola: true,
    },
    Spelling {
        big: true,
        motorola: false,
    },
    Spelling {
        big: true,
        motorola: true,
    },
];

fn page(image: &RgbImage) -> Page {
    Page::new(image.dimensions(), 3, 8, image.to_vec())
}

#[test]
fn classic_and_big_files_of_both_byte_orders_are_the_same() {
    for spelling in SPELLINGS {
        let image = picture(1);
        let found = read(&tiff(&[page(&image)], spelling));
        assert_eq!((found.image, found.kind.lossy), (image, Some(false)));
        let deep = samples(16);
        let page = Page::new((32, 24), 1, 16, spelling.samples(&deep));
        let found = read(&tiff(&[page], spelling));
        assert_eq!(red(&found), levels(16));
        assert_eq!(found.kind.bits, 16);
    }
}

#[test]
fn planes_and_tiles_are_put_together() {
    let image = picture(2);
    let plane = |channel: usize| image.pixels().map(|pixel| pixel.0[channel]).collect();
    let planar = Page {
        chunks: (0..3).map(plane).collect(),
        ..page(&image).with(PLANAR, 2)
    };
    assert_eq!(read(&tiff(&[planar], Spelling::default())).image, image);
    // Tiles of 16 pixels: the lower ones reach below the image.
    let tile = |across: u32, down: u32| -> Vec<u8> {
        let at = |i: u32| (across * 16 + i % 16, down * 16 + i / 16);
        let pixel = |(x, y)| image.get_pixel_checked(x, y).map_or([0; 3], |p| p.0);
        (0..256).flat_map(|i| pixel(at(i))).collect()
    };
    let tiled = Page {
        chunks: vec![tile(0, 0), tile(1, 0), tile(0, 1), tile(1, 1)],
        tiled: true,
        ..page(&image)
            .without(ROWS_OF_STRIP)
            .with(TILE_WIDTH, 16)
            .with(TILE_HEIGHT, 16)
    };
    assert_eq!(read(&tiff(&[tiled], Spelling::default())).image, image);
}

#[test]
fn tiles_of_one_plane_each_are_put_together_wherever_they_reach_beyond_the_image() {
    let image = picture(2);
    for (width, height) in [(16, 16), (48, 16), (16, 32), (32, 24)] {
        let tile = |plane: usize, left: u32, top: u32| -> Vec<u8> {
            let at = |i: u32| (left + i % width, top + i / width);
            let sample = |(x, y)| image.get_pixel_checked(x, y).map_or(9, |p| p.0[plane]);
            (0..width * height).map(|i| sample(at(i))).collect()
        };
        let places = |side: u32, of: u32| (0..side).step_by(of as usize);
        let chunks = (0..3).flat_map(|plane| {
            let places = places(24, height)
                .flat_map(move |top| places(32, width).map(move |left| (left, top)));
            places.map(move |(left, top)| tile(plane, left, top))
        });
        let tiled = Page {
            chunks: chunks.collect(),
            tiled: true,
            ..page(&image)
                .with(PLANAR, 2)
                .without(ROWS_OF_STRIP)
                .with(TILE_WIDTH, width)
                .with(TILE_HEIGHT, height)
        };
        for spelling in SPELLINGS {
            let found = read(&tiff(std::slice::from_ref(&tiled), spelling)).image;
            assert!(found == image, "tiles of {width}x{height}");
        }
    }
}

#[test]
fn packed_samples_of_any_depth_use_all_their_bits() {
    for bits in [2, 4, 10, 12, 14] {
        let strip = packed(&samples(bits), 32, bits as usize);
        for spelling in SPELLINGS {
            let page = Page::new((32, 24), 1, bits, strip.clone());
            let found = read(&tiff(&[page], spelling));
            let differs = red(&found)
                .iter()
                .zip(levels(bits))
                .any(|(a, b)| a.abs_diff(b) > 1);
            assert!(!differs, "{bits} bits");
            assert_eq!(u32::from(found.kind.bits), bits.max(8));
        }
    }
    // Whatever the model takes for white: these files leave no doubt.
    let page = Page::new((32, 24), 1, 12, packed(&samples(12), 32, 12));
    let bytes = tiff(std::slice::from_ref(&page), Spelling::default());
    let twelve = crate::read_as(&bytes, oddspot::images::BitDepth::Of(10));
    assert_eq!(twelve.image, read(&bytes).image);
    let squeezed = tiff(&[page.with(COMPRESSION, 5)], Spelling::default());
    assert!(refused(&squeezed).contains("its samples of 12 bits are compressed"));
}

#[test]
fn jpeg_inside_is_read_and_its_lost_end_is_missed() {
    let image = picture(3);
    let jpeg = encoded(&DynamicImage::ImageRgb8(image.clone()), ImageFormat::Jpeg);
    let page = Page {
        chunks: vec![jpeg.clone()],
        ..page(&image)
    };
    let page = page.with(COMPRESSION, 7).with(COLOURS, 6);
    let bytes = tiff(&[page], Spelling::default());
    assert_eq!(read(&bytes).kind.lossy, Some(true));
    let (found, alone) = (read(&bytes).image, read(&jpeg).image);
    let farthest = found
        .iter()
        .zip(alone.iter())
        .map(|(a, b)| a.abs_diff(*b))
        .max();
    assert!(farthest.unwrap() <= 2, "{farthest:?}");

    // The directory comes first in files that are cut at their end.
    let mut cut = bytes.clone();
    let directory = cut[8 + jpeg.len()..].to_vec();
    let shift = |entry: u32| entry.to_le_bytes();
    cut.truncate(8);
    let at = 8 + jpeg.len() as u32;
    cut[4..8].copy_from_slice(&shift(at));
    cut.extend(&jpeg[..jpeg.len() / 2]);
    cut.resize(at as usize, 0);
    cut.extend(directory);
    // Halved within, the strip does not end as it should; cut off, it is not there.
    assert!(refused(&bytes[..bytes.len() / 2]).contains("damaged"));
    assert!(refused(&cut).contains("damaged"), "{}", refused(&cut));
}

#[test]
fn what_is_not_read_is_named() {
    let image = picture(4);
    let with = |tag, value| tiff(&[page(&image).with(tag, value)], Spelling::default());
    for (bytes, word) in [
        (with(339, 2), "below zero"),
        (with(339, 3), "floating-point"),
        (with(COLOURS, 8), "convert it to an 8- or 16-bit"),
        (with(COMPRESSION, 6), "convert it to an 8- or 16-bit"),
        (with(WIDTH, 40_000), "40000x24 pixels, more than 30000"),
    ] {
        let error = refused(&bytes);
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn what_is_not_read_is_told_in_words() {
    let grey = Page::new((32, 24), 1, 8, vec![9; 32 * 24]);
    let of = |page: Page| refused(&tiff(&[page], Spelling::default()));
    let palette = of(grey.clone().with(COLOURS, 3));
    assert!(palette.contains("numbers of a palette"), "{palette}");
    let packed = of(grey.clone().with(COMPRESSION, 34_925));
    assert!(
        packed.contains("its pixels are compressed by LZMA"),
        "{packed}"
    );
    // The lengths of its strips become another tag.
    let mut bytes = tiff(&[grey], Spelling::default());
    let lengths = bytes.windows(4).rposition(|entry| entry == [0x17, 1, 4, 0]);
    bytes[lengths.unwrap()] = 0x18;
    let lacking = refused(&bytes);
    assert!(
        lacking.contains("lacks the tag") && lacking.contains("StripByteCounts"),
        "{lacking}"
    );
    // That may be damage too: who reads it cannot know.
    assert!(lacking.contains("damaged") && lacking.contains("convert it"));
    for told in [palette, packed] {
        assert!(
            !told.contains("damaged") && told.contains("convert it"),
            "{told}"
        );
    }
}

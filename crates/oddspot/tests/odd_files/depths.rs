//! Samples of 16 bits of which fewer are in use, and alphas that mean nothing.

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgba, RgbaImage};
use oddspot::images::{BitDepth, Reading};

use crate::tiff_file::*;
use crate::{encoded, levels, picture, read, read_as, red, samples};

/// A 16-bit PNG of samples in the low bits, which may say how many.
fn deep_png(samples: &[u16], said: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(32, 24);
    info.color_type = png::ColorType::Grayscale;
    info.bit_depth = png::BitDepth::Sixteen;
    let encoder = png::Encoder::with_info(&mut bytes, info).unwrap();
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_be_bytes()).collect();
    let mut writer = encoder.write_header().unwrap();
    if let Some(bits) = said {
        writer.write_chunk(png::chunk::sBIT, &[bits]).unwrap();
    }
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn cameras_of_10_12_and_14_bits_lose_no_level() {
    for bits in [10, 12, 14, 16] {
        let png = deep_png(&samples(bits), None);
        let page = Page::new((32, 24), 1, 16, Spelling::default().samples(&samples(bits)));
        for file in [&png, &tiff(&[page], Spelling::default())] {
            for depth in [BitDepth::Auto, BitDepth::Of(bits as u8)] {
                assert_eq!(
                    red(&read_as(file, depth)),
                    levels(bits),
                    "{bits} bits, {depth}"
                );
            }
        }
        let in_use = Reading::default().bits_in_use(&png, "a".as_ref()).unwrap();
        assert_eq!(in_use.map(u32::from), Some(bits));
    }
}

#[test]
fn a_dark_file_says_how_many_bits_it_uses() {
    // The lower quarter of 12 bits.
    let dark: Vec<u16> = samples(10);
    let quarter: Vec<u8> = dark
        .iter()
        .map(|&s| (f64::from(s) * 255.0 / 4095.0).round() as u8)
        .collect();
    let page = Page::new((32, 24), 1, 16, Spelling::default().samples(&dark));
    let said = tiff(&[page.clone().with(MOST, 4095)], Spelling::default());
    assert_eq!(red(&read(&said)), quarter);
    assert_eq!(red(&read(&deep_png(&dark, Some(12)))), quarter);
    // That all bits are used is said of any file, and by the specification samples of 12 bits are scaled to 16.
    assert_eq!(red(&read(&deep_png(&dark, Some(16)))), levels(10));
    assert_eq!(red(&read(&deep_png(&samples(16), Some(12)))), levels(16));
    let all = tiff(&[page.with(MOST, 65_535)], Spelling::default());
    assert_eq!(red(&read(&all)), levels(10));
}

#[test]
fn a_model_that_knows_the_bits_reads_every_file_by_them() {
    let bright = deep_png(&samples(12), None);
    let dark = deep_png(&samples(8), None);
    assert!(!read_as(&bright, BitDepth::Of(12)).kind.cut_off);
    assert_eq!(
        red(&read_as(&dark, BitDepth::Of(12))).iter().max(),
        Some(&16)
    );
    let cut_off = read_as(&bright, BitDepth::Of(10));
    assert!(cut_off.kind.cut_off);
    let levels = red(&cut_off).into_iter().zip(samples(12));
    for (level, sample) in levels {
        assert_eq!(level == 255, sample >= 1021, "{sample}");
    }
}

#[test]
fn negatives_use_the_bits_that_they_have() {
    for bits in [10, 12, 14, 16] {
        let positive = samples(bits);
        let white = u16::MAX >> (16 - bits);
        let negative: Vec<u16> = positive.iter().map(|&sample| white - sample).collect();
        let whole = Page::new((32, 24), 1, 16, Spelling::default().samples(&negative));
        let mut pages = vec![whole];
        if bits < 16 {
            pages.push(Page::new(
                (32, 24),
                1,
                bits,
                packed(&negative, 32, bits as usize),
            ));
        }
        for page in pages {
            let file = tiff(&[page.with(COLOURS, 0)], Spelling::default());
            assert_eq!(red(&read(&file)), levels(bits), "{bits} bits");
        }
    }
}

#[test]
fn an_alpha_that_is_0_everywhere_is_none_in_any_format() {
    let plain = picture(7);
    let bare = RgbaImage::from_fn(32, 24, |x, y| {
        let [red, green, blue] = plain.get_pixel(x, y).0;
        Rgba([red, green, blue, 0])
    });
    let bare = DynamicImage::ImageRgba8(bare);
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::WebP] {
        assert_eq!(read(&encoded(&bare, format)).image, plain, "{format:?}");
    }
    for header in [56, 108, 124] {
        assert_eq!(
            read(&bmp(&plain, header)).image,
            plain,
            "BMP of {header} bytes"
        );
    }
    let deep = DynamicImage::ImageRgba16(bare.to_rgba16());
    assert_eq!(read(&encoded(&deep, ImageFormat::Png)).image, plain);
    let grey = ImageBuffer::<Luma<u8>, _>::from_fn(3, 1, |x, _| Luma([x as u8 * 9]));
    let of_grey = DynamicImage::ImageLuma8(grey.clone()).to_luma_alpha8();
    let mut nothing = of_grey.clone();
    nothing.pixels_mut().for_each(|pixel| pixel.0[1] = 0);
    let read = read(&encoded(
        &DynamicImage::ImageLumaA8(nothing),
        ImageFormat::Png,
    ));
    assert_eq!(red(&read), grey.into_raw());
}

#[test]
fn colours_that_are_multiplied_by_their_alpha_already_are_taken_as_they_are() {
    let laid = picture(9);
    let of_alpha = |extra: u32, alpha: fn(u32, u32) -> u8| {
        let pixels = laid.enumerate_pixels().flat_map(|(x, y, pixel)| {
            let [red, green, blue] = pixel.0;
            [red, green, blue, alpha(x, y)]
        });
        let page = Page::new((32, 24), 4, 8, pixels.collect());
        tiff(&[page.with(BEHIND, extra)], Spelling::default())
    };
    let half = |x: u32, _| if x < 16 { 128 } else { 255 };
    assert_eq!(read(&of_alpha(1, half)).image, laid);
    assert_eq!(read(&of_alpha(1, |_, _| 0)).image, laid);
    let found = read(&of_alpha(2, half)).image;
    assert_eq!(found.get_pixel(20, 3), laid.get_pixel(20, 3));
    let [level, whole] = [&found, &laid].map(|image| u32::from(image.get_pixel(3, 3).0[0]));
    assert_eq!(level, (whole * 128 * 2 + 255) / 510);
}

/// A bitmap with masks for four channels, the fourth 0 everywhere.
fn bmp(image: &image::RgbImage, header: u32) -> Vec<u8> {
    // Behind the headers the decoder skips the three masks that others have there.
    let gap = if header == 56 { 0 } else { 12 };
    let start = 14 + header + gap;
    let word = |value: u32| value.to_le_bytes().to_vec();
    let mut bytes = [
        b"BM".to_vec(),
        word(start + 32 * 24 * 4),
        word(0),
        word(start),
    ]
    .concat();
    let size = [word(header), word(32), word(24), vec![1, 0, 32, 0]].concat();
    let rest = [
        3,
        32 * 24 * 4,
        2835,
        2835,
        0,
        0,
        0xff_0000,
        0xff00,
        0xff,
        0xff00_0000,
    ];
    bytes.extend([size, rest.into_iter().flat_map(word).collect()].concat());
    bytes.resize(start as usize, 0);
    for y in (0..24).rev() {
        for x in 0..32 {
            let [red, green, blue] = image.get_pixel(x, y).0;
            bytes.extend([blue, green, red, 0]);
        }
    }
    bytes
}

//! Pages in every layout, held to what they are whole.

use std::io::{Cursor, Write};
use std::path::Path;

use ::image::{DynamicImage, ImageFormat};
use ::tiff::encoder::{Compression, TiffEncoder, colortype};
use ::tiff::tags::PhotometricInterpretation;
use flate2::write::ZlibEncoder;
use weezl::BitOrder;

use super::super::super::bit_depth::BitDepth;
use super::super::super::deep::picture;
use super::super::super::deep::tests::{holds, pictures};
use super::*;
use crate::images::Limits;

/// A file of an image in strips of so many rows.
fn tiff_of(image: &DynamicImage, rows: u32, compression: Compression) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes)
        .unwrap()
        .with_compression(compression);
    let (width, height) = (image.width(), image.height());
    match image {
        DynamicImage::ImageRgb16(rgb) => {
            let mut page = encoder
                .new_image::<colortype::RGB16>(width, height)
                .unwrap();
            page.rows_per_strip(rows).unwrap();
            page.write_data(rgb).unwrap();
        }
        DynamicImage::ImageRgba16(rgba) => {
            let mut page = encoder
                .new_image::<colortype::RGBA16>(width, height)
                .unwrap();
            page.rows_per_strip(rows).unwrap();
            page.write_data(rgba).unwrap();
        }
        _ => unreachable!(),
    }
    bytes.into_inner()
}

#[test]
fn by_strips_it_is_the_picture_that_it_is_whole() {
    for image in pictures() {
        for (rows, compression) in [
            (1, Compression::Uncompressed),
            (5, Compression::Uncompressed),
            (17, Compression::Uncompressed),
            (4, Compression::Lzw),
            (17, Compression::Packbits),
        ] {
            let bytes = tiff_of(&image, rows, compression);
            let mut file =
                TiffFile::open((&bytes).into(), Path::new("a.tif"), Limits::default()).unwrap();
            assert!(file.deep_page(0).unwrap().is_none());
            let mut page = file.deep_page_of_any_size((23, 17)).unwrap().unwrap();
            holds(&image, &mut page);
        }
    }
}

#[test]
fn what_is_not_deep_is_left_and_what_is_cut_refused() {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(4, 4)
        .write_to(&mut bytes, ImageFormat::Tiff)
        .unwrap();
    let bytes = bytes.into_inner();
    let name = Path::new("a.tif");
    let mut file = TiffFile::open((&bytes).into(), name, Limits::default()).unwrap();
    file.dimensions(0).unwrap();
    assert!(file.deep_page_of_any_size((4, 4)).unwrap().is_none());
    let mut bytes = tiff_of(&pictures()[0], 5, Compression::Lzw);
    bytes[16..400].fill(0xff);
    let mut file = TiffFile::open((&bytes).into(), name, Limits::default()).unwrap();
    file.dimensions(0).unwrap();
    let mut page = file.deep_page_of_any_size((23, 17)).unwrap().unwrap();
    let damaged = picture(&mut page, BitDepth::Auto, Orientation::NoTransforms, name);
    let reason = damaged.unwrap_err().to_string();
    assert!(reason.contains("damaged or incomplete"), "{reason}");
}

/// How a page is laid out: chunks of this (width, height), whole pixels or planes, packed so, as differences or not.
#[derive(Clone, Copy, Debug)]
struct Layout {
    size: [usize; 2],
    is_planar: bool,
    packing: CompressionMethod,
    are_differences: bool,
}

fn packed(bytes: &[u8], packing: CompressionMethod) -> Vec<u8> {
    match packing {
        CompressionMethod::LZW => weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
            .encode(bytes)
            .unwrap(),
        CompressionMethod::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        // What repeats in runs, the rest as it is, and one that says nothing before each.
        CompressionMethod::PackBits => (bytes.chunk_by(|a, b| a == b))
            .flat_map(|run| run.chunks(128))
            .flat_map(|run| match run.len() {
                1 => vec![0x80, 0, run[0]],
                count => vec![(1 - count as i32) as u8, run[0]],
            })
            .collect(),
        _ => bytes.to_vec(),
    }
}

/// The bytes of a chunk, which begins at a pixel of an image of these channels; beyond the image it is 7.
fn chunk(
    samples: &[u16],
    channels: usize,
    at: [usize; 2],
    plane: usize,
    layout: Layout,
) -> Vec<u8> {
    let [across, down] = layout.size;
    let kept = if layout.is_planar {
        plane..plane + 1
    } else {
        0..channels
    };
    let of_pixel = kept.len();
    let mut bytes = Vec::new();
    for y in at[1]..at[1] + down {
        let pixel = |x: usize| match x < 23 && y < 17 {
            true => samples[(y * 23 + x) * channels..][kept.clone()].to_vec(),
            false => vec![7; of_pixel],
        };
        let row: Vec<u16> = (at[0]..at[0] + across).flat_map(pixel).collect();
        let before = |i: usize| match layout.are_differences && i >= of_pixel {
            true => row[i - of_pixel],
            false => 0,
        };
        let told = (0..row.len()).map(|i| row[i].wrapping_sub(before(i)));
        bytes.extend(told.flat_map(u16::to_le_bytes));
    }
    packed(&bytes, layout.packing)
}

/// A file of an image of 23x17 that is laid out so; a channel behind the colours is an opacity, or means nothing.
fn laid_out(samples: &[u16], extra: Option<u16>, layout: Layout) -> Vec<u8> {
    let channels = samples.len() / (23 * 17);
    let [across, down] = layout.size;
    let is_tiled = across != 23;
    let planes = if layout.is_planar { channels } else { 1 };
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let mut page = encoder.image_directory().unwrap();
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    for plane in 0..planes {
        for top in (0..17).step_by(down) {
            // The last strip ends with the picture.
            let down = if is_tiled { down } else { down.min(17 - top) };
            for left in (0..23).step_by(across) {
                let of_this = Layout {
                    size: [across, down],
                    ..layout
                };
                let bytes = chunk(samples, channels, [left, top], plane, of_this);
                offsets.push(page.write_data(&bytes[..]).unwrap() as u32);
                lengths.push(bytes.len() as u32);
            }
        }
    }
    let mut number = |tag, value: u16| page.write_tag(tag, value).unwrap();
    number(Tag::ImageWidth, 23);
    number(Tag::ImageLength, 17);
    number(Tag::Compression, layout.packing.to_u16());
    number(
        Tag::PhotometricInterpretation,
        PhotometricInterpretation::RGB.to_u16(),
    );
    number(Tag::SamplesPerPixel, channels as u16);
    number(Tag::PlanarConfiguration, 1 + u16::from(layout.is_planar));
    number(Tag::Predictor, 1 + u16::from(layout.are_differences));
    if let Some(extra) = extra {
        number(Tag::ExtraSamples, extra);
    }
    if is_tiled {
        number(Tag::TileWidth, across as u16);
        number(Tag::TileLength, down as u16);
    } else {
        number(Tag::RowsPerStrip, down as u16);
    }
    page.write_tag(Tag::BitsPerSample, &vec![16_u16; channels][..])
        .unwrap();
    let [of_offsets, of_lengths] = match is_tiled {
        true => [Tag::TileOffsets, Tag::TileByteCounts],
        false => [Tag::StripOffsets, Tag::StripByteCounts],
    };
    page.write_tag(of_offsets, &offsets[..]).unwrap();
    page.write_tag(of_lengths, &lengths[..]).unwrap();
    page.finish().unwrap();
    file.into_inner()
}

fn samples_of(image: &DynamicImage) -> &[u16] {
    match image {
        DynamicImage::ImageRgb16(rgb) => rgb,
        DynamicImage::ImageRgba16(rgba) => rgba,
        _ => unreachable!(),
    }
}

#[test]
fn by_tiles_and_planes_it_is_the_picture_that_it_is_whole() {
    let packings = [
        CompressionMethod::None,
        CompressionMethod::LZW,
        CompressionMethod::Deflate,
        CompressionMethod::PackBits,
    ];
    for image in [&pictures()[0], &pictures()[2]] {
        let extra = image.color().has_alpha().then_some(2);
        for (size, is_planar) in [[16, 16], [32, 16], [16, 32], [23, 5], [23, 17]]
            .into_iter()
            .flat_map(|size| [(size, false), (size, true)])
        {
            for (packing, are_differences) in
                packings.into_iter().flat_map(|p| [(p, false), (p, true)])
            {
                let layout = Layout {
                    size,
                    is_planar,
                    packing,
                    are_differences,
                };
                let bytes = laid_out(samples_of(image), extra, layout);
                let name = Path::new("a.tif");
                let mut file = TiffFile::open((&bytes).into(), name, Limits::default()).unwrap();
                let mut page = (file.deep_page_of_any_size((23, 17)).unwrap())
                    .unwrap_or_else(|| panic!("{layout:?} is not read by rows"));
                holds(image, &mut page);
                drop(page);
                if !is_planar && size[0] == 23 {
                    assert!(file.page(0).unwrap().image == *image, "{layout:?}");
                }
            }
        }
    }
}

#[test]
fn what_means_nothing_behind_the_colours_is_passed_over() {
    let [rgb, rgba, ..] = pictures();
    for is_planar in [false, true] {
        let layout = Layout {
            size: [23, 5],
            is_planar,
            packing: CompressionMethod::LZW,
            are_differences: false,
        };
        let bytes = laid_out(samples_of(&rgba), Some(0), layout);
        let mut file =
            TiffFile::open((&bytes).into(), Path::new("a.tif"), Limits::default()).unwrap();
        let mut page = file.deep_page_of_any_size((23, 17)).unwrap().unwrap();
        holds(&rgb, &mut page);
    }
}

#[test]
fn damage_anywhere_is_told_or_shows() {
    let layout = Layout {
        size: [16, 16],
        is_planar: true,
        packing: CompressionMethod::Deflate,
        are_differences: true,
    };
    let whole = laid_out(samples_of(&pictures()[0]), None, layout);
    let name = Path::new("a.tif");
    let mut told = 0;
    for at in (8..whole.len() - 400).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at..at + 24].fill(0xff);
        let Ok(mut file) = TiffFile::open((&bytes).into(), name, Limits::default()) else {
            continue;
        };
        let Ok(Some(mut page)) = file.deep_page_of_any_size((23, 17)) else {
            continue;
        };
        let found = picture(&mut page, BitDepth::Auto, Orientation::NoTransforms, name);
        if let Err(error) = found {
            assert!(
                error.to_string().contains("damaged or incomplete"),
                "{error}"
            );
            told += 1;
        }
    }
    assert!(told > 3, "{told}");
}

//! Pictures behind pictures: streams of frames, multi-picture files of phones, and what these put behind a picture
//! that shows nothing new.

use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};
use oddspot::images::{ImageFile, Reading};

use crate::{encoded, picture, read, refused};

fn file(seed: u32, format: ImageFormat) -> Vec<u8> {
    encoded(&DynamicImage::ImageRgb8(picture(seed)), format)
}

fn jpeg(seed: u32) -> Vec<u8> {
    file(seed, ImageFormat::Jpeg)
}

/// Each picture of a file, or why there is none.
fn found(bytes: &[u8]) -> Vec<Result<RgbImage, String>> {
    let name = Path::new("several");
    let pages = Reading::default().pages(bytes, name).unwrap();
    let count = pages.total();
    let found: Vec<_> = pages
        .map(|page| {
            page.map(|page| page.image)
                .map_err(|error| error.to_string())
        })
        .collect();
    assert_eq!(found.len(), count);
    found
}

/// A JPEG with a segment behind its beginning.
fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, body, &jpeg[2..]].concat()
}

/// Two JPEGs in one file with an index that says the second's type.
fn indexed(second: &[u8], kind: u32) -> Vec<u8> {
    let index = |offset: u32| {
        let head = b"MPF\0MM\0*\0\0\0\x08\0\x01\xb0\x02\0\x07\0\0\0\x20\0\0\0\x1a\0\0\0\0";
        let entry = |kind: u32, offset: u32| {
            [kind.to_be_bytes(), [0; 4], offset.to_be_bytes(), [0; 4]].concat()
        };
        [&head[..], &entry(0x03_0000, 0), &entry(kind, offset)].concat()
    };
    let length = with_segment(&jpeg(1), 0xe2, &index(0)).len() as u32;
    // Counted from behind SOI, the segment's head and the index's name.
    let first = with_segment(&jpeg(1), 0xe2, &index(length - 10));
    [&first, second].concat()
}

#[test]
fn pictures_one_behind_the_other_are_each_given() {
    let both = |format: ImageFormat| [1, 2].map(|seed| file(seed, format));
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ] {
        let [first, second] = both(format);
        let alone = [&first, &second].map(|bytes| read(bytes).image);
        let several = [&first[..], &second].concat();
        let found: Vec<RgbImage> = found(&several).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, alone, "{format:?}");
        assert!(refused(&several).contains("it has 2 pictures, one behind the other"));
    }
    let [one, two, three] = [jpeg(1), file(2, ImageFormat::Png), jpeg(3)];
    let mixed = [
        &one[..],
        b"\r\n--frame\r\nContent-Type: image/png\r\n\r\n",
        &two,
        &[0; 99],
        &three,
    ];
    let found: Vec<RgbImage> = found(&mixed.concat())
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let alone = [&one, &two, &three].map(|bytes| read(bytes).image);
    assert_eq!(found, alone);
}

#[test]
fn a_frame_that_is_cut_does_not_hide_the_others() {
    let [first, second, third] = [jpeg(1), jpeg(2), jpeg(3)];
    for length in [second.len() - 2, second.len() / 2 + 200] {
        let pictures = found(&[&first[..], &second[..length], &third].concat());
        assert_eq!(pictures.len(), 3, "{length}");
        assert!(pictures[1].as_ref().unwrap_err().contains("damaged"));
        assert_eq!(pictures[2].as_ref().unwrap(), &read(&third).image);
    }
    for length in [2, 5, second.len() / 2 + 200, second.len() - 1] {
        let last = found(&[&first[..], &second[..length]].concat());
        assert!(
            last.len() == 2 && last[0].is_ok() && last[1].is_err(),
            "{length}"
        );
    }
}

#[test]
fn what_is_no_picture_behind_a_picture_is_passed_over() {
    let alone = read(&jpeg(1)).image;
    let mut film = b"\0\0\0\x18ftypmp42 a film \xff\xd8 of some seconds \xff\xd8\xff\x01".to_vec();
    film.extend((0..4000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8));
    for tail in [&[0; 500][..], b"\xff\xff\xff", &film] {
        assert_eq!(read(&[&jpeg(1)[..], tail].concat()).image, alone);
    }
    let png = file(1, ImageFormat::Png);
    assert_eq!(read(&[&png[..], b"more"].concat()).image, picture(1));
    // A thumbnail within a segment is none either.
    let thumbnail = with_segment(&jpeg(1), 0xe1, &[b"Exif\0\0", &jpeg(2)[..]].concat());
    assert_eq!(read(&thumbnail).image, alone);
}

#[test]
fn of_a_multi_picture_file_previews_and_gain_maps_are_no_pictures() {
    let alone = read(&jpeg(1)).image;
    for preview in [0x01_0001, 0x01_0002] {
        assert_eq!(read(&indexed(&jpeg(2), preview)).image, alone);
    }
    let gain_map = with_segment(
        &jpeg(2),
        0xe1,
        b"http://ns.adobe.com/xap/1.0/\0 xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\"",
    );
    assert_eq!(read(&indexed(&gain_map, 0)).image, alone);
    // Two photographs, each with a gain map that it speaks of as well.
    let words =
        b"http://ns.adobe.com/xap/1.0/\0 xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\"";
    let photograph = with_segment(&indexed(&gain_map, 0), 0xe1, words);
    let both = found(&[&photograph[..], &photograph].concat());
    assert_eq!(both, [Ok(alone.clone()), Ok(alone.clone())]);
    // Another exposure, another angle.
    for kind in [0, 0x02_0003, 0x03_0000] {
        let bytes = indexed(&jpeg(2), kind);
        assert_eq!(found(&bytes)[1].as_ref().unwrap(), &read(&jpeg(2)).image);
        assert!(refused(&bytes).contains("it has 2 pictures"));
    }
}

#[test]
fn large_files_hide_nothing_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let padding = vec![0; 17 << 20];
    for (format, is_read) in [(ImageFormat::Jpeg, true), (ImageFormat::Png, false)] {
        let [first, second] = [1, 2].map(|seed| file(seed, format));
        std::fs::write(&path, [&first[..], &padding, &second].concat()).unwrap();
        let opened = ImageFile::open(&path).unwrap();
        let pages = Reading::default().pages(&opened, &path);
        match is_read {
            true => assert_eq!(pages.unwrap().count(), 2),
            false => {
                let error = pages.err().unwrap().to_string();
                assert!(error.contains("another picture lies behind"), "{error}");
            }
        }
    }
}

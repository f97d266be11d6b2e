//! JPEG frames as cameras send them.

use image::{DynamicImage, ImageFormat};

use crate::{encoded, picture, read, refused};

fn jpeg() -> Vec<u8> {
    encoded(&DynamicImage::ImageRgb8(picture(5)), ImageFormat::Jpeg)
}

/// The same file with each segment before the pixels given to a function, and its marker.
fn rewritten(jpeg: &[u8], segment: impl Fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    let mut at = 2;
    loop {
        let marker = jpeg[at + 1];
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        let end = at + 2 + length;
        file.extend(segment(marker, &jpeg[at..end]));
        at = end;
        if marker == 0xda {
            file.extend(&jpeg[at..]);
            return file;
        }
    }
}

#[test]
fn a_frame_without_tables_is_read_by_those_of_the_standard() {
    let whole = jpeg();
    let frame = rewritten(&whole, |marker, segment| match marker {
        0xc4 => Vec::new(),
        _ => segment.to_vec(),
    });
    assert!(frame.len() < whole.len() - 400);
    assert_eq!(read(&frame).image, read(&whole).image);
}

#[test]
fn stray_bytes_between_segments_are_passed_over() {
    let whole = jpeg();
    for stray in [
        &[0][..],
        &[1, 2, 3, 4, 5, 6, 7],
        &[0xff, 0],
        &[0xff, 0xff, 0xff],
    ] {
        let strayed = rewritten(&whole, |_, segment| [stray, segment].concat());
        assert_eq!(read(&strayed).image, read(&whole).image, "{stray:?}");
    }
}

#[test]
fn a_frame_that_is_cut_stays_refused() {
    let frame = rewritten(&jpeg(), |marker, segment| match marker {
        0xc4 => vec![7, 7],
        _ => segment.to_vec(),
    });
    for length in (40..frame.len() - 2).step_by(9) {
        assert!(refused(&frame[..length]).contains("damaged"), "{length}");
    }
}

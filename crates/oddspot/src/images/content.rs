//! Whether a file is an image by its first bytes, whatever it is called.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ::image::{ImageFormat, guess_format};

/// Bytes that are looked at.
const START: u64 = 512;

/// Beginnings of image files that are not read, and where they stand.
const OTHERS: [(usize, &[u8]); 10] = [
    (0, b"\0\0\0\x0cjP  "),   // JPEG 2000
    (0, b"\xff\x4f\xff\x51"), // its codestream
    (0, b"\0\0\0\x0cJXL "),   // JPEG XL
    (0, b"\xff\x0a"),         // its codestream
    (0, b"II\x2b\0"),         // BigTIFF
    (0, b"MM\0\x2b"),         // BigTIFF
    (0, b"8BPS"),             // Photoshop
    (0, b"SIMPLE  = "),       // FITS
    (4, b"ftyphei"),          // HEIC
    (128, b"DICM"),           // DICOM
];

/// Sizes of the header that follows on a bitmap's first 14 bytes.
const BITMAP_HEADERS: [u32; 7] = [12, 40, 52, 56, 64, 108, 124];

/// Whether a file begins as images do, of formats that are read or not; false where it cannot be opened.
pub fn begins_like_an_image(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    read.is_ok() && is_image(&start)
}

fn is_image(start: &[u8]) -> bool {
    let stands =
        |&(at, bytes): &(usize, &[u8])| start.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    match guess_format(start) {
        // Two letters begin many a text too.
        Ok(ImageFormat::Bmp) => {
            let header = start.get(14..).and_then(|rest| rest.first_chunk());
            header.is_some_and(|size| BITMAP_HEADERS.contains(&u32::from_le_bytes(*size)))
        }
        Ok(ImageFormat::Pnm) => is_anymap(start),
        Ok(_) => true,
        Err(_) => OTHERS.iter().any(stands),
    }
}

/// PBM, PGM, PPM or PAM: after two letters white space, then a number, a comment, or PAM's first word.
fn is_anymap(start: &[u8]) -> bool {
    let rest = start.get(2..).unwrap_or_default();
    let text = rest.trim_ascii_start();
    let follows = text.first();
    text.len() < rest.len()
        && (follows.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'#')
            || text.starts_with(b"WIDTH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_their_first_bytes_and_texts_are_not() {
        let mut bitmap = b"BM".to_vec();
        bitmap.extend([54_u32, 0, 54, 40].map(u32::to_le_bytes).concat());
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        for image in [
            &b"\x89PNG\r\n\x1a\n"[..],
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"GIF89a\x01\0",
            b"P5\n# made up\n4 4\n255\n",
            b"P6 4 4 255 ",
            b"P7\nWIDTH 4\n",
            b"\0\0\0\x0cjP  \r\n\x87\n",
            b"II\x2b\0\x08\0\0\0",
            &bitmap,
            &dicom,
        ] {
            assert!(is_image(image), "{image:?}");
        }
        for other in [
            &b""[..],
            b"BMW parts, delivered on Monday",
            b"P5 is the fifth part",
            b"P1",
            b"%PDF-1.4",
            b"path,split,label\n",
            b"{\"image\": 1}",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ] {
            assert!(!is_image(other), "{other:?}");
        }
    }
}

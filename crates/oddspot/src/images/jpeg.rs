//! What cameras leave out of a JPEG, and put into it, set right before it is decoded.

use std::borrow::Cow;
use std::path::Path;

use super::refusal::unsupported;
use crate::error::Result;

/// The marker of Huffman tables.
const DHT: u8 = 0xc4;
/// The marker of a scan, after which the compressed pixels come.
const SOS: u8 = 0xda;
/// The beginning.
const SOI: u8 = 0xd8;
/// The end.
const EOI: u8 = 0xd9;

/// The bytes as a strict decoder wants them: nothing between the segments, and the standard's Huffman
/// tables where a frame of Motion JPEG has none.
///
/// # Errors
/// A JPEG of a kind that is not read, by its name.
pub(super) fn mended<'a>(bytes: &'a [u8], name: &Path) -> Result<Cow<'a, [u8]>> {
    let mut segments: Vec<&[u8]> = vec![bytes.get(..2).unwrap_or_default()];
    let (mut at, mut stray, mut has_tables, mut huffman) = (2, false, false, false);
    // A file that is cut is left to the decoder, which tells it.
    while let Some((start, marker)) = next_marker(bytes, at) {
        stray |= start != at;
        let length = match bytes.get(start + 2..start + 4) {
            Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
            _ => return Ok(Cow::Borrowed(bytes)),
        };
        let Some(segment) = bytes.get(start..start + 2 + length) else {
            return Ok(Cow::Borrowed(bytes));
        };
        if is_frame(marker) {
            check_frame(marker, segment, name)?;
            huffman = matches!(marker, 0xc0 | 0xc1);
        }
        has_tables |= marker == DHT;
        if marker == SOS {
            let lacks = huffman && !has_tables;
            if !stray && !lacks {
                return Ok(Cow::Borrowed(bytes));
            }
            if lacks {
                segments.push(&STANDARD_TABLES);
            }
            segments.push(&bytes[start..]);
            return Ok(Cow::Owned(segments.concat()));
        }
        segments.push(segment);
        at = start + 2 + length;
    }
    Ok(Cow::Borrowed(bytes))
}

/// Where the next segment begins, from a place on, and its marker; none at the end.
fn next_marker(bytes: &[u8], from: usize) -> Option<(usize, u8)> {
    let mut rest = bytes.get(from..)?.windows(2).enumerate();
    rest.find_map(|(at, pair)| match *pair {
        // Restarts, a second start and stuffed bytes have no segment: they are stray here.
        [0xff, 0x00..=0xbf | 0xd0..=0xd8 | 0xff] => None,
        [0xff, EOI] => Some(None),
        [0xff, marker] => Some(Some((from + at, marker))),
        _ => None,
    })?
}

/// Whether a marker begins a frame: how the pixels are compressed.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7)
}

/// Refuses what no decoder here reads, by its name.
fn check_frame(marker: u8, segment: &[u8], name: &Path) -> Result<()> {
    let kind = match marker {
        0xc0..=0xc2 => match segment.get(4) {
            Some(8) | None => return Ok(()),
            Some(bits) => format!("it is a JPEG of {bits} bits a sample, of which 8 are read"),
        },
        0xc3 => "it is a lossless JPEG, which is not read".to_owned(),
        0xf7 => "it is a JPEG-LS image, which is not read".to_owned(),
        0xc9..=0xcb => "it is a JPEG with arithmetic coding, which is not read".to_owned(),
        _ => "it is a hierarchical JPEG, which is not read".to_owned(),
    };
    Err(unsupported(name, kind))
}

/// Where a JPEG ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Behind its end marker, or where another one begins within it, or the end of the bytes.
    pub at: usize,
    /// Whether the markers lead to the end marker: the decoder, strict as it is, does not miss the last few bytes.
    pub whole: bool,
}

/// Where a JPEG ends that begins with the bytes.
pub(super) fn end_of(bytes: &[u8]) -> End {
    let (mut at, mut has_scan) = (2, false);
    while let Some(rest) = bytes.get(at..) {
        let Some(next) = rest.iter().position(|&byte| byte == 0xff) else {
            break;
        };
        at += next;
        at += match bytes.get(at + 1..).unwrap_or_default() {
            [EOI, ..] => {
                return End {
                    at: at + 2,
                    whole: true,
                };
            }
            // A frame that was cut, in a stream of them.
            [SOI, 0xff, ..] if has_scan => return End { at, whole: false },
            [0xff, ..] => 1,
            // A stuffed zero, a restart, or a start that is given twice.
            [0x00 | 0x01 | 0xd0..=SOI, ..] => 2,
            [marker, high, low, ..] => {
                has_scan |= *marker == SOS;
                2 + usize::from(u16::from_be_bytes([*high, *low]))
            }
            _ => 2,
        };
    }
    End {
        at: bytes.len(),
        whole: false,
    }
}

/// Whether a JPEG begins here, by its first segment: any bytes may be like its first two.
pub(super) fn begins_jpeg(bytes: &[u8]) -> bool {
    let &[
        0xff,
        SOI,
        0xff,
        DHT | 0xdb | 0xdd | 0xc0..=0xc2 | 0xe0..=0xef | 0xfe,
        ref rest @ ..,
    ] = bytes
    else {
        return false;
    };
    let Some(length) = rest.first_chunk().map(|pair| u16::from_be_bytes(*pair)) else {
        return true;
    };
    let next = rest.get(usize::from(length));
    length >= 2 && next.is_none_or(|&byte| byte == 0xff)
}

/// The segment of the Huffman tables in Annex K of ITU-T T.81.
#[rustfmt::skip]
const STANDARD_TABLES: [u8; 420] = [
    0xff, 0xc4, 0x01, 0xa2, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00,
    0x01, 0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51,
    0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
    0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26,
    0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47,
    0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67,
    0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,
    0xf7, 0xf8, 0xf9, 0xfa, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01,
    0x02, 0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07,
    0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33,
    0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19,
    0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46,
    0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66,
    0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
    0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,
    0xf7, 0xf8, 0xf9, 0xfa,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    }

    #[test]
    fn a_whole_file_stays_as_it_is() {
        let whole = [
            vec![0xff, 0xd8],
            segment(0xc0, &[8, 0, 1, 0, 1, 1]),
            segment(DHT, &[0]),
            segment(SOS, &[0]),
            vec![1, 2, 0xff, 0xd9],
        ]
        .concat();
        let mended = mended(&whole, Path::new("")).unwrap();
        assert!(matches!(mended, Cow::Borrowed(bytes) if bytes == whole));
    }

    #[test]
    fn stray_bytes_go_and_missing_tables_come() {
        let frame = segment(0xc0, &[8, 0, 1, 0, 1, 1]);
        let scan = [segment(SOS, &[0]), vec![1, 2, 0xff, 0xd9]].concat();
        let camera = [
            &[0xff, 0xd8, 0, 7, 0xff, 0, 0xff][..],
            &frame,
            &[9, 9],
            &scan,
        ]
        .concat();
        let expected = [&[0xff, 0xd8][..], &frame, &STANDARD_TABLES, &scan].concat();
        assert_eq!(*mended(&camera, Path::new("")).unwrap(), expected);
    }

    #[test]
    fn other_kinds_of_jpeg_are_named() {
        for (marker, bits, word) in [
            (0xc1, 12, "12 bits a sample"),
            (0xc3, 8, "lossless"),
            (0xc9, 8, "arithmetic"),
            (0xf7, 8, "JPEG-LS"),
        ] {
            let file = [
                vec![0xff, 0xd8],
                segment(marker, &[bits, 0, 1, 0, 1, 1]),
                segment(SOS, &[0]),
            ]
            .concat();
            let error = mended(&file, Path::new("a.jpg")).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn any_cut_is_left_to_the_decoder() {
        let file = [
            vec![0xff, 0xd8],
            segment(0xc0, &[8, 0, 1, 0, 1, 1]),
            segment(SOS, &[0]),
        ]
        .concat();
        for length in 0..file.len() {
            let cut = &file[..length];
            assert!(
                matches!(mended(cut, Path::new("")).unwrap(), Cow::Borrowed(bytes) if bytes == cut)
            );
        }
    }
}

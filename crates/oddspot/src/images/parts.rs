//! Pictures that lie one behind the other in a file, as streams of cameras and multi-picture files of phones
//! have them.

use std::collections::HashSet;

use super::jpeg::{self, begins_jpeg};
use super::mpf;

/// How a PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Sizes of the header that follows on a bitmap's first 14 bytes.
const BITMAP_HEADERS: [u32; 7] = [12, 40, 52, 56, 64, 108, 124];
/// Bytes of a beginning that are looked at.
pub(super) const BEGINNING: usize = 64;

/// The pictures of a file that is in memory, each with what lies behind it up to the next one; at most so many.
/// Previews and gain maps that a file of several pictures names as such are none.
pub(super) fn parts(bytes: &[u8], most: usize) -> Vec<&[u8]> {
    let mut starts = vec![0];
    while let (Some(&start), true) = (starts.last(), starts.len() <= most) {
        let rest = bytes.get(start..).unwrap_or_default();
        match next_start(rest) {
            Some(next) => starts.push(start + next),
            None => break,
        }
    }
    let previews = |&start: &usize| {
        let picture = bytes.get(start..).unwrap_or_default();
        mpf::previews(picture).into_iter().map(move |at| start + at)
    };
    let previews: HashSet<usize> = starts.iter().flat_map(previews).collect();
    let ends = starts.iter().copied().skip(1).chain([bytes.len()]);
    let parts = starts.iter().zip(ends).filter_map(|(&start, end)| {
        let part = bytes.get(start..end)?;
        let is_aside = previews.contains(&start) || mpf::is_auxiliary(part);
        (start == 0 || !is_aside).then_some(part)
    });
    parts.collect()
}

/// Where a picture begins behind the first one; none if that is the last.
fn next_start(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\xff\xd8") {
        let end = jpeg::end_of(bytes).at;
        return found_behind(bytes, end);
    }
    if bytes.starts_with(PNG) {
        return found_behind(bytes, end_of_png(bytes)?);
    }
    let follows = |&end: &usize| bytes.get(end..).is_some_and(begins);
    ends(bytes, bytes.len() as u64)
        .into_iter()
        .filter_map(|end| usize::try_from(end).ok())
        .find(follows)
}

/// Where a bitmap or a WebP image may end, by its header: some programs write a wrong length.
pub(super) fn ends(start: &[u8], length: u64) -> Vec<u64> {
    let number = |at: usize| {
        let four = start.get(at..)?.first_chunk()?;
        Some(u64::from(u32::from_le_bytes(*four)))
    };
    let mut ends = Vec::new();
    if start.starts_with(b"RIFF") {
        // Chunks are padded to even lengths.
        ends.extend(number(4).map(|size| 8 + size + size % 2));
    } else if start.starts_with(b"BM") {
        ends.extend(number(2));
        let rows = || {
            let (width, bits) = (number(18)?, number(28)? & 0xffff);
            let height = (number(22)? as i32).unsigned_abs();
            let row = (width * bits).div_ceil(32) * 4;
            number(10)?.checked_add(row.checked_mul(height.into())?)
        };
        ends.extend(rows());
    }
    ends.retain(|&end| end >= 26 && end < length);
    ends
}

/// Whether an image begins here, of a format that is read.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let is_bitmap = || {
        let header = bytes.get(14..).and_then(|rest| rest.first_chunk());
        bytes.starts_with(b"BM")
            && header.is_some_and(|size| BITMAP_HEADERS.contains(&u32::from_le_bytes(*size)))
    };
    bytes.starts_with(PNG)
        || bytes.starts_with(b"\xff\xd8")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
        || is_bitmap()
}

/// Where an image begins at or behind a place: a JPEG or a PNG anywhere, another one there alone.
fn found_behind(bytes: &[u8], end: usize) -> Option<usize> {
    let tail = bytes.get(end..)?;
    if begins(tail) {
        return Some(end);
    }
    let begins = |&at: &usize| {
        let rest = &tail[at..];
        rest.starts_with(PNG) || begins_jpeg(rest)
    };
    (0..tail.len()).find(begins).map(|at| end + at)
}

/// Where a PNG ends; none of one that is cut.
fn end_of_png(bytes: &[u8]) -> Option<usize> {
    let mut at = PNG.len();
    loop {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        let name = bytes.get(at + 4..at + 8)?;
        // The length, the name and a sum of checks.
        at = at
            .checked_add(usize::try_from(length).ok()?)?
            .checked_add(12)?;
        if name == b"IEND" {
            return (at <= bytes.len()).then_some(at);
        }
    }
}

//! What a PNG says of itself beside its size, and how many pictures it has: an animation may have one of its own
//! for programs that know no animations.

use std::io::{self, SeekFrom};
use std::path::Path;

use super::image_file::{Content, Seekable};
use super::refusal::damaged;
use crate::error::Result;

/// Bytes of the signature.
const SIGNATURE: u64 = 8;

/// What a PNG says of itself.
#[derive(Default)]
pub(super) struct About {
    /// Pictures of an animation; 0 of none.
    pub frames: usize,
    /// Whether its first picture is none of the animation.
    pub has_default: bool,
    /// Bits in use of each sample.
    pub bits: Option<u8>,
    /// Where it ends; none of one that is cut.
    pub end: Option<u64>,
}

/// Reads that.
///
/// # Errors
/// An animation of another number of frames than it says.
pub(super) fn about(content: Content, name: &Path) -> Result<About> {
    // A header that cannot be read is left to the decoder, which tells it.
    let reader = content.reader().ok();
    let reader = reader.and_then(|reader| png::Decoder::new(reader).read_info().ok());
    let Some(reader) = reader else {
        return Ok(About::default());
    };
    let info = reader.info();
    let said = (info.animation_control).map_or(0, |one| one.num_frames as usize);
    let bits = (info.sbit.as_ref()).and_then(|bits| bits.iter().copied().max());
    let found = chunks(&mut *content.reader()?).unwrap_or_default();
    if found.end.is_some() && found.frames != said {
        let reason = format!(
            "it says that it has {said} frames, and has {}",
            found.frames
        );
        return Err(damaged(name, reason));
    }
    Ok(About {
        frames: said,
        has_default: said > 0 && !found.begins_with_frame,
        bits,
        end: found.end,
    })
}

/// What its chunks are.
#[derive(Default)]
struct Chunks {
    frames: usize,
    begins_with_frame: bool,
    end: Option<u64>,
}

fn chunks(from: &mut dyn Seekable) -> io::Result<Chunks> {
    let length_of_all = from.seek(SeekFrom::End(0))?;
    from.seek(SeekFrom::Start(SIGNATURE))?;
    let mut found = Chunks::default();
    let (mut at, mut has_pixels) = (SIGNATURE, false);
    let mut head = [0; 8];
    while from.read_exact(&mut head).is_ok() {
        let [a, b, c, d, name @ ..] = head;
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        // The head, and a sum of checks.
        at += 8 + length + 4;
        match &name {
            b"fcTL" => {
                found.frames += 1;
                found.begins_with_frame |= !has_pixels;
            }
            b"IDAT" => has_pixels = true,
            b"IEND" => {
                found.end = (at <= length_of_all).then_some(at);
                break;
            }
            _ => {}
        }
        // Small chunks lie in what was read with those before them.
        from.seek_relative(i64::from(u32::from_be_bytes([a, b, c, d])) + 4)?;
    }
    Ok(found)
}

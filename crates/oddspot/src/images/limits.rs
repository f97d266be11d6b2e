//! How large an image may claim to be.

use std::path::Path;

use super::refusal::damaged;
use crate::error::{Error, ErrorKind, Result};

/// The most pixels that an image may claim, unless the settings say otherwise (100 megapixels): decoded
/// they take 300 MB.
pub const MAX_PIXELS: u64 = 100_000_000;
/// The most pixels that an image may claim along one side, unless the settings say otherwise.
pub const MAX_SIDE: u32 = 30_000;

/// How large an image may claim to be. A larger one is refused by its header, before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels.
    pub pixels: u64,
    /// Pixels along one side.
    pub side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels: MAX_PIXELS,
            side: MAX_SIDE,
        }
    }
}

impl Limits {
    /// Any size: for heads alone, of which nothing is decoded.
    pub(crate) const NONE: Self = Self {
        pixels: u64::MAX >> 8,
        side: u32::MAX,
    };

    /// Refuses a size that a file claims, as (width, height), or an image in memory has.
    ///
    /// # Errors
    /// A size beyond the limits, or of no pixels.
    pub fn check(self, (width, height): (u32, u32), name: &Path) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(damaged(name, "it claims to have no pixels"));
        }
        if width.max(height) > self.side || u64::from(width) * u64::from(height) > self.pixels {
            let reason = format!(
                "it claims {width}x{height} pixels, more than {} on a side or {} megapixels: \
                 scale it down or cut it into parts",
                self.side,
                self.pixels as f64 / 1e6
            );
            return Err(Error::image(name, reason).of_kind(ErrorKind::TooLarge));
        }
        Ok(())
    }

    /// What a decoder may allocate: 16-bit RGBA, and its work space.
    pub(super) fn decoder_bytes(self) -> u64 {
        self.pixels * 8 + (200 << 20)
    }
}

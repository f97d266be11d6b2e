//! How image files are read, as settings.

use super::spelling::Spelling;
use crate::images::{BitDepth, Limits, MAX_PIXELS, MAX_SIDE, Reading};

/// Pixels of a megapixel.
const MEGA: u64 = 1_000_000;
/// Megapixels that an image may have, without being set.
pub(super) const MEGAPIXELS: usize = (MAX_PIXELS / MEGA) as usize;
/// Pixels that an image may have along a side, without being set.
pub(super) const SIDE: usize = MAX_SIDE as usize;

impl Spelling for BitDepth {
    type Number = u8;
    const PLACEHOLDER: &'static str = "auto|BITS";

    fn numbers(&self) -> Vec<u8> {
        match self {
            Self::Auto => Vec::new(),
            Self::Of(bits) => vec![*bits],
        }
    }

    fn spell(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl super::Settings {
    /// How they read image files.
    pub fn reading(&self) -> Reading {
        Reading {
            limits: Limits {
                pixels: self.max_megapixels as u64 * MEGA,
                side: u32::try_from(self.max_side).unwrap_or(u32::MAX),
            },
            bit_depth: self.bit_depth,
        }
    }
}

/// What files do not say: a model stays as it was before there were these settings.
pub(super) fn usual_megapixels() -> usize {
    MEGAPIXELS
}

/// Whether a file need not say it.
pub(super) fn is_usual_megapixels(megapixels: &usize) -> bool {
    *megapixels == MEGAPIXELS
}

/// As [`usual_megapixels`].
pub(super) fn usual_side() -> usize {
    SIDE
}

/// As [`is_usual_megapixels`].
pub(super) fn is_usual_side(side: &usize) -> bool {
    *side == SIDE
}

//! Where tiles lie: a dilated convolution is one plain convolution per phase of its grid.

use super::matrices::OUT;
use crate::shape::Conv3x3;

/// The 4×4 output tiles of a convolution: image by image, phase by phase, row by row. Pixels of
/// one phase are `dilation` apart, so that each phase is a plain 3×3 convolution, and the phase
/// of pixel (0, 0) is tiled as the strided map would be.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    conv: Conv3x3,
    rows: usize,
    columns: usize,
}

/// A tile's place.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    /// Index of the image's first position.
    pub image: usize,
    /// Of its first output pixel.
    pub row: usize,
    /// Of its first output pixel.
    pub column: usize,
}

impl Tiles {
    pub fn new(conv: Conv3x3) -> Self {
        let per_axis = |size: usize| size.div_ceil(conv.dilation).div_ceil(OUT);
        Self {
            conv,
            rows: per_axis(conv.input.height),
            columns: per_axis(conv.input.width),
        }
    }

    pub fn count(&self) -> usize {
        // Phases past the last pixel have no tiles.
        self.conv.input.batch * self.phases() * self.rows * self.columns
    }

    fn phases(&self) -> usize {
        let (down, across) = self.phase_grid();
        down * across
    }

    fn phase_grid(&self) -> (usize, usize) {
        let dilation = self.conv.dilation;
        (
            dilation.min(self.conv.input.height),
            dilation.min(self.conv.input.width),
        )
    }

    #[inline(always)]
    pub fn origin(&self, tile: usize) -> Origin {
        let (down, across) = self.phase_grid();
        let column = tile % self.columns;
        let rest = tile / self.columns;
        let row = rest % self.rows;
        let rest = rest / self.rows;
        let phase = rest % (down * across);
        let image = rest / (down * across);
        let step = OUT * self.conv.dilation;
        Origin {
            image: image * self.conv.input.height * self.conv.input.width,
            row: row * step + phase / across,
            column: column * step + phase % across,
        }
    }

    /// The index of the position of a tile's output pixel (i, j), if it lies in the map.
    #[inline(always)]
    pub fn output(&self, origin: Origin, i: usize, j: usize) -> Option<usize> {
        let row = origin.row + i * self.conv.dilation;
        let column = origin.column + j * self.conv.dilation;
        (row < self.conv.input.height && column < self.conv.input.width)
            .then(|| origin.image + row * self.conv.input.width + column)
    }

    /// The same of its input pixel (i, j), which lies one tap before the outputs.
    #[inline(always)]
    pub fn input(&self, origin: Origin, i: usize, j: usize) -> Option<usize> {
        // Left of or above the map wraps to a huge number, which is outside too.
        let row = (origin.row + i * self.conv.dilation).wrapping_sub(self.conv.dilation);
        let column = (origin.column + j * self.conv.dilation).wrapping_sub(self.conv.dilation);
        (row < self.conv.input.height && column < self.conv.input.width)
            .then(|| origin.image + row * self.conv.input.width + column)
    }
}

//! The features of all good images, wherever they are kept.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::error::Result;

/// The features of all good images at the places of a grid, one piece after the other; an image that is looked
/// at whole is its only piece.
pub trait GoodFeatures {
    /// How many pieces there are.
    fn pieces(&self) -> usize;

    /// The image that a piece is of; those of an image stand one after the other, and images are counted from
    /// 0.
    fn image_of(&self, piece: usize) -> usize;

    /// A piece's features, `[rows, columns, channels]`.
    ///
    /// # Errors
    /// Features that cannot be read.
    fn piece(&mut self, index: usize) -> Result<&[f16]>;

    /// Takes note of how far a fit to them is, in parts of its own.
    ///
    /// # Errors
    /// The fit is to end.
    fn fitted(&mut self, _done: usize, _total: usize) -> Result<()> {
        Ok(())
    }
}

/// The image of each piece.
pub(crate) fn images_of(good: &dyn GoodFeatures) -> Vec<usize> {
    (0..good.pieces())
        .map(|piece| good.image_of(piece))
        .collect()
}

/// Features in single precision.
pub(crate) fn single(halves: &[f16], to: &mut Vec<f32>) {
    to.resize(halves.len(), 0.0);
    halves.convert_to_f32_slice(to);
}

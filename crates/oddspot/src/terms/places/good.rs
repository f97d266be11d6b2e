//! The features of all good images, wherever they are kept.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::error::Result;

/// The features of all good images at the places of a grid, one image after the other.
pub trait GoodFeatures {
    /// How many images there are.
    fn images(&self) -> usize;

    /// An image's features, `[rows, columns, channels]`.
    ///
    /// # Errors
    /// Features that cannot be read.
    fn image(&mut self, index: usize) -> Result<&[f16]>;
}

/// Features in single precision.
pub(crate) fn single(halves: &[f16], to: &mut Vec<f32>) {
    to.resize(halves.len(), 0.0);
    halves.convert_to_f32_slice(to);
}

//! What happens to a layer's sums on their way to the output.

use crate::shape::{Result, ShapeError};

/// Where and how a layer writes its channels. The default writes them as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epilogue {
    /// Whether negative values become 0.
    pub relu: bool,
    /// Whether to add to what is there instead of replacing it (after the ReLU).
    pub add: bool,
    /// Channels of the output's positions; 0 for as many as the layer has outputs.
    pub stride: usize,
    /// The output's channel that the layer's first one goes to.
    pub first: usize,
}

impl Epilogue {
    /// The layer's channels as they are, but for ReLU.
    pub const RELU: Self = Self {
        relu: true,
        add: false,
        stride: 0,
        first: 0,
    };

    /// Channels of a position of the output of a layer.
    ///
    /// # Errors
    /// The layer's channels do not fit into the position.
    pub(crate) fn row(&self, outputs: usize) -> Result<usize> {
        let stride = match self.stride {
            0 => outputs,
            stride => stride,
        };
        let needed = self.first.saturating_add(outputs);
        match needed <= stride {
            true => Ok(stride),
            false => Err(ShapeError::Length {
                what: "a position of the output",
                needed,
                found: stride,
            }),
        }
    }
}

//! Shapes of maps and convolutions, and the checks that stand before every kernel.

/// Why a kernel refused its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A slice does not have the length that the shape asks for.
    #[error("{what} has {found} values where its shape needs {needed}")]
    Length {
        /// Which argument.
        what: &'static str,
        /// Values that its shape needs.
        needed: usize,
        /// Values that it has.
        found: usize,
    },
    /// A size is 0.
    #[error("{what} is 0; every size must be at least 1")]
    Zero {
        /// Which size.
        what: &'static str,
    },
    /// A shape has more values than memory could hold.
    #[error("{what} has more values than memory can hold")]
    TooLarge {
        /// Which argument.
        what: &'static str,
    },
    /// Weights were prepared for another layer or another instruction set.
    #[error("the weights were prepared for {prepared}, not for {asked}")]
    Prepared {
        /// What they were prepared for.
        prepared: String,
        /// What was asked of them.
        asked: String,
    },
}

/// Result of a kernel.
pub type Result<T> = std::result::Result<T, ShapeError>;

/// Largest number of values of any one argument: byte offsets stay far from overflow, scratch
/// of several times the size included.
const MOST_VALUES: usize = match usize::BITS {
    0..64 => 1 << 24,
    _ => (1u64 << 40) as usize,
};

/// Largest distance of taps, strides and paddings: sums of them and of positions do not overflow.
pub(crate) const MOST_PIXELS: usize = 1 << 24;

/// A batch of maps, `[batch, height, width, channels]`, channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Images.
    pub batch: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl Shape {
    /// `[batch, height, width, channels]`.
    pub fn new(batch: usize, height: usize, width: usize, channels: usize) -> Self {
        Self {
            batch,
            height,
            width,
            channels,
        }
    }

    /// The same maps with other channels.
    pub fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }

    /// Positions of all maps: batch · height · width.
    pub fn positions(self) -> usize {
        self.batch * self.height * self.width
    }

    /// Values of all maps.
    ///
    /// # Errors
    /// A size of 0, or more values than memory can hold.
    pub fn count(self, what: &'static str) -> Result<usize> {
        count(what, &[self.batch, self.height, self.width, self.channels])
    }

    /// Checks the length of a slice of this shape.
    ///
    /// # Errors
    /// As [`count`](Self::count), or another length.
    pub(crate) fn check(self, what: &'static str, values: &[f32]) -> Result<()> {
        check_length(what, self.count(what)?, values)
    }
}

/// Product of sizes, checked.
pub(crate) fn count(what: &'static str, sizes: &[usize]) -> Result<usize> {
    if sizes.contains(&0) {
        return Err(ShapeError::Zero { what });
    }
    sizes
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .filter(|&product| product <= MOST_VALUES)
        .ok_or(ShapeError::TooLarge { what })
}

/// Checks a distance in pixels that may not be 0.
pub(crate) fn check_distance(what: &'static str, pixels: usize) -> Result<()> {
    count(what, &[pixels])?;
    match pixels <= MOST_PIXELS {
        true => Ok(()),
        false => Err(ShapeError::TooLarge { what }),
    }
}

pub(crate) fn check_length<T>(what: &'static str, needed: usize, values: &[T]) -> Result<()> {
    if values.len() == needed {
        return Ok(());
    }
    Err(ShapeError::Length {
        what,
        needed,
        found: values.len(),
    })
}

/// A 3×3 convolution of stride 1 with zero padding of `dilation` on every side ('same'): the
/// output has the input's height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv3x3 {
    /// The input's shape.
    pub input: Shape,
    /// Output channels.
    pub outputs: usize,
    /// Pixels between neighbouring taps.
    pub dilation: usize,
}

impl Conv3x3 {
    /// The output's shape.
    pub fn output(&self) -> Shape {
        self.input.with_channels(self.outputs)
    }

    /// The convolution whose forward pass, on rotated weights, is this one's input gradient.
    pub(crate) fn transposed(&self) -> Self {
        Self {
            input: self.output(),
            outputs: self.input.channels,
            dilation: self.dilation,
        }
    }

    /// Checks the sizes; everything else may then be computed without overflow.
    pub(crate) fn check(&self) -> Result<()> {
        self.input.count("the input")?;
        self.output().count("the output")?;
        check_distance("the dilation", self.dilation)?;
        count("the weight", &[self.outputs, self.input.channels, 36])?;
        Ok(())
    }

    pub(crate) fn weight_count(&self) -> usize {
        self.outputs * self.input.channels * 9
    }
}

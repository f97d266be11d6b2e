//! The image as it comes in, and as networks take it.

use std::fmt;
use std::str::FromStr;

use oddspot::images::{ImageSize, MEAN, STD};

use crate::graph::{Graph, Value};
use crate::region::Region;
use crate::schema::tensor_proto::DataType;

/// Name of the input.
pub const INPUT: &str = "image";

/// How pixels come in: RGB, of the model's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Layout {
    /// 8-bit levels, `[batch, height, width, 3]`.
    #[default]
    U8Nhwc,
    /// Levels over 255 as 32-bit floats, `[batch, 3, height, width]`.
    F32Nchw,
}

/// How many images come in at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// So many.
    Of(usize),
    /// As many as there are.
    Dynamic,
}

impl Layout {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8Nhwc => "u8-nhwc",
            Self::F32Nchw => "f32-nchw",
        }
    }

    /// The type of its values.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::U8Nhwc => DataType::Uint8,
            Self::F32Nchw => DataType::Float,
        }
    }

    /// Its axes behind that of the batch.
    pub(crate) fn axes(self, size: ImageSize) -> [usize; 3] {
        match self {
            Self::U8Nhwc => [size.height, size.width, 3],
            Self::F32Nchw => [3, size.height, size.width],
        }
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::U8Nhwc, Self::F32Nchw];
        let found = all.into_iter().find(|layout| layout.name() == text);
        found.ok_or_else(|| format!("'{text}' is neither u8-nhwc nor f32-nchw"))
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Images at a time, at most.
const MOST: usize = 1024;

impl FromStr for Batch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "dynamic" => Ok(Self::Dynamic),
            Ok(count) if (1..=MOST).contains(&count) => Ok(Self::Of(count)),
            _ => Err(format!(
                "'{text}' is neither a number from 1 to {MOST} nor dynamic"
            )),
        }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(count) => count.fmt(f),
            Self::Dynamic => f.pad("dynamic"),
        }
    }
}

/// The input as networks take it, `[batch, 3, height, width]`: normalised, and of one colour where the model has
/// ignored it since its training.
pub fn normalised(graph: &mut Graph, layout: Layout, region: Option<&Region>) -> Value {
    graph.enter("input");
    let mut x = Value::named(INPUT);
    if layout == Layout::U8Nhwc {
        x = graph.floats_of(&x);
        x = graph.transpose(&x, &[0, 3, 1, 2]);
        let white = graph.scalar(255.0);
        x = graph.div(&x, &white);
    }
    let shape = [1, 3, 1, 1];
    if let Some(region) = region {
        let constant = MEAN.map(|channel| (255.0 * channel).round() / 255.0);
        let constant = graph.floats("ignored", &shape, &constant);
        let inspected = region.flags(graph);
        x = graph.choose(&inspected, &x, &constant);
    }
    let mean = graph.floats("mean", &shape, &MEAN);
    let std = graph.floats("std", &shape, &STD);
    x = graph.sub(&x, &mean);
    graph.div(&x, &std)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_and_batches_read_as_they_print() {
        for layout in [Layout::U8Nhwc, Layout::F32Nchw] {
            assert_eq!(layout.to_string().parse(), Ok(layout));
        }
        for batch in [Batch::Of(1), Batch::Of(32), Batch::Dynamic] {
            assert_eq!(batch.to_string().parse(), Ok(batch));
        }
        for wrong in ["0", "-1", "1025", "any", ""] {
            assert!(wrong.parse::<Batch>().is_err(), "{wrong}");
        }
        assert!("u8-nchw".parse::<Layout>().is_err());
    }
}

//! Which pixels are inspected, of a model that ignores some.

use oddspot::error::{Error, ErrorKind, Result, Subject};
use oddspot::files::PackedTensors;
use oddspot::images::ImageSize;

use crate::graph::{Graph, Value};

/// Name of the model's tensor.
const INSPECT: &str = "region.inspect";

/// The pixels that are inspected, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    size: ImageSize,
    inspected: Vec<bool>,
}

impl Region {
    /// That of a model; None where all is inspected.
    ///
    /// # Errors
    /// One that was drawn after the training: what is ignored then depends on the image.
    pub fn of(packed: &PackedTensors, size: ImageSize) -> Result<Option<Self>> {
        let Some(tensor) = packed.get(INSPECT) else {
            return Ok(None);
        };
        if tensor.values.contains(&-1) {
            let reason = "it was given after the training, and what is ignored then depends on what each image shows; a \
                          graph knows the region that a model was trained with alone";
            return Err(Error::new(ErrorKind::Invalid, Subject::Region, reason));
        }
        let inspected = tensor.values.iter().map(|&value| value == 1);
        Ok(Some(Self {
            size,
            inspected: inspected.collect(),
        }))
    }

    /// Row by row.
    pub fn inspected(&self) -> &[bool] {
        &self.inspected
    }

    /// As a constant `[1, 1, height, width]`.
    pub fn flags(&self, graph: &mut Graph) -> Value {
        self.flags_and(graph, |_| true)
    }

    /// The same of those of which something else is true too, by their number.
    pub fn flags_and(&self, graph: &mut Graph, and: impl Fn(usize) -> bool) -> Value {
        let inspected = self.inspected.iter().enumerate();
        let flags: Vec<bool> = inspected
            .map(|(at, &inspected)| inspected && and(at))
            .collect();
        let shape = [1, 1, self.size.height, self.size.width];
        graph.flags("inspected", &shape, &flags)
    }
}

//! The terms of the score, each in a file of its own: an image's features to its errors.

mod gaussian;
mod memory;
mod position;
mod reconstruction;

use oddspot::error::{Error, ErrorKind, Result, Subject};
use oddspot::files::{NamedTensors, PackedTensors};
use oddspot::net::learned::Learned;
use oddspot::settings::Settings;
use oddspot::terms::Kind;
use oddspot::terms::channels::ChannelStatistics;
use oddspot::terms::places::PlaceGrid;

use crate::graph::{Graph, Value};
use crate::matrix::Matrix;

/// What terms are made from.
pub struct Parts<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The learned networks.
    pub learned: &'a Learned,
    /// Tensors of networks and terms.
    pub tensors: &'a NamedTensors,
    /// Those of 8 bits.
    pub packed: &'a PackedTensors,
    /// Statistics of the teacher's channels.
    pub statistics: &'a ChannelStatistics,
}

/// What is known of an image.
pub struct Seen {
    /// The teacher's levels, fine to coarse.
    pub teacher: Vec<Value>,
    /// The student's answers to them; none where nothing was learned.
    pub student: Vec<Value>,
    /// The student's features before the last head.
    pub trunk: Option<Value>,
    /// The grid of the closed-form terms and the features there, fine to coarse.
    pub places: Option<(PlaceGrid, Vec<Value>)>,
}

/// A term's error: the sum of maps `[batch, 1, rows, columns]`, each brought to the image's pixels.
pub struct Errors {
    /// Each with what brings its rows and its columns to those of the image.
    pub maps: Vec<(Value, [Matrix; 2])>,
    /// What each pixel of the sum is multiplied by, 0 where there is no evidence; nothing where all is evidence.
    pub evidence: Option<Vec<f32>>,
}

/// The errors of a term.
///
/// # Errors
/// A term that is not known here, or a tensor that is missing.
pub fn errors(graph: &mut Graph, kind: &Kind, parts: &Parts, seen: &Seen) -> Result<Errors> {
    graph.enter(kind.name);
    match kind.name {
        "reconstruction" => reconstruction::errors(graph, parts, seen),
        "position" => position::errors(graph, parts, seen),
        "gaussian" => gaussian::errors(graph, parts, seen),
        "memory" => memory::errors(graph, parts, seen),
        name => {
            let reason = format!("its term '{name}' has no form in ONNX");
            Err(Error::new(ErrorKind::Mismatch, Subject::Model, reason))
        }
    }
}

impl Parts<'_> {
    /// The values of a tensor.
    fn floats(&self, name: &str) -> Result<&[f32]> {
        let tensor = self.tensors.get(name).ok_or_else(|| lacks(name))?;
        Ok(&tensor.values)
    }

    /// The only value of a tensor.
    fn number(&self, name: &str) -> Result<f64> {
        let first = self.floats(name)?.first().copied();
        first.map(f64::from).ok_or_else(|| lacks(name))
    }

    /// The values of a tensor of 8 bits.
    fn bytes(&self, name: &str) -> Result<&[i8]> {
        let tensor = self.packed.get(name).ok_or_else(|| lacks(name))?;
        Ok(&tensor.values)
    }

    /// The image's rows and columns.
    fn size(&self) -> [usize; 2] {
        let size = self.settings.image_size;
        [size.height, size.width]
    }

    /// Bilinear resizing from a grid to the image.
    fn to_pixels(&self, [rows, columns]: [usize; 2]) -> [Matrix; 2] {
        let [height, width] = self.size();
        [
            Matrix::resizing(rows, height),
            Matrix::resizing(columns, width),
        ]
    }

    /// A closed-form term's map less what is usual at each place, and over its spread, as far as the model has these.
    fn by_place(&self, graph: &mut Graph, term: &str, grid: &PlaceGrid, map: Value) -> Errors {
        let shape = [1, 1, grid.rows, grid.columns];
        let mut map = map;
        for (part, op) in [("mean", "Sub"), ("std", "Div")] {
            if let Some(usual) = self.tensors.get(&format!("{term}.place.{part}")) {
                let usual = graph.floats(part, &shape, &usual.values);
                map = graph.node(op, &[&map, &usual], Vec::new());
            }
        }
        Errors {
            maps: vec![(map, self.to_pixels([grid.rows, grid.columns]))],
            evidence: None,
        }
    }
}

fn lacks(name: &str) -> Error {
    let reason = format!("it lacks the tensor '{name}'");
    Error::new(ErrorKind::Damaged, Subject::Model, reason)
}

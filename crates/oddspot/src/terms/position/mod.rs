//! `e_pos`: how wrongly a place lies among its neighbours, by a classifier that guesses in which of
//! eight directions a neighbouring patch lies. "In the wrong place".

mod classifier;
mod pair_errors;
mod pairs;
mod placement;

pub use classifier::first_layer;
pub(crate) use classifier::softmax;
pub use pair_errors::{LEAST_TRUST, pixel_weights};
pub use pairs::{DIRECTIONS, Pair, PatchGrid};
pub use placement::{NAMES, Neighbour, Placement};

use oddspot_conv::Workspace;

use super::{Fusing, Kind, Parts, Seen, Side, Term, TermMemory};
use crate::error::{Error, Result};
use crate::maps::ScoreMap;
use crate::settings::{Method, PairWeights};
use classifier::{Classifier, Memory};
use pair_errors::e_pos_at_pixels;

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "position",
    symbol: "e_pos",
    explained: "what the neighbours of each place would not expect there",
    side: Side::WrongPlace,
    used: |settings| settings.method == Method::Full,
    closed_form: false,
    leaves_out_likest: false,
    trust: |usual| sureness(usual.mean),
    fusing: |settings| Fusing {
        weight: settings.detection.pos_weight,
        least: settings.detection.pos_floor.least(),
        smoothing: settings.detection.pos_smoothing,
        without_evidence: true,
        levelled: false,
    },
    tensors: |_| Vec::new(),
    packed: |_| Vec::new(),
    make: |parts| Ok(Box::new(Position::new(parts)?)),
};

/// How much the classifier knows of where things lie: the square of how far it is from chance to always
/// right, by its mean error. Of a texture it can know next to nothing, and then it must not be heard.
fn sureness(mean_error: f64) -> f64 {
    let chance = 1.0 - 1.0 / DIRECTIONS.len() as f64;
    (1.0 - mean_error / chance).clamp(0.0, 1.0).powi(2)
}

struct Position {
    classifier: Classifier,
    grid: PatchGrid,
    pair_weights: PairWeights,
    /// Positions of the student's grid, rows and columns.
    positions: [usize; 2],
}

impl Position {
    fn new(parts: &Parts) -> Result<Self> {
        let settings = parts.settings;
        let (size, stride) = (settings.image_size, settings.student.output_stride);
        let slope = settings.position.negative_slope as f32;
        let head = &parts.learned.student()?.head;
        Ok(Self {
            classifier: Classifier::new(&Workspace::new(), parts.tensors, head, slope)?,
            grid: PatchGrid::of(settings),
            pair_weights: settings.detection.pair_weights,
            positions: [size.height / stride, size.width / stride],
        })
    }

    /// What is said of a position's neighbours.
    fn seen_from(
        &self,
        position: (usize, usize),
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Placement> {
        let (width, memory) = (self.positions[1], buffers(memory)?);
        (self.classifier).placement(workspace, width, &self.grid, position, memory)
    }
}

/// The direction back.
fn opposite(class: usize) -> usize {
    DIRECTIONS.len() - 1 - class
}

/// The four buffers of the classifier.
fn buffers(memory: &mut TermMemory) -> Result<Memory<'_>> {
    memory.buffers.resize_with(4, Vec::new);
    match memory.buffers.first_chunk_mut() {
        Some(buffers) => Ok(Memory(buffers)),
        None => Err(Error::internal("four buffers")),
    }
}

impl Term for Position {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn errors(
        &self,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Vec<ScoreMap>> {
        let trunk = (seen.trunk, self.positions);
        let pairs = (&self.grid, self.pair_weights);
        let map = (self.classifier).e_pos(workspace, trunk, pairs, buffers(memory)?)?;
        Ok(vec![map])
    }

    fn at_pixels(&self, errors: &[ScoreMap]) -> ScoreMap {
        match errors.first() {
            Some(map) => e_pos_at_pixels(map, &self.grid),
            None => ScoreMap::filled(0, 0, 0.0),
        }
    }

    fn placement(
        &self,
        pixel: (usize, usize),
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Option<Placement>> {
        let Some(position) = self.grid.nearest(pixel) else {
            return Ok(None);
        };
        // What is odd is told by who sees it best: the neighbour that most surely has it elsewhere.
        let mut best = self.seen_from(position, workspace, memory)?;
        let mut surest = 0.0;
        for class in self.grid.classes_at(position) {
            let beside = self.grid.neighbour(position, class);
            let placement = self.seen_from(beside, workspace, memory)?;
            let odd = opposite(class);
            let sure = placement
                .misplaced()
                .into_iter()
                .find(|found| found.lies == odd)
                .map_or(0.0, |found| found.probability);
            if sure > surest {
                (best, surest) = (placement, sure);
            }
        }
        Ok(Some(best))
    }
}

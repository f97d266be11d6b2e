//! `e_K`: how far a place's features lie from the nearest that any good image has there. "Looks wrong".
//!
//! Features are freed of their image's contrast, whitened level by level, side by side, and brought to their first principal components;
//! the good images' are kept in 8 bits.

mod among;
mod elsewhere;
mod fit;
mod projection;
mod scale;
mod tensors;

use oddspot_conv::linear::{LinearWeights, linear};
use oddspot_conv::nearest::{FARTHEST, nearest};
use oddspot_conv::{Epilogue, Workspace};

use super::places::{By, GoodFeatures, PlaceGrid, Usual};
use super::{Fusing, Kind, Parts, Seen, Side, Term, TermMemory};
use crate::error::{Error, Result};
use crate::files::{NamedTensors, PackedTensors};
use crate::images::ImageSize;
use crate::maps::ScoreMap;
use crate::net::forward::room;
use crate::settings::MemoryScale;

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "memory",
    symbol: "e_K",
    explained: "how far each place lies from the good image that is most like it there",
    side: Side::LooksWrong,
    used: |settings| settings.closed_form.memory_weight > 0.0,
    closed_form: true,
    leaves_out_likest: true,
    trust: |_| 1.0,
    fusing: |settings| Fusing {
        weight: settings.closed_form.memory_weight,
        least: f64::NEG_INFINITY,
        smoothing: settings.detection.smoothing,
        without_evidence: false,
        levelled: false,
    },
    tensors: tensors::specs,
    packed: tensors::packed_specs,
    make: |parts| Ok(Box::new(Memory::new(parts)?)),
};

/// What of its error is measured by place.
const BY: By = By::Mean;

/// The term.
struct Memory {
    size: ImageSize,
    grid: PlaceGrid,
    /// What features are divided by first.
    scale: MemoryScale,
    /// Components of a feature that are kept.
    components: usize,
    /// Rows at each place, at most.
    most: usize,
    fitted: Option<Fitted>,
    /// Of its error at each place.
    usual: Usual,
}

/// What it remembers.
struct Fitted {
    projection: Projection,
    /// `[places, pieces, components]`, in steps.
    rows: Vec<i8>,
    /// What is usual of [`elsewhere`] in good images.
    elsewhere: f32,
}

/// Places around a peak that are looked for elsewhere, at most.
const MOST_PLACES: usize = 8;

/// From features to components, in steps.
struct Projection {
    /// `[components, channels]`.
    weight: Vec<f32>,
    /// `[components]`.
    bias: Vec<f32>,
    /// Length of a step.
    step: f32,
    packed: LinearWeights,
}

impl Projection {
    fn new(weight: Vec<f32>, bias: Vec<f32>, step: f32) -> Result<Self> {
        let sizes = [bias.len(), weight.len() / bias.len().max(1)];
        let packed = LinearWeights::pack(Workspace::new().isa(), &weight, sizes)?;
        Ok(Self {
            weight,
            bias,
            step,
            packed,
        })
    }

    /// Components of features `[places, channels]`, rounded to steps within ± `farthest`.
    fn steps(
        &self,
        features: &[f32],
        farthest: i16,
        (workspace, buffer): (&mut Workspace, &mut Vec<f32>),
    ) -> Result<Vec<i16>> {
        let rows = features.len() * self.bias.len() / self.weight.len().max(1);
        let to = room(buffer, rows * self.bias.len());
        let plain = Epilogue::default();
        linear(
            workspace,
            rows,
            features,
            &self.packed,
            Some(&self.bias),
            plain,
            to,
        )?;
        let farthest = f32::from(farthest);
        let round = |value: &f32| (value / self.step).round().clamp(-farthest, farthest) as i16;
        Ok(to.iter().map(round).collect())
    }
}

impl Memory {
    fn new(parts: &Parts) -> Result<Self> {
        let settings = parts.settings;
        let grid = PlaceGrid::of(settings, &parts.learned.levels);
        Ok(Self {
            size: settings.image_size,
            scale: settings.closed_form.memory_scale,
            components: settings.closed_form.components.min(grid.channels()),
            most: settings.remembered(),
            fitted: tensors::read(parts)?,
            usual: Usual::read((KIND.name, BY), settings, &grid, parts.tensors)?,
            grid,
        })
    }

    /// Distances of squared steps.
    fn map(&self, squares: &[i32], step: f32) -> ScoreMap {
        ScoreMap {
            height: self.grid.rows,
            width: self.grid.columns,
            values: squares
                .iter()
                .map(|&square| step * (square as f32).sqrt())
                .collect(),
        }
    }
}

impl Term for Memory {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn errors(
        &self,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Vec<ScoreMap>> {
        let Some(Fitted {
            projection, rows, ..
        }) = &self.fitted
        else {
            return Ok(Vec::new());
        };
        memory.buffers.resize_with(2, Vec::new);
        let [features, components] = &mut memory.buffers[..] else {
            return Err(Error::internal("buffers of another term"));
        };
        features.clear();
        features.extend_from_slice(seen.places);
        scale::scaled(self.scale, &self.grid, features);
        let to = (&mut *workspace, components);
        let queries = projection.steps(features, FARTHEST, to)?;
        let mut squares = vec![0; self.grid.places()];
        nearest(
            workspace.isa(),
            self.components,
            rows,
            &queries,
            &mut squares,
        )?;
        let map = self.map(&squares, projection.step);
        (memory.steps, memory.squares) = (queries, squares);
        Ok(vec![map])
    }

    fn elsewhere(
        &self,
        pixels: &[(usize, usize)],
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Option<f64>> {
        let Some(fitted) = &self.fitted else {
            return Ok(None);
        };
        let stride = self.grid.stride;
        let squares = &memory.squares;
        let mut places: Vec<usize> = (pixels.iter())
            .map(|(row, column)| row / stride * self.grid.columns + column / stride)
            .filter(|&place| squares.get(place).is_some_and(|&square| square > 0))
            .collect();
        places.sort_unstable();
        places.dedup();
        places.sort_by_key(|&place| std::cmp::Reverse(squares[place]));
        places.truncate(MOST_PLACES);
        let (mut here, mut anywhere) = (0.0, 0.0);
        for place in places {
            let query = &memory.steps[place * self.components..][..self.components];
            let least =
                elsewhere::anywhere(workspace.isa(), self.grid.places(), &fitted.rows, query)?;
            here += f64::from(squares[place]).sqrt();
            anywhere += f64::from(least).sqrt();
        }
        Ok((here > 0.0).then(|| anywhere / here / f64::from(fitted.elsewhere)))
    }

    fn fit_good(
        &mut self,
        good: &mut dyn GoodFeatures,
        known: usize,
    ) -> Result<Option<Vec<Vec<ScoreMap>>>> {
        let (fitted, left_out) = match self.fitted.take() {
            Some(fitted) if known > 0 => fit::extend(self, fitted, good, known)?,
            _ => fit::fit(self, good)?,
        };
        let step = fitted.projection.step;
        self.fitted = Some(fitted);
        let map = |squares: &Vec<i32>| vec![self.map(squares, step)];
        let left_out: Vec<Vec<ScoreMap>> = left_out.iter().map(map).collect();
        if known == 0 {
            // Else it stays, or earlier scores would not compare.
            self.usual.fit(&left_out);
        }
        Ok(Some(left_out))
    }

    fn without_likest(&self, images: &[usize]) -> Result<Vec<Option<Vec<ScoreMap>>>> {
        let Some(Fitted {
            projection, rows, ..
        }) = &self.fitted
        else {
            return Ok(Vec::new());
        };
        let seconds = fit::seconds(self, rows, images);
        let map = |squares: Vec<i32>| vec![self.map(&squares, projection.step)];
        let maps = seconds.into_iter().map(|squares| squares.map(map));
        Ok(maps.collect())
    }

    fn step(&self) -> f64 {
        let step = |fitted: &Fitted| f64::from(fitted.projection.step);
        self.fitted.as_ref().map_or(0.0, step)
    }

    fn at_pixels(&self, errors: &[ScoreMap]) -> ScoreMap {
        self.usual.at_pixels(errors, self.size)
    }

    fn tensors(&self) -> NamedTensors {
        let mut tensors = tensors::tensors(self);
        tensors.extend(self.usual.tensors());
        tensors
    }

    fn packed(&self) -> PackedTensors {
        tensors::packed(self)
    }
}

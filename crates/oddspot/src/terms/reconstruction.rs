//! `e_rec`: how differently teacher and student see a place. "Looks wrong".
//!
//! `e_rec(r,c) = Σ_ℓ w_ℓ ‖T^ℓ − S^ℓ‖²`, each level's map resized to the image; with local moments
//! each level is first measured against what is usual at its place.

use oddspot_conv::distance::{Target, squared_distances};
use oddspot_conv::linear::{LinearWeights, linear};
use oddspot_conv::{Epilogue, Workspace};

use super::channels::LevelStatistics;
use super::{About, Fusing, Kind, Parts, Seen, Side, TeacherLevels, Term, TermMemory};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensor, NamedTensors};
use crate::images::ImageSize;
use crate::maps::{LocalMoments, LocalSums, ScoreMap};
use crate::net::forward::room;
use crate::net::learned::level_weights;
use crate::net::tensors::TensorSpec;
use crate::settings::{FeatureNorm, ImageLevel, Moments};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "reconstruction",
    symbol: "e_rec",
    explained: "what a network that has learned good images alone cannot see as its teacher does",
    side: Side::LooksWrong,
    used: |settings| settings.method.learns(),
    closed_form: false,
    leaves_out_likest: false,
    trust: |_| 1.0,
    fusing: |settings| Fusing {
        weight: settings.detection.reconstruction_weight,
        least: f64::NEG_INFINITY,
        smoothing: settings.detection.smoothing,
        without_evidence: false,
        levelled: settings.detection.image_level == ImageLevel::Levelled,
    },
    tensors,
    packed: |_| Vec::new(),
    make: |parts| Ok(Box::new(Reconstruction::new(parts)?)),
};

/// Levels finer than this, in pixels, are finer than anything that the map shows.
const FINEST: usize = 4;

/// Names and shapes of the local moments, if there are any.
fn tensors(about: &About) -> Vec<TensorSpec> {
    let (settings, learned) = (about.settings, about.learned);
    if settings.detection.moments == Moments::Global {
        return Vec::new();
    }
    let ImageSize { width, height } = settings.image_size;
    let spec = |(part, (at, stride)): (&str, (usize, usize))| TensorSpec {
        name: tensor_name(at, part),
        shape: vec![height / stride, width / stride],
        ..TensorSpec::zeros("", "", 0)
    };
    (learned.levels.iter().zip(0..))
        .flat_map(|(level, at)| ["mean", "std"].map(|part| spec((part, (at, level.stride)))))
        .collect()
}

fn tensor_name(level: usize, part: &str) -> String {
    format!("reconstruction.level{}.{part}", level + 1)
}

struct Reconstruction {
    size: ImageSize,
    norm: FeatureNorm,
    levels: Vec<Level>,
    /// What is usual of each level's error at each place; none if μ and σ are of all places.
    local: Option<Vec<LocalMoments>>,
    /// Gathers what is usual.
    sums: Vec<LocalSums>,
}

struct Level {
    height: usize,
    width: usize,
    /// In `e_rec`; a level of weight 0 is left out.
    weight: f64,
    statistics: LevelStatistics,
    /// On the teacher's features, unless they are compared as they come.
    whitening: Option<(LinearWeights, Vec<f32>)>,
}

impl Reconstruction {
    fn new(parts: &Parts) -> Result<Self> {
        let settings = parts.settings;
        let size = settings.image_size;
        let workspace = Workspace::new();
        let weights = level_weights(settings, parts.learned.levels.len());
        let all = parts.learned.levels.iter().zip(&parts.statistics.levels);
        let levels = all.zip(weights).map(|((level, statistics), &weight)| {
            let whitening = match statistics.whitening_layer() {
                Some((weight, bias)) => {
                    let sizes = [bias.len(), bias.len()];
                    Some((LinearWeights::pack(workspace.isa(), &weight, sizes)?, bias))
                }
                None => None,
            };
            Ok(Level {
                height: size.height / level.stride,
                width: size.width / level.stride,
                weight,
                statistics: statistics.clone(),
                whitening,
            })
        });
        let sums = (parts.learned.levels.iter()).map(|level| match level.stride < FINEST {
            true => LocalSums::of_halved(),
            false => LocalSums::default(),
        });
        Ok(Self {
            size,
            norm: settings.training.feature_norm,
            sums: match settings.detection.moments {
                Moments::Local => sums.collect(),
                Moments::Global => Vec::new(),
            },
            levels: levels.collect::<Result<_>>()?,
            local: local_moments(parts)?,
        })
    }

    /// `‖T^ℓ − S^ℓ‖²` of a level; zeros if it has no weight.
    fn level(
        &self,
        at: usize,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<ScoreMap> {
        let level = &self.levels[at];
        let mut map = ScoreMap::filled(level.height, level.width, 0.0);
        if level.weight == 0.0 {
            return Ok(map);
        }
        let target = match &seen.teacher {
            TeacherLevels::Cached(levels) => Target::Half(levels[at]),
            TeacherLevels::Raw(levels) => match &level.whitening {
                None => Target::Single(levels[at]),
                Some((weights, bias)) => {
                    let raw = levels[at];
                    memory.buffers.resize_with(self.levels.len(), Vec::new);
                    let to = room(&mut memory.buffers[at], raw.len());
                    let rows = raw.len() / bias.len();
                    let plain = Epilogue::default();
                    linear(workspace, rows, raw, weights, Some(bias), plain, to)?;
                    Target::Single(to)
                }
            },
        };
        let norm = level.statistics.normalisation(self.norm);
        let isa = workspace.isa();
        squared_distances(isa, seen.student[at], target, norm, &mut map.values)?;
        Ok(map)
    }
}

/// What is usual, from the model's tensors; none before it is known, or if μ and σ are of all places.
fn local_moments(parts: &Parts) -> Result<Option<Vec<LocalMoments>>> {
    let levels = parts.learned.levels.len();
    let map = |at: usize, part: &str| {
        let tensor = parts.tensors.get(&tensor_name(at, part))?;
        Some(ScoreMap {
            height: *tensor.shape.first()?,
            width: *tensor.shape.get(1)?,
            values: tensor.values.clone(),
        })
    };
    let mut local = Vec::new();
    for at in 0..levels {
        let (Some(mean), Some(std)) = (map(at, "mean"), map(at, "std")) else {
            return Ok(None);
        };
        if std.values.iter().any(|&s| s <= 0.0) {
            let name = tensor_name(at, "std");
            return Err(Error::new(
                ErrorKind::Damaged,
                Subject::Model,
                format!("its tensor '{name}' holds values that are not positive"),
            ));
        }
        local.push(LocalMoments { mean, std });
    }
    Ok(Some(local))
}

impl Term for Reconstruction {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn errors(
        &self,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Vec<ScoreMap>> {
        (0..self.levels.len())
            .map(|at| self.level(at, seen, workspace, memory))
            .collect()
    }

    fn needs_fitting(&self) -> bool {
        !self.sums.is_empty()
    }

    fn fit(
        &mut self,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<()> {
        let errors = self.errors(seen, workspace, memory)?;
        for (sums, level) in self.sums.iter_mut().zip(&errors) {
            sums.add(level);
        }
        Ok(())
    }

    fn finish_fit(&mut self) -> Result<()> {
        self.local = Some(self.sums.iter().map(LocalSums::finish).collect());
        Ok(())
    }

    fn at_pixels(&self, errors: &[ScoreMap]) -> ScoreMap {
        let mut sum = ScoreMap::filled(self.size.height, self.size.width, 0.0);
        for (at, (level, error)) in self.levels.iter().zip(errors).enumerate() {
            if level.weight == 0.0 {
                continue;
            }
            let usual = self.local.as_ref().map(|local| local[at].normalise(error));
            let error = usual.as_ref().unwrap_or(error);
            let weight = level.weight as f32;
            let weighted = ScoreMap {
                values: error.values.iter().map(|d| weight * d).collect(),
                ..*error
            };
            weighted.add_resized(&mut sum);
        }
        sum
    }

    fn tensors(&self) -> NamedTensors {
        let mut tensors = NamedTensors::new();
        for (at, moments) in self.local.iter().flatten().enumerate() {
            for (part, map) in [("mean", &moments.mean), ("std", &moments.std)] {
                let tensor = NamedTensor {
                    shape: vec![map.height, map.width],
                    values: map.values.clone(),
                };
                tensors.insert(tensor_name(at, part), tensor);
            }
        }
        tensors
    }
}

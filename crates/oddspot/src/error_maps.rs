//! The two errors of an image: what each level and each position says on its own grid, and both
//! brought together at the image's size.

use burn::tensor::Tensor;

use crate::config::{Config, FeatureNorm};
use crate::e_pos::e_pos_at_pixels;
use crate::image::ImageSize;
pub use crate::local_moments::LocalMoments;
use crate::local_moments::LocalSums;
use crate::loss::{ChannelStatistics, normalise_student, normalise_teacher, squared_distance};
use crate::map::ScoreMap;
use crate::position::PatchGrid;

/// The errors of one image on the grids that they are computed on.
#[derive(Clone, Debug)]
pub struct GridErrors {
    /// `‖T^ℓ − S^ℓ‖²` of each level, `[height/2^ℓ, width/2^ℓ]`.
    pub levels: [ScoreMap; 3],
    /// `e_pos` on the student's grid, NaN where there is no evidence; absent in the baseline.
    pub pos: Option<ScoreMap>,
}

/// The two errors of one image at `image_size`, before they are normalised as wholes.
#[derive(Clone, Debug)]
pub struct ErrorMaps {
    /// `e_rec`.
    pub rec: ScoreMap,
    /// `e_pos`, NaN where there is no evidence; absent in the baseline.
    pub pos: Option<ScoreMap>,
}

/// `‖T^ℓ − S^ℓ‖²` of each level. The maps hold one image.
pub fn level_errors(
    teacher: [Tensor<4>; 3],
    student: [Tensor<4>; 3],
    norm: FeatureNorm,
    statistics: &ChannelStatistics,
) -> [ScoreMap; 3] {
    let error = |level, teacher, student| {
        let teacher = normalise_teacher(teacher, norm, statistics, level);
        let distance = squared_distance(teacher, normalise_student(student, norm));
        let [_, height, width] = distance.dims();
        ScoreMap {
            height,
            width,
            values: distance.into_data().iter::<f32>().collect(),
        }
    };
    let ([t1, t2, t3], [s1, s2, s3]) = (teacher, student);
    [error(0, t1, s1), error(1, t2, s2), error(2, t3, s3)]
}

/// `e_rec(r,c) = Σ_ℓ w_ℓ ‖T^ℓ − S^ℓ‖²`, each level's map resized to the image.
pub fn e_rec(levels: &[ScoreMap; 3], weights: [f64; 3], size: ImageSize) -> ScoreMap {
    let mut sum = ScoreMap::filled(size.height, size.width, 0.0);
    for (level, weight) in levels.iter().zip(weights) {
        if weight == 0.0 {
            continue;
        }
        let weighted = ScoreMap {
            values: level.values.iter().map(|d| weight as f32 * d).collect(),
            ..*level
        };
        weighted.add_resized(&mut sum);
    }
    sum
}

impl GridErrors {
    /// Both errors at the image's size: `e_rec` the weighted sum of the levels. With local
    /// moments each level is first measured against what is usual at its place.
    pub fn at_pixels(&self, config: &Config, local: Option<&LevelMoments>) -> ErrorMaps {
        let (weights, size) = (config.training.level_weights, config.image_size);
        let rec = match local {
            None => e_rec(&self.levels, weights, size),
            Some(local) => {
                let levels = std::array::from_fn(|l| local[l].normalise(&self.levels[l]));
                e_rec(&levels, weights, size)
            }
        };
        let grid = PatchGrid::of(config);
        ErrorMaps {
            rec,
            pos: self.pos.as_ref().map(|pos| e_pos_at_pixels(pos, &grid)),
        }
    }
}

/// What is usual of each level's error at each place.
pub type LevelMoments = [LocalMoments; 3];

/// Sums for [`LevelMoments`].
pub(crate) fn level_sums() -> [LocalSums; 3] {
    // Level 1 is finer than anything that the map shows.
    [
        LocalSums::of_halved(),
        LocalSums::default(),
        LocalSums::default(),
    ]
}

//! From features to errors, from errors to one normalised anomaly map, from the map to a score.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::config::{Config, DetectionConfig};
use crate::e_pos::e_pos_grid;
use crate::error_maps::{ErrorMaps, GridErrors, level_errors};
use crate::image::normalise;
use crate::image_level::{image_level, usual_difference};
use crate::loss::ChannelStatistics;
use crate::map::ScoreMap;
use crate::moments::Moments;
use crate::placement::Placement;
use crate::position::{PatchGrid, PositionClassifier, classify};
use crate::region::around_peak;
use crate::shares::Shares;
use crate::student::Student;

/// What turns a student's maps into errors: the trained networks and their configuration.
pub struct Scorer<'a> {
    /// Configuration they were trained with.
    pub config: &'a Config,
    /// The student.
    pub student: &'a Student,
    /// The position classifier, absent in the baseline.
    pub position: Option<&'a PositionClassifier>,
    /// Statistics of the teacher's channels.
    pub statistics: &'a ChannelStatistics,
}

impl Scorer<'_> {
    /// The errors of one image, given the teacher's maps of it, whitened already where the
    /// configuration has them whitened. `image` `[1, height, width, 3]`.
    pub fn errors(&self, image: Tensor<4>, teacher: [Tensor<4>; 3]) -> GridErrors {
        let maps = self
            .student
            .forward(image, self.config.student.output_stride);
        let grid = PatchGrid::of(self.config);
        let weights = self.config.detection.pair_weights;
        let pos = self
            .position
            .map(|classifier| e_pos_grid(classifier, self.student, &maps, &grid, weights));
        let norm = self.config.training.feature_norm;
        let levels = level_errors(teacher, maps.levels, norm, self.statistics);
        GridErrors { levels, pos }
    }

    /// What the classifier says of the position with evidence nearest to a pixel (row, column) of
    /// an image `[1, height, width, 3]`; None without a classifier.
    pub fn placement(&self, image: Tensor<4>, pixel: (usize, usize)) -> Option<Placement> {
        let classifier = self.position?;
        let grid = PatchGrid::of(self.config);
        let position = grid.nearest(pixel)?;
        let maps = self
            .student
            .forward(image, self.config.student.output_stride);
        let pairs = grid.pairs_at(position);
        let logits = classify(classifier, self.student, &maps, &pairs);
        let probabilities: Vec<f32> = softmax(logits, 1).into_data().iter().collect();
        let probabilities = probabilities.as_chunks::<8>().0.iter().copied();
        let lies = pairs.iter().map(|pair| pair.class);
        Some(Placement::new(&grid, position, lies.zip(probabilities)))
    }
}

/// An image as the networks take it: `[1, height, width, 3]`, normalised.
pub fn image_tensor(image: &RgbImage, device: &Device) -> Tensor<4> {
    let shape = [1, image.height() as usize, image.width() as usize, 3];
    Tensor::from_data(TensorData::new(normalise(image), shape), device)
}

/// μ and σ of both errors, and of images' levels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Of `e_rec`.
    pub rec: Moments,
    /// Of `e_pos`; absent in the baseline.
    pub pos: Option<Moments>,
    /// Of the levels of the training images, in units of `e_rec`; absent if levels are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_level: Option<Moments>,
}

/// The anomaly map of one image and its two parts, `total = rec + pos`, in standard
/// deviations of the training images' pixels.
#[derive(Clone, Debug)]
pub struct AnomalyMaps {
    /// `e`.
    pub total: ScoreMap,
    /// `(e_rec − μ_rec) / σ_rec`, less what is usual of the image's level: "looks wrong".
    pub rec: ScoreMap,
    /// `w (e_pos − μ_pos) / σ_pos`, w its weight, not below its floor: "in the wrong place"; 0 without
    /// evidence.
    pub pos: Option<ScoreMap>,
}

impl AnomalyMaps {
    /// Normalises, weighs, smooths and adds the errors.
    pub fn fuse(
        errors: &ErrorMaps,
        normalisation: &Normalisation,
        detection: &DetectionConfig,
    ) -> Self {
        let pos_smoothing = detection.pos_smoothing.unwrap_or(detection.smoothing);
        let usual = (normalisation.image_level.as_ref()).map_or(0.0, |usual| {
            usual_difference(image_level(&errors.rec), usual)
        });
        let levelled = Moments {
            mean: normalisation.rec.mean + usual,
            ..normalisation.rec
        };
        // NaN in e_rec is a fault and stays one.
        let rec = smoothed(&errors.rec, detection.smoothing, |value| {
            levelled.normalise(value)
        });
        let (weight, least) = (detection.pos_weight, detection.pos_floor.least());
        let pos = (errors.pos.as_ref().zip(normalisation.pos.as_ref())).map(|(map, moments)| {
            smoothed(map, pos_smoothing, |value| match value.is_nan() {
                // No evidence.
                true => 0.0,
                false => weight * moments.normalise(value).max(least),
            })
        });
        let total = match &pos {
            Some(pos) => ScoreMap {
                values: rec
                    .values
                    .iter()
                    .zip(&pos.values)
                    .map(|(r, p)| r + p)
                    .collect(),
                ..rec
            },
            None => rec.clone(),
        };
        Self { total, rec, pos }
    }

    /// The image's score: the maximum of `e`.
    pub fn score(&self) -> f32 {
        self.total.peak().0
    }

    /// How much each part has to do with the peak: its mean over what stands out with the peak, since
    /// a single pixel would say what happens to be strongest there.
    pub fn shares(&self) -> Shares {
        let peak = around_peak(&self.total);
        let mean = |map: &ScoreMap| map.mean_of(&peak);
        Shares::of(mean(&self.rec), self.pos.as_ref().map_or(0.0, mean))
    }

    /// All maps resized to an image of the given size.
    pub fn resized(&self, height: usize, width: usize) -> Self {
        Self {
            total: self.total.resize_bilinear(height, width),
            rec: self.rec.resize_bilinear(height, width),
            pos: self
                .pos
                .as_ref()
                .map(|map| map.resize_bilinear(height, width)),
        }
    }
}

/// A map of an error, each value normalised, smoothed by a Gaussian of `smoothing` pixels of a 256-pixel
/// image.
fn smoothed(map: &ScoreMap, smoothing: f64, normalise: impl Fn(f32) -> f64) -> ScoreMap {
    let normalised = |&value: &f32| normalise(value) as f32;
    let normalised = ScoreMap {
        values: map.values.iter().map(normalised).collect(),
        ..*map
    };
    let sigma = |side: usize| smoothing * side as f64 / 256.0;
    normalised.smooth(sigma(map.height), sigma(map.width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PosFloor;

    fn map(values: [f32; 4]) -> ScoreMap {
        ScoreMap {
            height: 2,
            width: 2,
            values: values.to_vec(),
        }
    }

    const NORMALISATION: Normalisation = Normalisation {
        rec: Moments {
            mean: 1.0,
            std: 2.0,
        },
        pos: Some(Moments {
            mean: 0.5,
            std: 0.1,
        }),
        image_level: None,
    };

    fn detection(smoothing: f64) -> DetectionConfig {
        DetectionConfig {
            smoothing,
            pos_smoothing: None,
            pos_weight: 1.0,
            pos_floor: PosFloor::None,
            ..DetectionConfig::default()
        }
    }

    #[test]
    fn e_pos_counts_by_its_weight() {
        let errors = ErrorMaps {
            rec: map([1.0, 3.0, 1.0, 1.0]),
            pos: Some(map([0.5, 0.6, 0.5, 0.5])),
        };
        let detection = DetectionConfig {
            pos_weight: 0.5,
            ..detection(0.0)
        };
        let maps = AnomalyMaps::fuse(&errors, &NORMALISATION, &detection);
        assert!((maps.total.values[1] - 1.5).abs() < 1e-5);
        assert!((maps.pos.as_ref().unwrap().values[1] - 0.5).abs() < 1e-5);
    }

    #[test]
    fn errors_are_normalised_and_added_and_no_evidence_counts_zero() {
        let errors = ErrorMaps {
            rec: map([1.0, 3.0, 5.0, -1.0]),
            pos: Some(map([0.5, 0.6, f32::NAN, 0.4])),
        };
        let maps = AnomalyMaps::fuse(&errors, &NORMALISATION, &detection(0.0));
        let expected = [0.0, 2.0, 2.0, -2.0];
        for (found, expected) in maps.total.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert!((maps.score() - 2.0).abs() < 1e-5);
    }

    #[test]
    fn to_be_in_its_place_excuses_nothing_unless_e_pos_has_no_floor() {
        let errors = ErrorMaps {
            rec: map([3.0, 3.0, 3.0, 3.0]),
            pos: Some(map([0.5, 0.6, 0.4, f32::NAN])),
        };
        for (pos_floor, in_its_place) in [(PosFloor::None, -0.5), (PosFloor::Mean, 0.0)] {
            let fuse = |smoothing| {
                let detection = DetectionConfig {
                    pos_floor,
                    pos_weight: 0.5,
                    ..detection(smoothing)
                };
                AnomalyMaps::fuse(&errors, &NORMALISATION, &detection)
            };
            let maps = fuse(0.0);
            let pos = [0.0, 0.5, in_its_place, 0.0];
            let of_pos = maps.pos.as_ref().unwrap().values.iter().zip(pos);
            let of_total = maps.total.values.iter().zip(pos.map(|pos| 1.0 + pos));
            for (found, expected) in of_pos.chain(of_total) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
            // What lies below the floor is gone before the map is smoothed.
            let mean = |map: &ScoreMap| map.values.iter().sum::<f32>() / 4.0;
            let smooth = mean(fuse(64.0).pos.as_ref().unwrap());
            assert!((smooth - mean(maps.pos.as_ref().unwrap())).abs() < 1e-5);
        }
    }

    #[test]
    fn an_image_a_little_odd_all_over_is_levelled_and_one_odd_all_over_is_not() {
        let normalisation = Normalisation {
            image_level: Some(Moments {
                mean: 1.0,
                std: 1.0,
            }),
            pos: None,
            ..NORMALISATION
        };
        let fuse = |ground: f32| {
            let mut rec = ScoreMap::filled(8, 8, ground);
            rec.values[0] = ground + 4.0;
            let errors = ErrorMaps { rec, pos: None };
            AnomalyMaps::fuse(&errors, &normalisation, &detection(0.0)).total
        };
        let usual = fuse(1.9);
        assert!((usual.values[0] - 2.0).abs() < 0.02 && usual.values[1].abs() < 0.02);
        assert_eq!(fuse(21.0).values[1], 10.0);
    }

    #[test]
    fn shares_tell_which_part_made_the_peak() {
        let errors = |rec, pos| ErrorMaps {
            rec: map([1.0, rec, 1.0, 1.0]),
            pos: Some(map([0.5, pos, 0.5, 0.5])),
        };
        let shares = |rec, pos| {
            AnomalyMaps::fuse(&errors(rec, pos), &NORMALISATION, &detection(0.0)).shares()
        };
        assert!((shares(7.0, 0.5).rec - 1.0).abs() < 1e-5);
        assert!((shares(3.0, 0.8).pos - 0.75).abs() < 1e-5);
        let negative = shares(0.0, 0.9);
        assert_eq!((negative.rec, negative.pos), (0.0, 1.0));
    }

    #[test]
    fn shares_are_of_all_that_stands_out_with_the_peak() {
        // The peak is of e_rec, the two beside it of e_pos; the last stands out by itself. What lies
        // below the mean counts against its part.
        let row = |values: [f32; 6]| ScoreMap {
            height: 1,
            width: 6,
            values: values.to_vec(),
        };
        let (rec, pos) = (
            row([5.0, -1.0, 1.0, 1.0, 0.0, 4.0]),
            row([0.0, 5.0, 3.0, 1.0, 0.0, 0.0]),
        );
        let total = row([5.0, 4.0, 4.0, 2.0, 0.0, 4.0]);
        let maps = AnomalyMaps {
            total,
            rec,
            pos: Some(pos),
        };
        let shares = maps.shares();
        assert!((shares.rec - 5.0 / 13.0).abs() < 1e-6, "{shares:?}");
        assert!((shares.pos - 8.0 / 13.0).abs() < 1e-6, "{shares:?}");
    }

    #[test]
    fn smoothing_keeps_the_parts_adding_up() {
        let errors = ErrorMaps {
            rec: map([1.0, 3.0, 5.0, -1.0]),
            pos: Some(map([0.5, 0.6, f32::NAN, 0.4])),
        };
        let maps = AnomalyMaps::fuse(&errors, &NORMALISATION, &detection(64.0));
        let pos = maps.pos.as_ref().unwrap();
        for i in 0..4 {
            let sum = maps.rec.values[i] + pos.values[i];
            assert!((maps.total.values[i] - sum).abs() < 1e-6);
        }
    }
}

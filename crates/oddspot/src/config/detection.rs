//! How errors become a map and a verdict.

use serde::{Deserialize, Serialize};

/// From maps to verdicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectionConfig {
    /// Standard deviation of the Gaussian that smooths the map of `e_rec`, in pixels of a 256-pixel
    /// image (scaled with `image_size`); 0 for none.
    #[serde(default = "smoothing_of_both_maps")]
    pub smoothing: f64,
    /// The same for the map of `e_pos`; as `smoothing` if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos_smoothing: Option<f64>,
    /// Of what μ and σ are, by which the errors are measured.
    #[serde(default = "Moments::before_there_was_a_choice")]
    pub moments: Moments,
    /// Weight of `e_pos` beside `e_rec`.
    #[serde(default = "weight_before_there_was_a_choice")]
    pub pos_weight: f64,
    /// How much each pair of a position counts in its `e_pos`.
    #[serde(default = "PairWeights::before_there_was_a_choice")]
    pub pair_weights: PairWeights,
    /// Lower bound of the normalised `e_pos`.
    #[serde(default = "PosFloor::before_there_was_a_choice")]
    pub pos_floor: PosFloor,
    /// Whether good images' differences as wholes are taken off `e_rec`.
    #[serde(default = "ImageLevel::before_there_was_a_choice")]
    pub image_level: ImageLevel,
    /// Share of good images that the verdict may call anomalous, between 0 and 0.5.
    pub false_alarm_rate: f64,
    /// Share of the pixels of good images that may lie above the pixel threshold, between 0
    /// and 0.5.
    pub pixel_false_alarm_rate: f64,
}

/// Of what μ and σ are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moments {
    /// Of each error over all pixels of all training images: the paper's.
    Global,
    /// Of each level of `e_rec` at each place over all training images first, for parts that
    /// always lie alike; then of their sum, as above.
    Local,
}

/// How much the pairs of a position count in its `e_pos`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairWeights {
    /// All alike: the paper's.
    Equal,
    /// Each as much as its neighbour is itself in place, so that an odd patch does not make its
    /// neighbours look odd.
    Trusted,
}

/// Lower bound of the normalised `e_pos`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PosFloor {
    /// No bound: a place that is surer than usual lowers the sum; the paper's.
    None,
    /// 0, its mean: to be in its place excuses nothing that looks wrong.
    Mean,
}

/// What becomes of an image's level, the `e_rec` of its quietest part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageLevel {
    /// It stays: the paper's.
    Kept,
    /// As far as good images differ in it, it is taken off: light, focus and grain, not a place.
    Levelled,
}

/// The smoothing of a model without this setting.
fn smoothing_of_both_maps() -> f64 {
    8.0
}

/// The weight of `e_pos` in a model that was written before this setting.
fn weight_before_there_was_a_choice() -> f64 {
    1.0
}

impl Moments {
    /// What a model means that was written before this setting.
    fn before_there_was_a_choice() -> Self {
        Self::Global
    }
}

impl PairWeights {
    /// What a model means that was written before this setting.
    fn before_there_was_a_choice() -> Self {
        Self::Equal
    }
}

impl PosFloor {
    /// The bound, in standard deviations.
    pub fn least(self) -> f64 {
        match self {
            Self::None => f64::NEG_INFINITY,
            Self::Mean => 0.0,
        }
    }

    /// What a model means that was written before this setting.
    fn before_there_was_a_choice() -> Self {
        Self::None
    }
}

impl ImageLevel {
    /// What a model means that was written before this setting.
    fn before_there_was_a_choice() -> Self {
        Self::Kept
    }
}

impl DetectionConfig {
    /// What a file means that leaves the whole table out.
    pub(super) fn before_there_were_choices() -> Self {
        Self {
            smoothing: smoothing_of_both_maps(),
            pos_smoothing: None,
            moments: Moments::before_there_was_a_choice(),
            pos_weight: weight_before_there_was_a_choice(),
            pair_weights: PairWeights::before_there_was_a_choice(),
            pos_floor: PosFloor::before_there_was_a_choice(),
            image_level: ImageLevel::before_there_was_a_choice(),
            ..Self::default()
        }
    }
}

impl Default for DetectionConfig {
    fn default() -> Self {
        Self {
            smoothing: 4.0,
            pos_smoothing: Some(8.0),
            moments: Moments::Local,
            pos_weight: 0.75,
            pair_weights: PairWeights::Trusted,
            pos_floor: PosFloor::Mean,
            image_level: ImageLevel::Levelled,
            false_alarm_rate: 0.01,
            pixel_false_alarm_rate: 0.001,
        }
    }
}

//! The configuration: one nested struct, saved with every model. Field names are those of a
//! `--config` TOML file; the defaults and the `paper` preset are the table of the README.

mod validate;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::ImageSize;

/// Half the student's receptive field, 65 pixels: the reach of a patch around its centre.
pub const PATCH_RADIUS: usize = 32;

/// Everything that decides what is learned and how images are judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Full method, or the paper's baseline without the position classifier.
    pub method: Method,
    /// The frozen teacher: a name from `oddspot teacher list`, or the path of a weights file.
    pub teacher: String,
    /// Size to which every image is resized; each side a multiple of 8.
    pub image_size: ImageSize,
    /// The student network.
    pub student: StudentConfig,
    /// The position classifier and its patch pairs.
    pub position: PositionConfig,
    /// The training loop.
    #[serde(default = "TrainingConfig::before_there_were_choices")]
    pub training: TrainingConfig,
    /// From maps to verdicts.
    #[serde(default = "DetectionConfig::before_there_were_choices")]
    pub detection: DetectionConfig,
}

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Student and position classifier: `e_rec` and `e_pos`.
    Full,
    /// The student alone ("Base" in the paper): `e_rec`.
    Baseline,
}

impl Method {
    /// Its name, as in a configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Baseline => "baseline",
        }
    }
}

/// Student network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudentConfig {
    /// Output channels c1..c4 of its convolutions.
    pub widths: [usize; 4],
    /// Pixels between neighbouring features: 1, 2, 4 or 8.
    pub output_stride: usize,
}

/// Position classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PositionConfig {
    /// Pixels between the two centres of a pair along each non-zero axis; a multiple of
    /// `student.output_stride`.
    pub offset: usize,
    /// Pairs drawn per image and iteration (N in the paper).
    pub pairs: usize,
    /// Width of the two hidden layers.
    pub hidden: usize,
    /// Slope of the LeakyReLU below zero.
    pub negative_slope: f64,
}

/// Training loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Optimizer steps.
    pub iterations: usize,
    /// Images per step.
    pub batch: usize,
    /// What turns gradients into steps.
    #[serde(default = "Optimizer::before_there_was_a_choice")]
    pub optimizer: Optimizer,
    /// The (initial) learning rate.
    pub learning_rate: f64,
    /// How the learning rate goes on.
    pub schedule: Schedule,
    /// L2 penalty added to the gradient of what Adam updates (PyTorch's `Adam`); Muon knows none.
    pub weight_decay: f64,
    /// How teacher and student features are scaled before they are compared.
    pub feature_norm: FeatureNorm,
    /// Weight of each level in `L_rec` and in `e_rec`.
    #[serde(default = "weights_before_there_was_a_choice")]
    pub level_weights: [f64; 3],
    /// Seed of the initial weights, the held-out images, the image order and the pairs.
    pub seed: u64,
    /// Mebibytes of memory for the cached teacher maps; beyond it they go to a temporary file.
    pub cache_mib: usize,
    /// Iterations between two checkpoints.
    pub checkpoint_every: usize,
}

/// What turns gradients into steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam (Kingma & Ba, 2015) for everything: the paper's.
    Adam,
    /// Muon (Jordan et al., 2024) for the convolutions' weights, Adam for the rest.
    Muon,
}

impl Optimizer {
    /// What a training means that was begun before this setting.
    fn before_there_was_a_choice() -> Self {
        Self::Adam
    }
}

/// Learning rate schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// The same rate throughout.
    Constant,
    /// Half a cosine from the initial rate to 0.
    Cosine,
}

/// How features are scaled before teacher and student are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureNorm {
    /// Each position's feature vector, the teacher's and the student's, by its L2 norm.
    L2,
    /// As they come: the formula as printed in the paper.
    None,
    /// The teacher's by its mean and standard deviation per channel over the training images.
    Standardize,
    /// The same, and then by the inverse root of the channels' correlations, so that what many
    /// channels say alike does not drown the rest.
    Whiten,
}

/// From maps to verdicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectionConfig {
    /// Standard deviation of the Gaussian that smooths the map, in pixels of a 256-pixel
    /// image (scaled with `image_size`); 0 for none.
    pub smoothing: f64,
    /// Of what μ and σ are, by which the errors are measured.
    #[serde(default = "Moments::before_there_was_a_choice")]
    pub moments: Moments,
    /// Weight of `e_pos` beside `e_rec`.
    #[serde(default = "weight_before_there_was_a_choice")]
    pub pos_weight: f64,
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

/// The weights of the levels in a model that was written before this setting.
fn weights_before_there_was_a_choice() -> [f64; 3] {
    [1.0; 3]
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

impl Default for Config {
    fn default() -> Self {
        Self {
            method: Method::Full,
            teacher: "builtin".to_owned(),
            image_size: ImageSize {
                width: 256,
                height: 256,
            },
            student: StudentConfig::default(),
            position: PositionConfig::default(),
            training: TrainingConfig::default(),
            detection: DetectionConfig::default(),
        }
    }
}

impl Default for StudentConfig {
    fn default() -> Self {
        Self {
            widths: [32, 64, 128, 256],
            output_stride: 8,
        }
    }
}

impl Default for PositionConfig {
    fn default() -> Self {
        Self {
            offset: 64,
            pairs: 64,
            hidden: 128,
            negative_slope: 0.1,
        }
    }
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            iterations: 2_500,
            batch: 1,
            optimizer: Optimizer::Muon,
            learning_rate: 1e-3,
            schedule: Schedule::Cosine,
            weight_decay: 1e-5,
            feature_norm: FeatureNorm::Whiten,
            level_weights: [0.25, 0.5, 1.0],
            seed: 0,
            cache_mib: 2_048,
            checkpoint_every: 500,
        }
    }
}

impl TrainingConfig {
    /// What a file means that leaves the whole table out.
    fn before_there_were_choices() -> Self {
        Self {
            optimizer: Optimizer::before_there_was_a_choice(),
            level_weights: weights_before_there_was_a_choice(),
            ..Self::default()
        }
    }
}

impl DetectionConfig {
    /// What a file means that leaves the whole table out.
    fn before_there_were_choices() -> Self {
        Self {
            moments: Moments::before_there_was_a_choice(),
            pos_weight: weight_before_there_was_a_choice(),
            ..Self::default()
        }
    }
}

impl Default for DetectionConfig {
    fn default() -> Self {
        Self {
            smoothing: 8.0,
            moments: Moments::Local,
            pos_weight: 0.5,
            false_alarm_rate: 0.01,
            pixel_false_alarm_rate: 0.001,
        }
    }
}

impl Config {
    /// The settings of the paper: VGG16, a feature at every pixel, no smoothing.
    pub fn paper() -> Self {
        Self {
            teacher: "vgg16".to_owned(),
            student: StudentConfig {
                widths: [64, 128, 256, 256],
                output_stride: 1,
            },
            training: TrainingConfig {
                iterations: 30_000,
                optimizer: Optimizer::Adam,
                learning_rate: 5e-4,
                schedule: Schedule::Constant,
                feature_norm: FeatureNorm::L2,
                level_weights: [1.0; 3],
                ..TrainingConfig::default()
            },
            detection: DetectionConfig {
                smoothing: 0.0,
                moments: Moments::Global,
                pos_weight: 1.0,
                ..DetectionConfig::default()
            },
            ..Self::default()
        }
    }

    /// Lays the fields of a TOML file over this configuration; fields that the file does not
    /// name keep their values.
    ///
    /// # Errors
    /// An unreadable file, TOML that does not parse, an unknown field or a value of the wrong
    /// type, each named.
    pub fn overlaid_with_file(&self, path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let problem = |reason: String| Error::Config {
            field: "--config",
            reason: format!("{}: {reason}", path.display()),
        };
        let mut merged = toml::Table::try_from(self).map_err(|e| problem(e.to_string()))?;
        let file = text.parse().map_err(|e| problem(in_one_line(&e, &text)))?;
        overlay(&mut merged, file);
        merged
            .try_into()
            .map_err(|e| problem(in_one_line(&e, &text)))
    }
}

impl TrainingConfig {
    /// The learning rate of an iteration, counted from 0.
    pub fn learning_rate_at(&self, iteration: usize) -> f64 {
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let progress = iteration as f64 / self.iterations as f64;
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        }
    }
}

/// What is wrong with a TOML file, with its line or field, in one line.
pub fn in_one_line(error: &toml::de::Error, text: &str) -> String {
    let reason = match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!(
            "line {}: {}",
            before.matches('\n').count() + 1,
            error.message()
        ),
        None => error.to_string(),
    };
    reason.trim_end().replace('\n', " ")
}

/// Replaces the values of `base` by those of `top`, table by table.
fn overlay(base: &mut toml::Table, top: toml::Table) {
    for (key, value) in top {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(base)), toml::Value::Table(top)) => overlay(base, top),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_presets_are_valid_and_survive_toml() {
        for config in [Config::default(), Config::paper()] {
            config.validate().unwrap();
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        }
    }

    #[test]
    fn a_file_changes_only_the_fields_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "image_size = \"320x192\"\n[training]\nseed = 7\n").unwrap();
        let merged = Config::paper().overlaid_with_file(&path).unwrap();
        assert_eq!(
            (merged.image_size.width, merged.image_size.height),
            (320, 192)
        );
        assert_eq!(merged.training.seed, 7);
        assert_eq!(merged.training.iterations, 30_000);
        assert_eq!(merged.teacher, "vgg16");
    }

    #[test]
    fn a_misspelt_field_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "[training]\niteration = 7\n").unwrap();
        let error = Config::default().overlaid_with_file(&path).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("iteration") && text.contains("c.toml"),
            "{text}"
        );
    }

    #[test]
    fn a_configuration_of_before_means_what_it_meant() {
        let mut written = serde_json::to_value(Config::default()).unwrap();
        let tables = ["training", "detection"].map(|table| written[table].clone());
        for (table, field) in [
            ("training", "optimizer"),
            ("training", "level_weights"),
            ("detection", "moments"),
            ("detection", "pos_weight"),
        ] {
            let table = written[table].as_object_mut().unwrap();
            table.remove(field).unwrap();
        }
        let without_fields = written.clone();
        for table in ["training", "detection"] {
            written.as_object_mut().unwrap().remove(table).unwrap();
        }
        for old in [without_fields, written] {
            let config: Config = serde_json::from_value(old).unwrap();
            assert_eq!(config.training.optimizer, Optimizer::Adam);
            assert_eq!(config.training.level_weights, [1.0; 3]);
            assert_eq!(config.detection.moments, Moments::Global);
            assert_eq!(config.detection.pos_weight, 1.0);
        }
        let [training, detection] = tables;
        assert_eq!(
            (&training["optimizer"], &detection["moments"]),
            (&"muon".into(), &"local".into())
        );
    }

    #[test]
    fn the_cosine_falls_from_the_initial_rate_towards_zero() {
        let training = TrainingConfig::default();
        assert_eq!(training.learning_rate_at(0), 1e-3);
        assert!((training.learning_rate_at(1_250) - 5e-4).abs() < 1e-12);
        assert!(training.learning_rate_at(2_499) < 1e-9);
    }
}

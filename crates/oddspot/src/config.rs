//! The configuration: one nested struct, saved with every model. Field names are those of a
//! `--config` TOML file; the defaults and the `paper` preset are the table of the README.

mod detection;
mod training;
mod validate;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::image::ImageSize;
pub use detection::{DetectionConfig, ImageLevel, Moments, PairWeights, PosFloor};
pub use training::{FeatureNorm, Optimizer, Schedule, TrainingConfig};

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
    #[serde(default = "PositionConfig::of_the_paper")]
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
    #[serde(default = "offset_of_the_paper")]
    pub offset: usize,
    /// Pairs drawn per image and iteration (N in the paper).
    pub pairs: usize,
    /// Width of the two hidden layers.
    pub hidden: usize,
    /// Slope of the LeakyReLU below zero.
    pub negative_slope: f64,
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

/// The offset that a file without this setting means.
fn offset_of_the_paper() -> usize {
    64
}

impl PositionConfig {
    /// The paper's, and what a file means that leaves the whole table out.
    fn of_the_paper() -> Self {
        Self {
            offset: offset_of_the_paper(),
            ..Self::default()
        }
    }
}

impl Default for PositionConfig {
    fn default() -> Self {
        Self {
            offset: 32,
            pairs: 64,
            hidden: 128,
            negative_slope: 0.1,
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
            position: PositionConfig::of_the_paper(),
            training: TrainingConfig {
                iterations: 30_000,
                optimizer: Optimizer::Adam,
                learning_rate: 5e-4,
                schedule: Schedule::Constant,
                feature_norm: FeatureNorm::L2,
                level_weights: [1.0; 3],
                hardest: 1.0,
                rec_weight: 1.0,
                ..TrainingConfig::default()
            },
            detection: DetectionConfig {
                smoothing: 0.0,
                pos_smoothing: None,
                moments: Moments::Global,
                pos_weight: 1.0,
                pair_weights: PairWeights::Equal,
                pos_floor: PosFloor::None,
                image_level: ImageLevel::Kept,
                ..DetectionConfig::default()
            },
            ..Self::default()
        }
    }

    /// The settings in which another configuration is not as this one, in the order of their names.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        // Only what cannot be written at all has no settings; a configuration can be.
        let [mine, others] =
            [self, other].map(|config| serde_json::to_value(config).unwrap_or_default());
        let mut differences = Vec::new();
        compare("", &mine, &others, &mut differences);
        differences
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
            option: None,
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

/// A setting that two configurations do not share.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its dotted name, such as "training.seed".
    pub name: String,
    /// What the one has; null where it leaves the setting out.
    pub mine: Value,
    /// What the other has, likewise.
    pub other: Value,
}

/// Puts down where two tables are not the same.
fn compare(name: &str, mine: &Value, other: &Value, differences: &mut Vec<Difference>) {
    if let (Value::Object(mine), Value::Object(other)) = (mine, other) {
        let keys: BTreeSet<&String> = mine.keys().chain(other.keys()).collect();
        for key in keys {
            let name = format!("{name}.{key}");
            let [mine, other] = [mine, other].map(|table| table.get(key).unwrap_or(&Value::Null));
            compare(name.trim_start_matches('.'), mine, other, differences);
        }
    } else if mine != other {
        differences.push(Difference {
            name: name.to_owned(),
            mine: mine.clone(),
            other: other.clone(),
        });
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
    fn the_paper_learns_from_all_positions_and_the_default_from_the_hardest_half() {
        assert_eq!(Config::paper().training.hardest, 1.0);
        assert_eq!(Config::default().training.hardest, 0.5);
    }

    #[test]
    fn differences_name_the_settings_and_what_both_have() {
        let config = Config::default();
        let mut other = config.clone();
        assert!(config.differences(&other).is_empty());
        other.detection.moments = Moments::Global;
        other.detection.pos_smoothing = None;
        other.training.iterations = 7;
        let found: Vec<String> = (config.differences(&other).into_iter())
            .map(|difference| {
                let Difference { name, mine, other } = difference;
                format!("{name}: {mine}, {other}")
            })
            .collect();
        let expected = [
            "detection.moments: \"local\", \"global\"",
            "detection.pos_smoothing: 8.0, null",
            "training.iterations: 2500, 7",
        ];
        assert_eq!(found, expected);
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
            ("position", "offset"),
            ("training", "optimizer"),
            ("training", "level_weights"),
            ("training", "hardest"),
            ("training", "rec_weight"),
            ("training", "feature_norm"),
            ("detection", "smoothing"),
            ("detection", "pos_smoothing"),
            ("detection", "moments"),
            ("detection", "pos_weight"),
            ("detection", "pair_weights"),
            ("detection", "pos_floor"),
            ("detection", "image_level"),
        ] {
            let table = written[table].as_object_mut().unwrap();
            table.remove(field).unwrap();
        }
        let without_fields = written.clone();
        for table in ["position", "training", "detection"] {
            written.as_object_mut().unwrap().remove(table).unwrap();
        }
        for old in [without_fields, written] {
            let config: Config = serde_json::from_value(old).unwrap();
            assert_eq!(config.position.offset, 64);
            assert_eq!(config.training.optimizer, Optimizer::Adam);
            assert_eq!(config.training.level_weights, [1.0; 3]);
            assert_eq!(config.training.hardest, 1.0);
            assert_eq!(config.training.rec_weight, 1.0);
            assert_eq!(config.training.feature_norm, FeatureNorm::Standardize);
            assert_eq!(config.detection.smoothing, 8.0);
            assert_eq!(config.detection.pos_smoothing, None);
            assert_eq!(config.detection.moments, Moments::Global);
            assert_eq!(config.detection.pos_weight, 1.0);
            assert_eq!(config.detection.pair_weights, PairWeights::Equal);
            assert_eq!(config.detection.pos_floor, PosFloor::None);
            assert_eq!(config.detection.image_level, ImageLevel::Kept);
        }
        let [training, detection] = tables;
        assert_eq!(
            (&training["optimizer"], &detection["moments"]),
            (&"muon".into(), &"local".into())
        );
    }
}

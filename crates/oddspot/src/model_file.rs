//! The model file: one `.safetensors` with everything needed to score an image
//! (documented in `docs/model-file.md`).

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::config::{Config, FeatureNorm, ImageLevel, Method, Moments};
use crate::error::{Error, Result};
use crate::error_maps::LevelMoments;
use crate::image::ImageSize;
use crate::local_moments::LocalMoments;
use crate::loss::ChannelStatistics;
use crate::map::ScoreMap;
use crate::network::{Parameters, Shapes};
use crate::scoring::Normalisation;
use crate::teacher::{Teacher, TeacherIdentity};
use crate::tensor_file::{
    CHECKPOINT_KEY, MODEL_KEY, NamedTensor, NamedTensors, Stored, TensorFile, check_finite,
    check_format, serialize,
};
use crate::threshold::Thresholds;
use crate::trainable::Networks;

/// Name and SHA-256 of a training image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Path below the data set's folder, with `/`.
    pub name: String,
    /// Of the file's bytes, as hexadecimal digits.
    pub sha256: String,
}

/// A model's text metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the file format.
    pub format: u32,
    /// Version of oddspot that wrote it.
    pub oddspot: String,
    /// Full configuration of the training.
    pub config: Config,
    /// The teacher.
    pub teacher: TeacherIdentity,
    /// Channels of the teacher's three levels.
    pub teacher_channels: [usize; 3],
    /// μ and σ of the errors over the training images.
    pub normalisation: Normalisation,
    /// Thresholds from the held-out images.
    pub thresholds: Thresholds,
    /// Iterations trained.
    pub iterations: usize,
    /// The images trained on.
    pub training_images: Vec<ImageRecord>,
    /// The good images held out for the thresholds.
    pub held_out_images: Vec<ImageRecord>,
}

#[cfg(test)]
impl Header {
    /// Of a model that no test trains, all thresholds the same.
    pub(crate) fn made_up(config: Config, teacher: TeacherIdentity, threshold: f64) -> Self {
        let moments = crate::moments::Moments {
            mean: 0.0,
            std: 1.0,
        };
        Self {
            format: 1,
            oddspot: "0.0.0".to_owned(),
            teacher,
            teacher_channels: [1; 3],
            normalisation: Normalisation {
                rec: moments,
                pos: (config.method == Method::Full).then_some(moments),
                image_level: (config.detection.image_level == ImageLevel::Levelled)
                    .then_some(moments),
            },
            thresholds: Thresholds {
                image: threshold,
                pixel: threshold,
                false_alarms: crate::threshold::FalseAlarms {
                    images: 0,
                    target: 0.01,
                    left_out_alarms: 0,
                },
                scores: None,
                replaced: None,
            },
            config,
            iterations: 7,
            training_images: Vec::new(),
            held_out_images: Vec::new(),
        }
    }
}

/// A model: its header and its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Everything but the tensors.
    pub header: Header,
    /// Statistics of the teacher's channels (`teacher.mean1..3`, `teacher.std1..3`, and
    /// `teacher.whitening1..3` if they are whitened).
    pub statistics: ChannelStatistics,
    /// What is usual of each level's error at each place (`local.level1..3.mean`, `.std`); absent if
    /// μ and σ are global.
    pub local: Option<LevelMoments>,
    /// `student.…` and `position.…`.
    pub networks: NamedTensors,
    /// The teacher's weights in canonical names, without their prefix `teacher.`; absent if
    /// the model was saved without them.
    pub teacher: Option<NamedTensors>,
}

impl Model {
    /// Writes the file, replacing an older one whole.
    ///
    /// # Errors
    /// Tensors that are not finite, or a file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let fail = |reason: String| Error::model_file(path, reason);
        let mut tensors = self.networks.clone();
        for (name, tensor) in self.teacher.iter().flatten() {
            tensors.insert(format!("teacher.{name}"), tensor.clone());
        }
        for level in 0..3 {
            let parts = [
                ("mean", &self.statistics.mean),
                ("std", &self.statistics.std),
            ];
            for (part, levels) in parts {
                let tensor = NamedTensor {
                    shape: vec![levels[level].len()],
                    values: levels[level].clone(),
                };
                tensors.insert(format!("teacher.{part}{}", level + 1), tensor);
            }
            if let Some(whitening) = &self.statistics.whitening {
                let channels = self.statistics.mean[level].len();
                let tensor = NamedTensor {
                    shape: vec![channels, channels],
                    values: whitening[level].clone(),
                };
                tensors.insert(format!("teacher.whitening{}", level + 1), tensor);
            }
        }
        for (name, moments) in self
            .local
            .iter()
            .flat_map(|local| LEVELS.into_iter().zip(local))
        {
            for (part, map) in [("mean", &moments.mean), ("std", &moments.std)] {
                let tensor = NamedTensor {
                    shape: vec![map.height, map.width],
                    values: map.values.clone(),
                };
                tensors.insert(format!("{LOCAL}{name}.{part}"), tensor);
            }
        }
        for (name, tensor) in &tensors {
            check_finite(name, &tensor.values).map_err(fail)?;
        }
        let stored: BTreeMap<String, Stored> = tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), Stored::floats(tensor)))
            .collect();
        let header = serde_json::to_string(&self.header).map_err(|e| fail(e.to_string()))?;
        let bytes = serialize(&stored, MODEL_KEY, header).map_err(fail)?;
        atomic::write_bytes(path, &bytes)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// A file that is not a model, is of a newer format, damaged, or lacks a tensor; nothing
    /// of it is allocated before its header has been checked against its length.
    pub fn load(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::model_file(path, reason);
        if path.is_dir() {
            let reason = "it is a folder: give the file that `oddspot train` wrote";
            return Err(fail(reason.to_owned()));
        }
        let mut file = TensorFile::open(path).map_err(|e| e.explain(fail))?;
        let header = read_header(&file).map_err(fail)?;
        let shapes = file.shapes();
        check_shapes(&header, &shapes).map_err(fail)?;
        let mut networks = NamedTensors::new();
        let mut teacher = NamedTensors::new();
        let mut maps = NamedTensors::new();
        let mut vectors: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        for name in shapes.into_keys() {
            let tensor = file.read(&name).map_err(|e| e.explain(fail))?;
            if let Some(name) = name.strip_prefix(LOCAL) {
                maps.insert(name.to_owned(), tensor);
                continue;
            }
            match name.strip_prefix("teacher.") {
                Some(statistic) if !statistic.contains('.') => {
                    vectors.insert(statistic.to_owned(), tensor.values);
                }
                Some(weight) => {
                    teacher.insert(weight.to_owned(), tensor);
                }
                None => {
                    networks.insert(name, tensor);
                }
            }
        }
        let statistics = read_statistics(&header, &mut vectors).map_err(fail)?;
        let local = read_local(&header.config, &mut maps).map_err(fail)?;
        Ok(Self {
            header,
            statistics,
            local,
            networks,
            teacher: (!teacher.is_empty()).then_some(teacher),
        })
    }
}

/// Prefix of the local moments' tensors.
const LOCAL: &str = "local.";

const LEVELS: [&str; 3] = ["level1", "level2", "level3"];

/// The local moments that a configuration asks for.
fn read_local(config: &Config, maps: &mut NamedTensors) -> Result<Option<LevelMoments>, String> {
    let left_over = |maps: &NamedTensors| match maps.keys().next() {
        Some(name) => Err(format!("its tensor '{LOCAL}{name}' belongs to no network")),
        None => Ok(()),
    };
    if config.detection.moments == Moments::Global {
        return left_over(maps).map(|()| None);
    }
    let ImageSize { width, height } = config.image_size;
    let mut take = |level: &str, side: usize| {
        let mut part = |part: &str| {
            let name = format!("{level}.{part}");
            let shape = [height / side, width / side];
            match maps.remove(&name) {
                Some(tensor) if tensor.shape == shape => Ok(ScoreMap {
                    height: shape[0],
                    width: shape[1],
                    values: tensor.values,
                }),
                _ => Err(format!(
                    "it lacks the tensor '{LOCAL}{name}' of {} by {} values",
                    shape[0], shape[1]
                )),
            }
        };
        let (mean, std) = (part("mean")?, part("std")?);
        match std.values.iter().all(|&s| s > 0.0) {
            true => Ok(LocalMoments { mean, std }),
            false => Err(format!(
                "its tensor '{LOCAL}{level}.std' holds values that are not positive"
            )),
        }
    };
    let [first, second, third] = LEVELS;
    let local = [take(first, 2)?, take(second, 4)?, take(third, 8)?];
    left_over(maps).map(|()| Some(local))
}

fn read_header(file: &TensorFile) -> Result<Header, String> {
    let text = file.metadata(MODEL_KEY).ok_or_else(|| {
        if file.metadata(CHECKPOINT_KEY).is_some() {
            "it is the checkpoint of an unfinished training; finish it with `oddspot train … \
             --resume`"
                .to_owned()
        } else {
            "it is not an oddspot model (a teacher's weights, perhaps: those go to --teacher); \
             make one with `oddspot train`"
                .to_owned()
        }
    })?;
    check_format(text)?;
    let header: Header =
        serde_json::from_str(text).map_err(|e| format!("its header does not parse: {e}"))?;
    header.config.validate().map_err(|e| e.to_string())?;
    check_header(&header)?;
    Ok(header)
}

fn check_header(header: &Header) -> Result<(), String> {
    let normalisation = &header.normalisation;
    let moments = std::iter::once(&normalisation.rec)
        .chain(&normalisation.pos)
        .chain(&normalisation.image_level);
    let finite = moments
        .clone()
        .all(|m| m.mean.is_finite() && m.std.is_finite() && m.std > 0.0);
    let thresholds = header.thresholds.image.is_finite() && header.thresholds.pixel.is_finite();
    if !finite || !thresholds {
        return Err("its statistics or thresholds are not finite numbers".to_owned());
    }
    let alarms = &header.thresholds.false_alarms;
    if alarms.images != header.held_out_images.len() || alarms.left_out_alarms > alarms.images {
        return Err("its count of false alarms and its held-out images do not agree".to_owned());
    }
    let scores = header.thresholds.scores.as_ref();
    if scores.is_some_and(|scores| !scores.are_usable(alarms.images)) {
        return Err("its scores and its held-out images do not agree".to_owned());
    }
    if header
        .teacher_channels
        .iter()
        .any(|c| !(1..=4096).contains(c))
    {
        return Err("its teacher's channels do not lie between 1 and 4096".to_owned());
    }
    let full = header.config.method == Method::Full;
    let levelled = header.config.detection.image_level == ImageLevel::Levelled;
    if full != normalisation.pos.is_some() || levelled != normalisation.image_level.is_some() {
        return Err("its settings and its statistics do not fit together".to_owned());
    }
    Ok(())
}

/// Holds the names and shapes that the file claims against its configuration.
fn check_shapes(header: &Header, shapes: &Shapes) -> Result<(), String> {
    let device = Device::flex();
    let parameters = Parameters::check(shapes, &device);
    Networks::new(&parameters, &header.config, header.teacher_channels, false)?;
    let known = ["student.", "position.", "teacher.", LOCAL];
    if let Some(name) = shapes
        .keys()
        .find(|name| !known.iter().any(|part| name.starts_with(part)))
    {
        return Err(format!("its tensor '{name}' belongs to no network"));
    }
    if shapes
        .keys()
        .any(|name| name.starts_with("teacher.features."))
    {
        let parameters = parameters.scope("teacher");
        Teacher::new(header.teacher.architecture, &parameters)?;
    }
    Ok(())
}

fn read_statistics(
    header: &Header,
    vectors: &mut BTreeMap<String, Vec<f32>>,
) -> Result<ChannelStatistics, String> {
    let mut take = |part: &str, level: usize, square: bool| {
        let name = format!("{part}{}", level + 1);
        let values = vectors.remove(&name).unwrap_or_default();
        let channels = header.teacher_channels[level];
        let needed = if square {
            channels * channels
        } else {
            channels
        };
        if values.len() == needed {
            Ok(values)
        } else {
            Err(format!(
                "its tensor 'teacher.{name}' has {} values where {needed} are needed",
                values.len(),
            ))
        }
    };
    let mut three = |part, square| -> Result<[Vec<f32>; 3], String> {
        Ok([
            take(part, 0, square)?,
            take(part, 1, square)?,
            take(part, 2, square)?,
        ])
    };
    let (mean, std) = (three("mean", false)?, three("std", false)?);
    let whitening = match header.config.training.feature_norm {
        FeatureNorm::Whiten => Some(three("whitening", true)?),
        _ => None,
    };
    if let Some(name) = vectors.keys().next() {
        return Err(format!("its tensor 'teacher.{name}' belongs to no network"));
    }
    if std.iter().flatten().any(|&s| s <= 0.0) {
        return Err("its 'teacher.std' tensors hold values that are not positive".to_owned());
    }
    Ok(ChannelStatistics {
        mean,
        std,
        whitening,
    })
}

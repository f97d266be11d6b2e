//! The settings of a training: a preset, a file of settings, and an option for each setting.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Arg, Args, Command, ValueEnum};
use oddspot::Error;
use oddspot::config::{
    Config, FeatureNorm, ImageLevel, Method, Moments, Optimizer, PairWeights, PosFloor, Schedule,
};
use oddspot::image::ImageSize;
use serde_json::json;

/// Where settings come from: the later ones replace the earlier.
#[derive(Args, Clone, Default)]
pub struct Configuration {
    /// Settings to start from [default: default, or those of the training that is resumed]
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// TOML file with settings that replace the preset's
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// Single settings, which replace those of the preset and the file
    #[command(flatten)]
    pub settings: Settings,
}

impl Configuration {
    /// The preset (without one, `first`), then the file, then the single settings.
    ///
    /// # Errors
    /// A file that cannot be read, or a setting out of range, by its option's name.
    pub fn over(&self, first: Config) -> Result<Config> {
        let mut config = match self.preset {
            None => first,
            Some(Preset::Default) => Config::default(),
            Some(Preset::Paper) => Config::paper(),
        };
        if let Some(file) = &self.config {
            config = config.overlaid_with_file(file)?;
        }
        self.settings.apply(&mut config)?;
        config.validate().map_err(|error| match error {
            Error::Config { field, reason, .. } => Error::Config {
                field,
                option: option_of(field),
                reason,
            },
            other => other,
        })?;
        Ok(config)
    }
}

/// The option that sets a field of the configuration, if there is one.
fn option_of(field: &str) -> Option<String> {
    let name = field.rsplit('.').next()?.replace('_', "-");
    let options = Settings::augment_args(Command::new("train"));
    let mut names = options.get_arguments().filter_map(Arg::get_long);
    names.any(|long| long == name).then(|| format!("--{name}"))
}

/// Presets of `--preset`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// This program's best settings
    Default,
    /// The paper's
    Paper,
}

/// One option per setting.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Settings (defaults are the preset's)")]
pub struct Settings {
    /// full (with the position classifier), or baseline
    #[arg(long, value_parser = parse_name::<Method>)]
    pub method: Option<Method>,
    /// Name from `oddspot teacher list`, or path of a weights file
    #[arg(long, value_name = "NAME|PATH")]
    pub teacher: Option<String>,
    /// Size that images are resized to: 256, or WIDTHxHEIGHT; multiples of 8
    #[arg(long)]
    pub image_size: Option<ImageSize>,
    /// Channels c1,c2,c3,c4 of the student
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub widths: Option<Vec<usize>>,
    /// Pixels between the student's features: 1, 2, 4 or 8
    #[arg(long)]
    pub output_stride: Option<usize>,
    /// l2, none, standardize or whiten
    #[arg(long, value_parser = parse_name::<FeatureNorm>)]
    pub feature_norm: Option<FeatureNorm>,
    /// Weights w1,w2,w3 of the levels at 1/2, 1/4 and 1/8 of the image
    #[arg(long, value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub level_weights: Option<Vec<f64>>,
    /// Share of each image's positions, level by level, that count in L_rec, those that the student
    /// gets most wrong: above 0, to 1 for all
    #[arg(long)]
    pub hardest: Option<f64>,
    /// How much L_rec weighs beside L_pos at the start, against equal shares of the loss (full only)
    #[arg(long)]
    pub rec_weight: Option<f64>,
    /// Pixels between the centres of a pair of patches
    #[arg(long)]
    pub offset: Option<usize>,
    /// Pairs of patches per image and iteration
    #[arg(long)]
    pub pairs: Option<usize>,
    /// Optimizer steps
    #[arg(long)]
    pub iterations: Option<usize>,
    /// Images per step
    #[arg(long)]
    pub batch: Option<usize>,
    /// adam, or muon (for the convolutions, and Adam for the rest)
    #[arg(long, value_parser = parse_name::<Optimizer>)]
    pub optimizer: Option<Optimizer>,
    /// Initial learning rate
    #[arg(long)]
    pub learning_rate: Option<f64>,
    /// constant, or cosine
    #[arg(long, value_parser = parse_name::<Schedule>)]
    pub schedule: Option<Schedule>,
    /// L2 penalty in the gradient of what Adam updates
    #[arg(long)]
    pub weight_decay: Option<f64>,
    /// Seed of everything that is left to chance
    #[arg(long)]
    pub seed: Option<u64>,
    /// Gaussian that smooths the map of e_rec: its σ in pixels of a 256-pixel image
    #[arg(long)]
    pub smoothing: Option<f64>,
    /// The same for the map of e_pos
    #[arg(long)]
    pub pos_smoothing: Option<f64>,
    /// Measure errors against what is usual everywhere (global), or at each place (local)
    #[arg(long, value_parser = parse_name::<Moments>)]
    pub moments: Option<Moments>,
    /// Weight of e_pos beside e_rec
    #[arg(long)]
    pub pos_weight: Option<f64>,
    /// Count all pairs of a position alike (equal), or each as its neighbour is in place (trusted)
    #[arg(long, value_parser = parse_name::<PairWeights>)]
    pub pair_weights: Option<PairWeights>,
    /// Let a place surer than usual lower the score (none), or count e_pos below its mean as its mean (mean)
    #[arg(long, value_parser = parse_name::<PosFloor>)]
    pub pos_floor: Option<PosFloor>,
    /// Leave an image's e_rec as it is (kept), or take off what good images differ in as wholes (levelled)
    #[arg(long, value_parser = parse_name::<ImageLevel>)]
    pub image_level: Option<ImageLevel>,
    /// Share of good images that the verdict may call anomalous
    #[arg(long)]
    pub false_alarm_rate: Option<f64>,
    /// Share of good images' pixels that may lie in a region
    #[arg(long)]
    pub pixel_false_alarm_rate: Option<f64>,
    /// MiB of memory for the cached teacher maps, before they go to a temporary file
    #[arg(long)]
    pub cache_mib: Option<usize>,
    /// Iterations between checkpoints
    #[arg(long)]
    pub checkpoint_every: Option<usize>,
}

/// Parses a setting by the name that it has in a configuration file.
fn parse_name<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(json!(text)).map_err(|e| e.to_string())
}

impl Settings {
    fn apply(&self, config: &mut Config) -> Result<()> {
        fn set<T: Clone>(field: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        if let Some(widths) = &self.widths {
            config.student.widths = widths
                .as_slice()
                .try_into()
                .context("--widths takes four numbers: c1,c2,c3,c4")?;
        }
        if let Some(weights) = &self.level_weights {
            config.training.level_weights = weights
                .as_slice()
                .try_into()
                .context("--level-weights takes three numbers: w1,w2,w3")?;
        }
        set(&mut config.method, &self.method);
        set(&mut config.teacher, &self.teacher);
        set(&mut config.image_size, &self.image_size);
        set(&mut config.student.output_stride, &self.output_stride);
        set(&mut config.position.offset, &self.offset);
        set(&mut config.position.pairs, &self.pairs);
        let training = &mut config.training;
        set(&mut training.feature_norm, &self.feature_norm);
        set(&mut training.hardest, &self.hardest);
        set(&mut training.rec_weight, &self.rec_weight);
        set(&mut training.iterations, &self.iterations);
        set(&mut training.batch, &self.batch);
        set(&mut training.optimizer, &self.optimizer);
        set(&mut training.learning_rate, &self.learning_rate);
        set(&mut training.schedule, &self.schedule);
        set(&mut training.weight_decay, &self.weight_decay);
        set(&mut training.seed, &self.seed);
        set(&mut training.cache_mib, &self.cache_mib);
        set(&mut training.checkpoint_every, &self.checkpoint_every);
        let detection = &mut config.detection;
        set(&mut detection.smoothing, &self.smoothing);
        if self.pos_smoothing.is_some() {
            detection.pos_smoothing = self.pos_smoothing;
        }
        set(&mut detection.moments, &self.moments);
        set(&mut detection.pos_weight, &self.pos_weight);
        set(&mut detection.pair_weights, &self.pair_weights);
        set(&mut detection.pos_floor, &self.pos_floor);
        set(&mut detection.image_level, &self.image_level);
        set(&mut detection.false_alarm_rate, &self.false_alarm_rate);
        set(
            &mut detection.pixel_false_alarm_rate,
            &self.pixel_false_alarm_rate,
        );
        Ok(())
    }
}

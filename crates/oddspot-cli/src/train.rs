//! `oddspot train`: a folder of good images in, a model file out.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{Arg, Args, Command, ValueEnum};
use oddspot::Error;
use oddspot::atomic;
use oddspot::config::{
    Config, FeatureNorm, ImageLevel, Method, Moments, Optimizer, PairWeights, PosFloor, Schedule,
};
use oddspot::dataset::{Dataset, Sample};
use oddspot::image::ImageSize;
use oddspot::model_file::Model;
use oddspot::network::Parameters;
use oddspot::teacher::{RANDOM, Teacher, TeacherIdentity};
use oddspot::tensor_file::NamedTensors;
use oddspot::training::{HeldOut, Outcome, StepReport, Trainer, TrainingSet, checkpoint};
use serde_json::json;

use crate::inspect::{describe_false_alarms, describe_position_classifier};
use crate::interrupt::{INTERRUPTED, Interrupt};
use crate::progress::Progress;
use crate::runtime::{Runtime, RuntimeArgs, beside, check_output, parent, teacher_library};

/// Arguments of `oddspot train`. An option given twice takes its last value, so that a command
/// can be repeated with changes at its end.
#[derive(Args, Clone)]
#[command(args_override_self = true)]
pub struct TrainArgs {
    /// Folder of good images, or a data set of which the good training images are used: in the
    /// layout of MVTec AD, MVTec LOCO or VisA, or a .csv or .jsonl file that lists its images
    pub data: PathBuf,
    /// Where to write the model
    #[arg(short, long, value_name = "MODEL")]
    pub output: PathBuf,
    /// Preset, file and single settings
    #[command(flatten)]
    pub configuration: Configuration,
    /// Leave the teacher's weights out of the model (detection then needs them at hand)
    #[arg(long)]
    pub no_teacher: bool,
    /// Go on from the checkpoint of an interrupted training
    #[arg(long)]
    pub resume: bool,
    /// Start again although a checkpoint of an interrupted training is there
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    /// Training log, a JSON object a line [default: MODEL.log.jsonl]
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

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

/// `oddspot train`.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    train(args, &args.runtime.open()?)
}

/// Trains and writes the model.
pub fn train(args: &TrainArgs, runtime: &Runtime) -> Result<ExitCode> {
    let Runtime { device, interrupt } = runtime;
    let checkpoint = beside(&args.output, "checkpoint");
    let config = configuration(args, &checkpoint)?;
    check_output(&args.output)?;
    let dataset = Dataset::open(&args.data)?;
    ensure!(
        !dataset.train.is_empty(),
        "{} has test images but no good ones to learn from: bring those of train/good, or of the split \
         train",
        args.data.display()
    );
    let split = dataset.split(config.training.seed)?;
    let (weights, identity) = teacher_library()?.find(&config.teacher)?;
    let teacher = Teacher::new(
        identity.architecture,
        &Parameters::from_tensors(&weights.tensors, device),
    )
    .map_err(anyhow::Error::msg)?;
    announce(&identity, &split.train, &split.held_out);
    if args.output.exists() {
        tell!(
            "{} is there already and will be replaced when the training is done",
            args.output.display()
        );
    }

    let held_out = HeldOut::load(&split.held_out, &dataset.root, config.image_size)?;
    let mut bar = Progress::new("preparing", "images", 0, split.train.len());
    let set = TrainingSet::prepare(
        &split.train,
        &dataset.root,
        &config,
        &teacher,
        device,
        parent(&args.output),
        |done, _| {
            bar.set(done, String::new);
            interrupt.flow()
        },
    )?;
    bar.finish();
    let Some(set) = set else {
        tell!("interrupted before the first step; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };

    let mut trainer = if args.resume {
        let channels = teacher.channels();
        Trainer::resume(&checkpoint, config.clone(), identity, channels, set, device)?
    } else {
        Trainer::new(config.clone(), identity, teacher.channels(), set, device)?
    };
    if learn(args, &config, &mut trainer, &checkpoint, interrupt)? == Outcome::Interrupted {
        tell!(
            "interrupted at iteration {} of {}; the checkpoint is {}\ngo on with the same command \
             and --resume",
            trainer.iteration(),
            config.training.iterations,
            checkpoint.display()
        );
        return Ok(ExitCode::from(INTERRUPTED));
    }

    // Scoring takes a while too: a stop in it must not cost the training.
    trainer.save(&checkpoint)?;
    let weights = (!args.no_teacher).then_some(weights.tensors);
    let Some(model) = score(trainer, &teacher, weights, held_out, interrupt)? else {
        tell!(
            "interrupted while scoring; the checkpoint is {}\ngo on with the same command and \
             --resume",
            checkpoint.display()
        );
        return Ok(ExitCode::from(INTERRUPTED));
    };
    model.save(&args.output).with_context(|| {
        format!(
            "the training is done and kept in {}; go on with the same command and --resume once \
             this is mended",
            checkpoint.display()
        )
    })?;
    // The model holds all that the checkpoint was kept for.
    std::fs::remove_file(&checkpoint).ok();
    summarise(&model, &args.output);
    Ok(ExitCode::SUCCESS)
}

/// Preset, then file, then single settings; a resumed training keeps its own where none are given.
fn configuration(args: &TrainArgs, checkpoint: &Path) -> Result<Config> {
    if args.resume && !checkpoint.exists() {
        bail!(
            "there is no checkpoint {} to resume; start without --resume",
            checkpoint.display()
        );
    }
    if checkpoint.exists() && !args.resume && !args.restart {
        bail!(
            "{} is the checkpoint of an interrupted training; add --resume to go on with it, or \
             --restart to start again",
            checkpoint.display()
        );
    }
    let first = match args.resume {
        true => checkpoint::configuration(checkpoint)?,
        false => Config::default(),
    };
    args.configuration.over(first)
}

fn announce(identity: &TeacherIdentity, train: &[Sample], held_out: &[Sample]) {
    tell!(
        "{} good images to learn from, {} held out for the threshold",
        train.len(),
        held_out.len()
    );
    tell!(
        "teacher {} ({}, SHA-256 {}…)",
        identity.name,
        identity.architecture,
        &identity.sha256[..12]
    );
    if identity.name == RANDOM {
        tell!(
            "the random teacher has seen no image: misplaced parts are found, fine defects \
             hardly; the default, --teacher builtin, has learned from images"
        );
    }
}

/// Runs the loop with its progress and its log.
fn learn(
    args: &TrainArgs,
    config: &Config,
    trainer: &mut Trainer,
    checkpoint: &Path,
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let path = args
        .log
        .clone()
        .unwrap_or_else(|| beside(&args.output, "log.jsonl"));
    let mut log = Log::open(path, trainer.iteration())?;
    let mut bar = Progress::new(
        "training",
        "images",
        trainer.iteration() * config.training.batch,
        config.training.iterations * config.training.batch,
    );
    let outcome = trainer.run(checkpoint, |report| {
        log.step(report);
        bar.set(report.iteration * config.training.batch, || note(report));
        interrupt.flow()
    });
    bar.finish();
    log.finish();
    Ok(outcome?)
}

fn note(report: &StepReport) -> String {
    let mut note = format!("L_rec {:.3}", report.rec);
    if let (Some(pos), Some(accuracy)) = (report.pos, report.position_accuracy) {
        note += &format!(" L_pos {pos:.3} position {:.0} %", 100.0 * accuracy);
    }
    note
}

fn score(
    trainer: Trainer,
    teacher: &Teacher,
    weights: Option<NamedTensors>,
    held_out: HeldOut,
    interrupt: &Interrupt,
) -> Result<Option<Model>> {
    let mut bar = None;
    let model = trainer.finish(teacher, weights, held_out, |done, total| {
        bar.get_or_insert_with(|| Progress::new("scoring", "images", 0, total))
            .set(done, String::new);
        interrupt.flow()
    })?;
    if let Some(bar) = bar {
        bar.finish();
    }
    Ok(model)
}

fn summarise(model: &Model, output: &Path) {
    let thresholds = &model.header.thresholds;
    say!("model {}", output.display());
    say!(
        "an image is anomalous above the score {:.2}",
        thresholds.image
    );
    say!("{}", describe_false_alarms(&thresholds.false_alarms));
    if let Some(pos) = model.header.normalisation.pos {
        say!("{}", describe_position_classifier(pos.mean));
    }
}

/// The training log: one JSON object a step.
struct Log {
    path: PathBuf,
    file: File,
    error: Option<std::io::Error>,
}

impl Log {
    /// A fresh log, or one that goes on after `iteration`.
    fn open(path: PathBuf, iteration: usize) -> Result<Self> {
        let context = || format!("cannot write the log {}", path.display());
        // Devices and pipes have no past: reading /dev/zero or /dev/full would never end.
        let old = if iteration > 0 && path.is_file() {
            let bytes = std::fs::read(&path).with_context(context)?;
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            String::new()
        };
        // Steps after the checkpoint will be made, and logged, again.
        let done = |line: &&str| {
            serde_json::from_str::<serde_json::Value>(line).is_ok_and(|step| {
                step["iteration"]
                    .as_u64()
                    .is_some_and(|i| i <= iteration as u64)
            })
        };
        let kept: String = old.split_inclusive('\n').filter(done).collect();
        atomic::write_bytes(&path, kept.as_bytes())?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .with_context(context)?;
        Ok(Self {
            path,
            file,
            error: None,
        })
    }

    /// Logs a step; a failure is kept for the end, so that it does not stop the training.
    fn step(&mut self, report: &StepReport) {
        let line = json!({
            "iteration": report.iteration,
            "L_rec": report.rec,
            "L_pos": report.pos,
            "loss": report.total,
            "position_accuracy": report.position_accuracy,
            "learning_rate": report.learning_rate,
        });
        if self.error.is_none() {
            self.error = self.file.write_all(format!("{line}\n").as_bytes()).err();
        }
    }

    fn finish(self) {
        if let Some(error) = self.error {
            tell!(
                "warning: the log {} is incomplete: {error}",
                self.path.display()
            );
        }
    }
}

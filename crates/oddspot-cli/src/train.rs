//! `oddspot train`: a folder of good images in, a model file out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use oddspot::config::Config;
use oddspot::dataset::{Dataset, Sample};
use oddspot::model_file::Model;
use oddspot::network::Parameters;
use oddspot::teacher::{RANDOM, Teacher, TeacherIdentity};
use oddspot::tensor_file::NamedTensors;
use oddspot::training::{HeldOut, Outcome, StepReport, Trainer, TrainingSet, checkpoint};

use crate::configuration::Configuration;
use crate::inspect::{describe_false_alarms, describe_position_classifier};
use crate::interrupt::{INTERRUPTED, Interrupt};
use crate::progress::Progress;
use crate::runtime::{Runtime, RuntimeArgs, beside, check_output, parent, teacher_library};
use crate::training_log::TrainingLog;

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
        "teacher {} (built like {}, SHA-256 {}…)",
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
    let mut log = TrainingLog::open(path, trainer.iteration())?;
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
        bar.get_or_insert_with(|| Progress::new("scoring good images", "images", 0, total))
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

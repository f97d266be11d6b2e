//! `oddspot train`: a folder of good images in, a model file out.

mod ending;
mod log;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use oddspot::Training;
use oddspot::model::Model;
use oddspot::settings::Settings;
use oddspot::train::{Checkpoint, GoodImages, LeftOut, checkpoint_of_fold, is_first, keep_last};

use crate::advice::chain;
use crate::audit::{Found, look_through, name_of, tell_in_short, write_page};
use crate::configuration::Configuration;
use crate::excluded::ExcludeArgs;
use crate::good::{GoodArgs, LEAVE_OUT, data_sets, each_once, unreadable};
use crate::interrupt::INTERRUPTED;
use crate::output::{Claim, beside, parent};
use crate::region::RegionArgs;
use crate::runtime::{Runtime, RuntimeArgs, teacher_library};
use crate::voice::Voice;
use watch::{Ended, Watch};

/// Arguments of `oddspot train`. An option given twice takes its last value, so that a command
/// can be repeated with changes at its end.
#[derive(Args, Clone)]
#[command(args_override_self = true)]
pub struct TrainArgs {
    /// Folder of good images, or a data set of which the good training images are used: in the
    /// layout of MVTec AD, MVTec LOCO or VisA, or a .csv or .jsonl file that lists its images. An image has
    /// at most 100 megapixels and 30 000 pixels a side (--max-megapixels, --max-side)
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
    /// Replace a model that is there already, and keep it as MODEL.bak
    #[arg(long)]
    pub replace: bool,
    /// Start again although a checkpoint of an interrupted training is there
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    /// Training log, a JSON object a line [default: MODEL.log.jsonl]
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// What is taken for good
    #[command(flatten)]
    pub good: GoodArgs,
    /// Good images to leave out
    #[command(flatten)]
    pub exclude: ExcludeArgs,
    /// Which part of images is inspected
    #[command(flatten)]
    pub region: RegionArgs,
    /// Do not look through the good images at the end, and write no MODEL.audit.html
    #[arg(long)]
    pub no_audit: bool,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    /// Whether the command that it is part of goes on where it was by itself
    #[arg(skip)]
    pub goes_on_by_itself: bool,
}

/// `oddspot train`.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    train(args, &args.runtime.open()?)
}

/// Trains and writes the model.
pub fn train(args: &TrainArgs, runtime: &Runtime) -> Result<ExitCode> {
    let checkpoint = Checkpoint {
        path: beside(&args.output, "checkpoint"),
        resume: args.resume,
    };
    let log = log_file(args);
    let claim = Claim::take(&args.output)?;
    for file in [&checkpoint.path, &log, &beside(&args.output, "audit.html")] {
        claim.clean(file);
    }
    let settings = settings(args, &checkpoint)?;
    let region = args.region.drawn(settings.reading().limits)?;
    refuse_to_replace(args, &checkpoint)?;
    let mut datasets = data_sets(std::slice::from_ref(&args.data))?;
    let excluded = args.exclude.apply(&mut datasets, args.runtime.voice)?;
    let beside = unreadable(&datasets);
    let dataset = datasets.swap_remove(0);
    let mut told = args.good.look(&dataset)?;
    let good = GoodImages::of(&dataset);
    let count = good.train.len() + good.held_out.len();
    let once = each_once((good, settings.reading()), &beside, runtime, &mut told);
    let Some(images) = once.context(LEAVE_OUT)? else {
        tell!("interrupted before the first step; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    images.check_more_than_one(count)?;
    let mut watch = Watch::new(&settings, &args.output, log, runtime).telling(told);
    let mut left_out = Vec::new();
    let mut training = Training::new(settings, images.clone())
        .library(teacher_library())
        .engine(Arc::clone(&runtime.engine))
        .threads(runtime.threads)
        .checkpoint(checkpoint.clone())
        .scratch(parent(&args.output))
        .region(region)
        .observe(&mut watch);
    if !args.no_audit {
        training = training.left_out(&mut left_out);
    }
    if args.no_teacher {
        training = training.without_teacher_inside();
    }
    let trained = training.run();
    match watch.ended(trained)? {
        Ended::Interrupted { said, then } => {
            tell!("{said}");
            if let Some(then) = then.filter(|_| !args.goes_on_by_itself) {
                tell!("{then}");
            }
            Ok(ExitCode::from(INTERRUPTED))
        }
        Ended::Done { model, kept } => {
            save(
                &model,
                &args.output,
                (&checkpoint.path, kept),
                runtime.voice,
            )?;
            for fold in 1..=model.header.settings.training.folds {
                std::fs::remove_file(checkpoint_of_fold(&checkpoint.path, fold)).ok();
            }
            ending::summarise(&model, &args.output, runtime.voice);
            if !args.no_audit {
                let good = Good {
                    images,
                    left_out,
                    excluded,
                };
                audit(args, runtime, &model, good);
            }
            ending::tell_what_next(&args.output, !args.no_audit, runtime.voice);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Preset, then file, then single settings; a resumed training keeps its own where none are given.
fn settings(args: &TrainArgs, checkpoint: &Checkpoint) -> Result<Settings> {
    let path = &checkpoint.path;
    if args.resume && !path.exists() {
        bail!(
            "there is no checkpoint {} to resume; start without --resume",
            path.display()
        );
    }
    if path.exists() && !args.resume && !args.restart {
        bail!(
            "{} is the checkpoint of an interrupted training; add --resume to go on with it, or \
             --restart to start again",
            path.display()
        );
    }
    let first = match args.resume {
        true => checkpoint.settings()?,
        false => Settings::default(),
    };
    args.configuration.over(first)
}

/// The file of the log.
fn log_file(args: &TrainArgs) -> PathBuf {
    let log = args.log.clone();
    log.unwrap_or_else(|| beside(&args.output, "log.jsonl"))
}

/// Refuses to write over a model or a log that is not of a training that goes on, or is started again.
fn refuse_to_replace(args: &TrainArgs, checkpoint: &Checkpoint) -> Result<()> {
    if args.replace || args.resume || checkpoint.path.exists() {
        return Ok(());
    }
    ensure!(
        !args.output.is_file() || is_first(&args.output),
        "{0} is there already; add --replace to put the new model in its place (it is kept as {0}.bak), or \
         choose another -o",
        args.output.display()
    );
    let page = beside(&args.output, "audit.html");
    ensure!(
        args.no_audit || args.output.is_file() || !page.exists(),
        "{} is there already, and no model that it is of; add --replace to write over it, --no-audit to write none, or \
         choose another -o",
        page.display()
    );
    let log = log_file(args);
    let has_lines = log
        .metadata()
        .is_ok_and(|found| found.is_file() && found.len() > 0);
    ensure!(
        !has_lines || args.log.is_none(),
        "{} is there already; add --replace to write over it, or choose another --log",
        log.display()
    );
    if has_lines {
        note!(
            args.runtime.voice,
            "{} is there already and will be replaced",
            log.display()
        );
    }
    Ok(())
}

/// Writes the model, which holds all that the checkpoint was kept for. A model that lay there is kept, but one
/// that was the first of this training.
fn save(
    model: &Model,
    output: &Path,
    (checkpoint, is_kept): (&Path, bool),
    voice: Voice,
) -> Result<()> {
    let before = keep_last(model, output).with_context(|| match is_kept {
        true => format!(
            "the training is done and kept in {}; go on with the same command and --resume once \
             this is mended",
            checkpoint.display()
        ),
        false => "the training is done, but nothing of its end could be written".to_owned(),
    })?;
    if let Some(before) = before {
        note!(voice, "the model before is kept as {}", before.display());
    }
    std::fs::remove_file(checkpoint).ok();
    Ok(())
}

/// The good images of a training, and what was said of them.
struct Good {
    images: GoodImages,
    left_out: Vec<LeftOut>,
    excluded: usize,
}

/// Looks through the good images and tells what was found. The model is written already, so that what goes
/// wrong here is told and no more.
fn audit(args: &TrainArgs, runtime: &Runtime, model: &Model, good: Good) {
    let page = beside(&args.output, "audit.html");
    let header = &model.header;
    let audited = look_through(good.images, header, good.left_out, runtime);
    let written = audited.and_then(|audit| {
        let Some(audit) = audit else {
            tell!("interrupted while looking through the good images; the model is written");
            return Ok(());
        };
        let found = Found {
            audit: &audit,
            header,
            name: name_of(&args.data),
            excluded: good.excluded,
            unusable: &[],
            called_bad: &[],
        };
        tell_in_short(&found, runtime.voice);
        write_page(&found, &page, runtime)?;
        report!(
            runtime.voice,
            "the good images, the most suspicious first: {}",
            page.display()
        );
        Ok(())
    });
    if let Err(error) = written {
        tell!(
            "warning: the good images were not looked through to the end: {}; the model is written",
            chain(&error)
        );
    }
}

//! `oddspot pretrain`: a teacher of one's own from images that formulas make.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use image::ImageFormat;
use oddspot::files::atomic;
use oddspot::net::teachers::read_weights;
use oddspot::settings::toml_error;
use oddspot::{ErrorKind, Subject};
use oddspot_pretrain::pretraining::StepReport;
use oddspot_pretrain::{Pretraining, Recipe, preview};

use crate::advice::causes;
use crate::interrupt::{INTERRUPTED, Interrupt};
use crate::output::{Claim, beside, replace};
use crate::progress::Progress;
use crate::runtime::RuntimeArgs;
use crate::voice::Voice;

/// Arguments of `oddspot pretrain`.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct PretrainArgs {
    /// Where to write the weights (.safetensors), for `--teacher` of `oddspot train`
    #[arg(short, long, value_name = "WEIGHTS")]
    pub output: PathBuf,
    /// TOML file with parts of the recipe that replace the built-in teacher's
    #[arg(long, value_name = "FILE.toml")]
    pub recipe: Option<PathBuf>,
    /// Optimizer steps
    #[arg(long)]
    pub steps: Option<usize>,
    /// Seed of everything that is left to chance
    #[arg(long)]
    pub seed: Option<u64>,
    /// Steps between checkpoints
    #[arg(long, default_value_t = 500, value_parser = at_least_one())]
    pub checkpoint_every: u64,
    /// Also keep the weights as they are every so many steps, in files named by the step
    #[arg(long, value_name = "STEPS", value_parser = at_least_one())]
    pub snapshot_every: Option<u64>,
    /// Go on from the checkpoint of an interrupted pretraining
    #[arg(long)]
    pub resume: bool,
    /// Go on from this checkpoint; that from before the learning rate fell, which is kept as
    /// WEIGHTS.plateau, serves more steps too
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "resume")]
    pub resume_from: Option<PathBuf>,
    /// Start again although a checkpoint of an interrupted pretraining is there
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    /// Write a picture of the first images and stop
    #[arg(long, value_name = "FILE.png")]
    pub preview: Option<PathBuf>,
    /// Write the batches of all steps but the last to standard output, for a faster machine's
    /// program to learn from (gpu/pretrain.py of oddspot-pretrain), and the checkpoint that it
    /// starts from; --resume afterwards does the last step
    #[arg(long, conflicts_with_all = ["preview", "snapshot_every"])]
    pub batches: bool,
    /// Threads to compute with; 0 takes as many as there are cores
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// How much is told
    #[command(flatten)]
    pub voice: Voice,
}

/// Ending of the checkpoint from before the learning rate falls.
const PLATEAU: &str = "plateau";

fn at_least_one() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

/// Pretrains, or draws the preview.
pub fn run(args: &PretrainArgs) -> Result<ExitCode> {
    let recipe = recipe(args)?;
    let runtime = RuntimeArgs {
        device: "cpu".to_owned(),
        threads: args.threads,
        voice: args.voice,
    };
    let runtime = runtime.open()?;
    runtime.pool()?.install(|| match &args.preview {
        Some(file) => draw_preview(&recipe, file),
        None => pretrain(args, recipe, &runtime.interrupt),
    })
}

fn pretrain(args: &PretrainArgs, recipe: Recipe, interrupt: &Interrupt) -> Result<ExitCode> {
    let checkpoint = beside(&args.output, "checkpoint");
    let claim = Claim::take(&args.output)?;
    claim.clean(&checkpoint);
    claim.clean(&beside(&args.output, PLATEAU));
    let mut pretraining = open(args, recipe, &checkpoint)?;
    if args.batches {
        return hand_out(&pretraining, &checkpoint, interrupt);
    }
    learn(args, &mut pretraining, &checkpoint, interrupt)?;
    let (done, steps) = (pretraining.steps_done(), pretraining.recipe().steps);
    if done < steps {
        tell!(
            "interrupted at step {done} of {steps}; the checkpoint is {}",
            checkpoint.display()
        );
        tell!("go on with the same options and --resume");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let write = || pretraining.write_weights(&args.output);
    if let Some(kept) = replace(&args.output, write)? {
        note!(
            args.voice,
            "the teacher before is kept as {}",
            kept.display()
        );
    }
    let teacher = read_weights(&args.output, "")?;
    // The weights hold what the checkpoint was kept for.
    std::fs::remove_file(&checkpoint).ok();
    report!(args.voice, "teacher: {}", args.output.display());
    report!(args.voice, "SHA-256 {}", teacher.identity.sha256);
    let hours = pretraining.seconds() / 3600.0;
    report!(
        args.voice,
        "{steps} steps in {hours:.2} hours of this machine"
    );
    report!(
        args.voice,
        "use it with: oddspot train DATA -o MODEL --teacher {}",
        args.output.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Writes the batches to standard output, and the checkpoint that who learns from them starts at.
fn hand_out(
    pretraining: &Pretraining,
    checkpoint: &Path,
    interrupt: &Interrupt,
) -> Result<ExitCode> {
    ensure!(
        !io::stdout().is_terminal(),
        "--batches writes numbers for a program; pipe them into gpu/pretrain.py"
    );
    pretraining.save(checkpoint)?;
    match pretraining.write_batches(io::stdout().lock(), || interrupt.flow()) {
        // Who learns from them has had enough, and says why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::FAILURE),
        Err(error) => Err(error).context("cannot write the batches to standard output"),
        Ok(()) if interrupt.flow().is_break() => Ok(ExitCode::from(INTERRUPTED)),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// Runs the loop with its progress, checkpoints and snapshots.
fn learn(
    args: &PretrainArgs,
    pretraining: &mut Pretraining,
    checkpoint: &Path,
    interrupt: &Interrupt,
) -> Result<()> {
    let steps = pretraining.recipe().steps;
    let plateau = pretraining.recipe().cool_down_start();
    let mut progress = Progress::new(
        args.voice,
        ("pretraining", "steps"),
        (pretraining.steps_done(), steps),
    );
    let ended = pretraining.run(|pretraining, report| {
        progress.set(report.step, || note(report));
        let due = |every: u64| (report.step as u64).is_multiple_of(every);
        let flow = interrupt.flow();
        if flow.is_break() {
            pretraining.save(checkpoint)?;
        } else if due(args.checkpoint_every) || report.step == steps {
            save_or_tell(pretraining, checkpoint)?;
        }
        if report.step == plateau && plateau < steps {
            save_or_tell(pretraining, &beside(&args.output, PLATEAU))?;
        }
        if args.snapshot_every.is_some_and(due) {
            let extension = format!("{}.safetensors", report.step);
            pretraining.write_weights(&args.output.with_extension(extension))?;
        }
        Ok(flow)
    });
    progress.finish();
    ended.map_err(|error| match error.kind() {
        // The command's other advice is of `train`, whose settings a recipe does not have.
        ErrorKind::Diverged => anyhow!(
            "{}; lower learning_rate in the recipe (--recipe) and start again with --restart",
            causes(&error)
        ),
        _ => error.into(),
    })
}

/// Saves a checkpoint. That it cannot be written is no reason to stop: the next may be.
fn save_or_tell(pretraining: &Pretraining, path: &Path) -> oddspot::Result<()> {
    let saved = pretraining.save(path);
    if let Err(error) = &saved
        && matches!(error.subject(), Subject::File(_))
    {
        tell!(
            "warning: {}; the pretraining goes on without it",
            causes(error)
        );
        return Ok(());
    }
    saved
}

fn recipe(args: &PretrainArgs) -> Result<Recipe> {
    let mut recipe: Recipe = match &args.recipe {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            toml::from_str(&text).map_err(|error| toml_error(file, &text, &error))?
        }
        None => Recipe::default(),
    };
    recipe.steps = args.steps.unwrap_or(recipe.steps);
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    recipe.validate()?;
    Ok(recipe)
}

fn open(args: &PretrainArgs, recipe: Recipe, checkpoint: &Path) -> Result<Pretraining> {
    let resumes_it = args.resume || args.resume_from.as_deref() == Some(checkpoint);
    ensure!(
        !checkpoint.exists() || resumes_it || args.restart,
        "{} is the checkpoint of an interrupted pretraining; add --resume to go on with it, or \
         --restart to start again",
        checkpoint.display()
    );
    let from = args.resume_from.as_deref();
    Ok(match from.or(args.resume.then_some(checkpoint)) {
        Some(from) => {
            ensure!(
                from.exists(),
                "there is no checkpoint {} to resume; start without --resume or --resume-from",
                from.display()
            );
            Pretraining::resume(from, recipe)?
        }
        None => Pretraining::new(recipe)?,
    })
}

fn draw_preview(recipe: &Recipe, file: &Path) -> Result<ExitCode> {
    let sheet = preview::sheet(recipe);
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet
        .write_to(&mut bytes, ImageFormat::Png)
        .with_context(|| format!("cannot encode {}", file.display()))?;
    atomic::write_bytes(file, bytes.get_ref())?;
    say!(
        "images of the first step, both views of each scene side by side: {}",
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn note(report: &StepReport) -> String {
    let percent = |share: f32| format!("{:.0}", 100.0 * share);
    let found = report.levels.map(|level| percent(level.found)).join("/");
    let loss: f32 = report.levels.iter().map(|level| level.total).sum();
    let told = match report.levels[2].classes > 0.0 {
        true => format!(", textures told {} %", percent(report.levels[2].told)),
        false => String::new(),
    };
    format!("places found {found} %{told}, loss {loss:.2}")
}

//! `oddspot watch`: images as they come into a folder.

mod arrivals;
mod days;
mod folder;
mod hook;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::images::{begins_like_an_image, has_image_extension};

use crate::detect::JudgeArgs;
use crate::detect::input::Input;
use crate::detect::judge::judge;
use crate::output::hold;
use crate::runtime::Runtime;
use arrivals::Arrivals;
use days::{Days, judged_before};
use folder::Folder;
use hook::{HookArgs, Hooks};

/// What is held as long as a run goes on.
const HELD: &str = "watch";
/// Images that are judged before anything else is looked at.
const AT_ONCE: usize = 32;

/// Arguments of `oddspot watch`.
#[derive(Args, Clone)]
pub struct WatchArgs {
    /// Folder that images come into, or its subfolders: PNG, JPEG, BMP, TIFF or WebP
    pub folder: PathBuf,
    /// Model from `oddspot train`
    #[arg(short, long)]
    pub model: PathBuf,
    /// Folder for the results, each day in a folder of its own
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Judge only what comes from now on, not what lies there already
    #[arg(long)]
    pub new_only: bool,
    /// Hooks for results
    #[command(flatten)]
    pub hook: HookArgs,
    /// How images are judged, and what is kept of them
    #[command(flatten)]
    pub judging: JudgeArgs,
}

/// `oddspot watch`.
pub fn run(args: &WatchArgs) -> Result<ExitCode> {
    let runtime = args.judging.runtime.open()?;
    let root = absolute(&args.folder)?;
    ensure!(
        root.is_dir(),
        "{} is no folder: give the one that images come into",
        args.folder.display()
    );
    let detector = args.judging.detector(&args.model, &runtime)?;
    let detector = args.judging.region.restrict(detector, None)?;
    std::fs::create_dir_all(&args.output).with_context(|| {
        format!(
            "cannot make the folder {}; choose an -o that you may write to",
            args.output.display()
        )
    })?;
    let output = absolute(&args.output)?;
    ensure!(
        root != output,
        "{} is watched: give another folder for the results",
        args.output.display()
    );
    let _hold = hold(&output.join(HELD))?;
    let mut watch = Watch {
        arrivals: Arrivals::new(judged_before(&output)?),
        folder: Folder::new(root.clone(), output.clone()),
        hooks: Hooks::start(&args.hook, &output)?,
        days: Days::new(&output, &args.model, &args.judging),
        others: HashMap::new(),
        root,
    };
    watch.begin(args);
    let ended = watch.go_on(&detector, &runtime);
    watch.hooks.end();
    ended?;
    watch.days.end()?;
    // To be stopped is how it ends.
    Ok(ExitCode::SUCCESS)
}

/// A run that goes on until it is stopped.
struct Watch<'a> {
    root: PathBuf,
    folder: Folder,
    arrivals: Arrivals,
    days: Days<'a>,
    hooks: Hooks,
    /// Files that are no images: how many of each extension.
    others: HashMap<String, usize>,
}

impl Watch<'_> {
    fn begin(&mut self, args: &WatchArgs) {
        if args.new_only {
            self.folder.look(&mut self.arrivals);
            let passed = self.arrivals.pass_over_waiting();
            tell!("{passed} files lie there already and are passed over");
        }
        if !args.judging.report.quiet {
            tell!(
                "watching {}; results come into {}, each day in a folder of its own; Ctrl-C ends it",
                args.folder.display(),
                args.output.display()
            );
        }
    }

    fn go_on(&mut self, detector: &Detector, runtime: &Runtime) -> Result<()> {
        while runtime.interrupt.flow().is_continue() {
            self.folder.wait(&mut self.arrivals);
            loop {
                let whole = self.arrivals.take(Instant::now(), AT_ONCE);
                if whole.is_empty() || runtime.interrupt.flow().is_break() {
                    break;
                }
                let (images, others): (Vec<_>, Vec<_>) =
                    whole.into_iter().partition(|(path, _)| is_image(path));
                self.pass_over(others.iter().map(|(path, _)| path.as_path()));
                self.judge(images, detector, runtime)?;
            }
            self.days.tidy()?;
        }
        Ok(())
    }

    fn judge(
        &mut self,
        images: Vec<(PathBuf, crate::detect::input::FileState)>,
        detector: &Detector,
        runtime: &Runtime,
    ) -> Result<()> {
        if images.is_empty() {
            return Ok(());
        }
        let Self {
            days, hooks, root, ..
        } = self;
        let day = days.today(detector)?;
        let inputs: Vec<Input> = (images.into_iter())
            .map(|(path, state)| Input::new(path, root, state, &mut day.names))
            .collect();
        let pictures = day.told.pictures();
        let until_stopped = |input| runtime.interrupt.flow().is_continue().then_some(input);
        detector.in_order(
            inputs.iter().map_while(until_stopped),
            |input| {
                let judged = judge(detector, pictures.as_ref(), input, &runtime.interrupt);
                (input, judged)
            },
            |(input, judged)| {
                if judged.as_ref().is_ok_and(|file| !file.is_whole) {
                    // Stopped among its pages: the next start judges them all.
                    return ControlFlow::Break(());
                }
                let flow = day.told.tell(input, judged);
                hooks.wake();
                flow
            },
        );
        day.has_news();
        day.told.check()
    }

    /// Tells of the first file of each extension that is no image.
    fn pass_over<'p>(&mut self, others: impl Iterator<Item = &'p Path>) {
        for path in others {
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            let count = self.others.entry(extension.to_lowercase()).or_default();
            *count += 1;
            if *count == 1 {
                tell!(
                    "passed over, as are others of its kind: {} is no image",
                    path.display()
                );
            }
        }
    }
}

/// Whether a file is an image by its name, or by how it begins.
fn is_image(path: &Path) -> bool {
    has_image_extension(path) || begins_like_an_image(path)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot use {}", path.display()))
}

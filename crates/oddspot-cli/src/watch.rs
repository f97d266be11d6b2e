//! `oddspot watch`: images as they come into a folder.

mod days;
mod hook;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use oddspot::files::lock::{Hold, holder};
use oddspot::{Detector, ErrorKind};
use oddspot_arrivals::{Arrivals, Folder, Links, Whole, is_image};

use crate::detect::JudgeArgs;
use crate::detect::input::Input;
use crate::detect::judge::judge;
use crate::detect::told::{Judged, OfFile, Page};
use crate::printing::counted;
use crate::runtime::Runtime;
use crate::voice::Voice;
use days::{Days, judged_before};
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
    ensure!(
        args.folder.is_dir(),
        "{} is no folder: give the one that images come into",
        args.folder.display()
    );
    let root = real(&args.folder)?;
    let detector = args.judging.detector(&args.model, &runtime)?;
    let detector = args
        .judging
        .region
        .restrict(detector, None, args.judging.voice())?;
    std::fs::create_dir_all(&args.output).with_context(|| {
        format!(
            "cannot make the folder {}; choose an -o that you may write to",
            args.output.display()
        )
    })?;
    let output = real(&args.output)?;
    ensure!(
        !root.starts_with(&output),
        "{} would lie among the results in {}: choose an -o beside it, or in it",
        args.folder.display(),
        args.output.display()
    );
    let _hold = hold(&output, &args.output)?;
    let mut watch = Watch {
        arrivals: Arrivals::new(judged_before(&output)?),
        folder: Folder::new(
            root.clone(),
            vec![output.clone()],
            Links::Followed,
            Box::new(|news| tell!("{news}")),
        ),
        hooks: Hooks::start(&args.hook, &output, args.judging.voice().tells())?,
        days: Days::new(&output, &args.model, &args.judging)?,
        others: HashSet::new(),
        voice: args.judging.voice(),
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
    /// Extensions of files that are no images.
    others: HashSet<String>,
    voice: Voice,
}

impl Watch<'_> {
    fn begin(&mut self, args: &WatchArgs) {
        if args.new_only {
            self.folder.look(&mut self.arrivals);
            let passed = self.arrivals.pass_over_waiting();
            note!(
                self.voice,
                "what lies there already is passed over: {}",
                counted(passed, "file")
            );
        }
        note!(
            self.voice,
            "watching {}; results come into {}, each day in a folder of its own; Ctrl-C ends it",
            args.folder.display(),
            args.output.display()
        );
    }

    fn go_on(&mut self, detector: &Detector, runtime: &Runtime) -> Result<()> {
        let mut is_busy = false;
        while runtime.interrupt.flow().is_continue() {
            self.folder.wait(&mut self.arrivals, is_busy);
            let whole = self.arrivals.take(Instant::now(), AT_ONCE);
            is_busy = whole.len() == AT_ONCE;
            let (images, others): (Vec<_>, Vec<_>) =
                whole.into_iter().partition(|one| is_image(&one.path));
            self.pass_over(&others);
            self.judge(&images, detector, runtime)?;
            self.days.tidy()?;
        }
        Ok(())
    }

    fn judge(&mut self, images: &[Whole], detector: &Detector, runtime: &Runtime) -> Result<()> {
        if images.is_empty() {
            return Ok(());
        }
        let Self {
            days,
            hooks,
            root,
            arrivals,
            ..
        } = self;
        let day = days.today(detector)?;
        let inputs = images.iter().map(|one| {
            let input = Input::new(one.path.clone(), root, one.state, &mut day.names);
            (one, input)
        });
        let inputs: Vec<(&Whole, Input)> = inputs.collect();
        let pictures = day.pictures();
        let until_stopped = |input| runtime.interrupt.flow().is_continue().then_some(input);
        detector.in_order(
            inputs.iter().map_while(until_stopped),
            |(whole, input)| {
                let judged = judge(detector, pictures.as_ref(), input, &runtime.interrupt);
                (*whole, input, judged)
            },
            |(whole, input, judged)| {
                let judged = match judged.map(|file| (Fate::of(whole, &file), file)) {
                    // Stopped among its pages: the next start judges them all.
                    Ok((_, file)) if !file.is_whole => return ControlFlow::Break(()),
                    Ok((Fate::Judged, mut file)) => {
                        // A run that was killed may have told of some of its pages.
                        file.pages.retain(|page| {
                            let image = input.page(page.number, None).image();
                            page.number.is_none()
                                || whole.is_another
                                || !arrivals.was_taken(&image, &whole.state)
                        });
                        Ok(file)
                    }
                    Ok((Fate::Gone, _)) => {
                        arrivals.forget(whole);
                        day.names.release(&input.name);
                        return ControlFlow::Continue(());
                    }
                    Ok((Fate::Waits(reason), _)) => {
                        if let Some(reason) = reason.filter(|_| whole.failing_since.is_none()) {
                            tell!("warning: {reason}: it is tried again until it can");
                        }
                        arrivals.put_back(whole, Instant::now());
                        day.names.release(&input.name);
                        return ControlFlow::Continue(());
                    }
                    Err(error) => Err(error),
                };
                let flow = day.tell(input, judged);
                hooks.wake();
                flow
            },
        );
        day.check()
    }

    /// Tells of the first file of each extension that is no image.
    fn pass_over(&mut self, others: &[Whole]) {
        for Whole { path, .. } in others {
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            if self.others.insert(extension.to_lowercase()) {
                note!(
                    self.voice,
                    "passed over, as are others of its kind: {} is no image",
                    path.display()
                );
            }
        }
    }
}

/// What becomes of a file that was judged.
enum Fate {
    /// It is told of.
    Judged,
    /// It is not there any more, as where a share went away: when it comes back, it comes anew.
    Gone,
    /// It cannot be used yet; why, where somebody must do something.
    Waits(Option<String>),
}

impl Fate {
    fn of(whole: &Whole, file: &OfFile) -> Self {
        let [
            Page {
                number: None,
                judged: Judged::Skipped(reason),
            },
        ] = &file.pages[..]
        else {
            return Self::Judged;
        };
        match File::open(&whole.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::Gone,
            Err(_) => return Self::Waits(Some(reason.clone())),
            Ok(_) => {}
        }
        match whole.is_ended() {
            true => Self::Judged,
            false => Self::Waits(None),
        }
    }
}

/// Takes hold of the output folder as long as the run goes on.
///
/// # Errors
/// Another run that writes there; a folder that cannot be written.
fn hold(output: &Path, named: &Path) -> Result<Hold> {
    let held = output.join(HELD);
    Hold::take_soon(&held).map_err(|error| match error.kind() {
        ErrorKind::Mismatch => anyhow!(
            "another `oddspot watch`{} writes its results into {}: stop that one, or choose another -o",
            holder(&held),
            named.display()
        ),
        _ => error.into(),
    })
}

/// Where a folder really lies, whatever way leads there: its images are to be known again.
fn real(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot use {}", path.display()))
}

//! `oddspot verify`: whether a model file on this machine judges as it must, before it goes live.

mod golden;
mod judged;
mod others;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use oddspot::images::{ImageFile, Source};
use oddspot::verdict::Finding;
use oddspot::{Detector, Error};

use crate::advice::causes;
use crate::detect::results::JSON_LINES;
use crate::interrupt::INTERRUPTED;
use crate::printing;
use crate::progress::Progress;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::voice::Voice;
use golden::{Golden, Known};
use judged::Judged;
use others::Others;

/// The exit status of a model that does not judge as it must.
const FAILED: u8 = 5;

/// Arguments of `oddspot verify`.
#[derive(Args, Clone)]
pub struct VerifyArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Known images: a JSON object a line, with `image` (below the file's folder, or from here), `verdict` ("good",
    /// "anomalous", …) and perhaps `score`; a results.jsonl of `detect` is one, and so is its folder. Without it
    /// only the good images that lie in the model are judged
    #[arg(value_name = "GOLDEN.jsonl")]
    pub golden: Option<PathBuf>,
    /// Anomalous images that may be called neither anomalous nor untrusted
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_misses: usize,
    /// Good images that may be called anomalous or untrusted
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_false_alarms: usize,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `oddspot verify`.
pub fn run(args: &VerifyArgs) -> Result<ExitCode> {
    let file = args
        .golden
        .as_deref()
        .map(|path| known_in(path, args.runtime.voice));
    let mut golden = file.as_deref().map(Golden::read).transpose()?;
    let runtime = args.runtime.open()?;
    let detector = runtime.detector(&args.model)?;
    let others = match &mut golden {
        Some(golden) => Others::among(golden, &args.model, detector.header())?,
        None => None,
    };
    if let Some(others) = &others {
        note!(runtime.voice, "{}", others.line());
    }
    let (agrees, own) = own_images(&detector)?;
    let (mut passed, mut differs) = (agrees, false);
    let mut lines = own;
    if let Some(golden) = &golden {
        let Some(judged) = judge(&detector, golden, &runtime) else {
            tell!("interrupted; nothing is verified");
            return Ok(ExitCode::from(INTERRUPTED));
        };
        passed &= judged.passes(args.max_misses, args.max_false_alarms);
        differs = judged.differs_from_others_alone();
        let summary = judged.summary(args.max_misses, args.max_false_alarms);
        lines.extend(judged.lines.into_iter().chain([summary]));
    }
    // A quiet run tells of a model that fails, and why.
    let voice = match passed {
        true => runtime.voice,
        false => Voice::FULL,
    };
    for line in lines {
        voice.result(&line)?;
    }
    let model = args.model.display();
    Ok(match passed {
        true => {
            voice.result(&format!("verified: {model} judges here as it must"))?;
            ExitCode::SUCCESS
        }
        false => {
            match others.filter(|_| agrees && differs) {
                Some(others) => printing::answer(&others.ending(&args.model))?,
                None => printing::answer(&format!(
                    "NOT verified: do not let {model} go live on this machine"
                ))?,
            }
            ExitCode::from(FAILED)
        }
    })
}

/// The list of known images: that of `detect` where a folder of results is given.
fn known_in(path: &Path, voice: Voice) -> Cow<'_, Path> {
    if !path.is_dir() {
        return Cow::Borrowed(path);
    }
    let list = path.join(JSON_LINES);
    note!(voice, "the known images are those of {}", list.display());
    Cow::Owned(list)
}

/// Whether the good images that lie in the model score as they did when it was made, and what is said of it.
fn own_images(detector: &Detector) -> Result<(bool, Vec<String>)> {
    let examples = detector.examples()?;
    if examples.is_empty() {
        tell!(
            "warning: the model holds no images of its own to be verified by: it was made by an earlier version"
        );
        return Ok((true, Vec::new()));
    }
    let threshold = detector.thresholds().image;
    let agree = examples.iter().filter(|one| one.agrees(threshold)).count();
    let apart = examples.iter().map(|one| (one.now - one.recorded).abs());
    let line = format!(
        "{agree} of {} images of the model score as when it was made; they differ by {:.1e} at most, of a threshold of {threshold:.2}",
        examples.len(),
        apart.fold(0.0, f32::max)
    );
    Ok((agree == examples.len(), vec![line]))
}

/// What the model says of the known images, those too that it cannot judge; None if it was interrupted.
fn judge(detector: &Detector, golden: &Golden, runtime: &Runtime) -> Option<Judged> {
    let total = golden.images.len();
    let mut bar = Progress::new(runtime.voice, ("judging", "images"), (0, total));
    let mut judged = Judged::new(detector.thresholds().image);
    detector.in_order(
        golden.images.iter(),
        |known| (known, finding(detector, known)),
        |(known, found)| {
            match found {
                Ok(finding) => judged.add(known, &finding),
                Err(error) => judged.add_unjudged(known, &causes(&error)),
            }
            bar.set(judged.count(), String::new);
            runtime.interrupt.flow()
        },
    );
    bar.finish();
    (judged.count() == golden.images.len()).then_some(judged)
}

/// What the model says of an image, which may be a page of its file.
///
/// # Errors
/// A file that cannot be read, or has no such page.
fn finding(detector: &Detector, known: &Known) -> oddspot::Result<Finding> {
    let Some(page) = known.page else {
        let source = Source::file(&known.path);
        let _admitted = detector.admit(source.pixels());
        return detector.inspect(&*source.decode(detector.reading())?);
    };
    let file = ImageFile::open(&known.path)?;
    let mut pages = detector.reading().pages(&file, &known.path)?;
    let _admitted = detector.admit(pages.next_pixels());
    match pages.nth(page - 1) {
        Some(picture) => detector.inspect(&picture?.image),
        None => Err(Error::image(
            &known.path,
            format!("it has no picture {page}"),
        )),
    }
}

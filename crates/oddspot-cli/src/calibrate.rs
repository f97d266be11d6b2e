//! `oddspot calibrate`: thresholds set anew on images of the user's own, and what they cost.

mod prices;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::Args;
use oddspot::images::Source;
use oddspot::judge::{Detector, Scored};
use oddspot::{ErrorKind, Model};

use crate::advice::chain;
use crate::changed::ChangedArgs;
use crate::described::{describe_thresholds, four_digits};
use crate::good::{GoodArgs, bad_images, each_once, good_images, usable};
use crate::interrupt::INTERRUPTED;
use crate::progress::Phases;
use crate::region::{RegionArgs, describe_share};
use crate::runtime::{Runtime, RuntimeArgs};
use crate::verdict::VerdictArgs;
use prices::Prices;

/// Arguments of `oddspot calibrate`.
#[derive(Args, Clone)]
pub struct CalibrateArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Good images that the model has not learned from, folders of them, or data sets of which the good
    /// training images are used
    #[arg(required = true, value_name = "GOOD")]
    pub good: Vec<PathBuf>,
    /// Bad images or folders of them, to tell how many are missed; they set nothing
    #[arg(long, value_name = "BAD", num_args = 1..)]
    pub bad: Vec<PathBuf>,
    /// Thresholds or rates [default: the rates that the model aims at]
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// What is taken for good
    #[command(flatten)]
    pub take: GoodArgs,
    /// Which part of images is inspected
    #[command(flatten)]
    pub region: RegionArgs,
    /// Change nothing: only tell what thresholds would cost
    #[arg(long)]
    pub dry_run: bool,
    /// Where it goes
    #[command(flatten)]
    pub changed: ChangedArgs,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `oddspot calibrate`.
pub fn run(args: &CalibrateArgs) -> Result<ExitCode> {
    args.verdict.check()?;
    let (runtime, voice) = (args.runtime.open()?, args.runtime.voice);
    let place = match args.dry_run {
        true => None,
        false => Some(args.changed.claim(&args.model)?),
    };
    let mut model = Model::load(&args.model)?;
    let reading = model.header.settings.reading();
    let (good, beside_good) = good_images(&args.good, args.take, voice)?;
    let (bad, beside_bad) = bad_images(&args.bad, args.take, voice)?;
    let mut told = Vec::new();
    let once = each_once((good, reading), &beside_good, &runtime, &mut told);
    // What is wrong with the bad ones is said in the same run.
    let usable = usable((&bad, reading), &beside_bad, Path::new(""), &runtime);
    let (good, usable) = match (once, usable) {
        (Err(good), Err(bad)) => bail!("{}\n  {}", chain(&good), chain(&bad)),
        (good, bad) => (good?, bad?),
    };
    let (Some(good), true) = (good, usable) else {
        tell!("interrupted; the model stays as it was");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    for line in told {
        note!(voice, "{line}");
    }
    if let Some(region) = args
        .region
        .drawn_for(good.train.first().cloned(), reading.limits)?
    {
        model.restrict(&region)?;
        if let Some(words) = describe_share(model.inspected_share()) {
            report!(voice, "{words}");
        }
    }
    let detector = runtime.detector_of(model.clone())?;
    let Some(good) = scored(
        &detector,
        "good images",
        (&good.train, &good.root),
        &runtime,
    )?
    else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let Some(bad) = scored(&detector, "bad images", (&bad, Path::new("")), &runtime)? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let before = &model.header.thresholds;
    let by_rates = model.header.thresholds_by(&good)?;
    let asked = args.verdict.thresholds(&by_rates)?;
    let given = [args.verdict.threshold, args.verdict.check_threshold].map(|one| one.is_some());
    let followed = (asked.as_ref()).and_then(|asked| args.verdict.followed(&by_rates, asked));
    let thresholds = asked.unwrap_or(by_rates);
    // A score that somebody gives follows from no image.
    let follows = args
        .verdict
        .threshold
        .map_or(thresholds.image, |_| before.image);
    let doubts = model.header.doubts(&good, follows);
    ensure!(
        args.dry_run || args.take.force || !doubts.are_grave,
        "{}; the model stays as it was: give good images of this part, as the line takes them, or add --force if \
         that is what these are",
        doubts.words().join("; ")
    );
    for line in doubts.words() {
        tell!("warning: {line}");
    }
    let prices = Prices::new(&thresholds, before, &good, &bad);
    let mut lines = vec![format!(
        "an image is anomalous above the score {} (before {}), to be checked above {} (before {})",
        four_digits(thresholds.image),
        four_digits(before.image),
        four_digits(thresholds.check),
        four_digits(before.check),
    )];
    if thresholds.image == thresholds.check {
        lines.push("both are the same: no image is to be checked".to_owned());
    }
    lines.extend(followed);
    lines.push(prices.sentence());
    lines.extend(prices.table());
    model.header.calibrate(thresholds, given, &good, &bad);
    lines.extend(describe_thresholds(&model.header));
    for line in lines {
        match args.dry_run {
            true => voice.result(&line)?,
            false => report!(voice, "{line}"),
        }
    }
    match place {
        Some(place) => place.save(&model, voice)?,
        None => note!(voice, "nothing was changed (--dry-run)"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Scores of images that the model has not learned from; None if interrupted.
fn scored(
    detector: &Detector,
    label: &'static str,
    (images, root): (&[Source], &Path),
    runtime: &Runtime,
) -> Result<Option<Vec<Scored>>> {
    let mut phases = Phases::new(runtime.voice);
    let found = detector.scores(images, root, |done, total| {
        phases.show(label, done, total);
        runtime.interrupt.flow()
    });
    phases.finish();
    match found {
        Err(error) if error.kind() == ErrorKind::Cancelled => {
            tell!("interrupted; the model stays as it was");
            Ok(None)
        }
        found => {
            let found = found?;
            let known = images.len() - found.len();
            if known > 0 {
                note!(
                    runtime.voice,
                    "{known} {label} were left out: the model has learned from them, or they are the same as others"
                );
            }
            Ok(Some(found))
        }
    }
}

//! `oddspot extend`: more good images for a model that is trained already.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::model::Header;
use oddspot::train::{Extended, Progress as Event};
use oddspot::{ErrorKind, Extension, Model};

use crate::changed::ChangedArgs;
use crate::described::{describe_thresholds, four_digits, in_percent};
use crate::good::{GoodArgs, each_once, good_images};
use crate::interrupt::INTERRUPTED;
use crate::output::parent;
use crate::printing::counted;
use crate::progress::Phases;
use crate::runtime::{RuntimeArgs, teacher_library};

/// Arguments of `oddspot extend`.
#[derive(Args, Clone)]
pub struct ExtendArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Good images, folders of them, or data sets of which the good training images are used
    #[arg(required = true, value_name = "GOOD")]
    pub good: Vec<PathBuf>,
    /// What is taken for good
    #[command(flatten)]
    pub take: GoodArgs,
    /// Where it goes
    #[command(flatten)]
    pub changed: ChangedArgs,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `oddspot extend`.
pub fn run(args: &ExtendArgs) -> Result<ExitCode> {
    let (runtime, voice) = (args.runtime.open()?, args.runtime.voice);
    let place = args.changed.claim(&args.model)?;
    let model = Model::load(&args.model)?;
    let before = [model.header.thresholds.image, model.header.thresholds.check];
    let known = model.header.added_images.len();
    let (good, beside) = good_images(&args.good, args.take, voice)?;
    let mut told = Vec::new();
    let reading = model.header.settings.reading();
    let Some(good) = each_once((good, reading), &beside, &runtime, &mut told)? else {
        tell!("interrupted; the model stays as it was");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    for line in told {
        note!(voice, "{line}");
    }
    let mut phases = Phases::new(voice);
    let mut observer = |event: &Event| {
        if let Event::Preparing { done, total } = *event {
            phases.show("looking", done, total);
        }
        runtime.interrupt.flow()
    };
    let extended = Extension::new(model, good)
        .library(teacher_library())
        .threads(runtime.threads)
        .scratch(parent(
            args.changed.output.as_deref().unwrap_or(&args.model),
        ))
        .observe(&mut observer)
        .run();
    phases.finish();
    let extended = match extended {
        Err(error) if error.kind() == ErrorKind::Cancelled => {
            tell!("interrupted; the model stays as it was");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        extended => extended?,
    };
    let header = &extended.model.header;
    if !extended.known.is_empty() {
        note!(
            voice,
            "{} left out: the model has learned from them already, or they are there twice",
            counted(extended.known.len(), "image")
        );
    }
    refuse_odd(&extended, args.take.force)?;
    place.save(&extended.model, voice)?;
    let thresholds = &header.thresholds;
    let networks = match header.settings.method.learns() {
        true => format!(
            ", {} of them with its networks",
            header.training_images.len()
        ),
        false => String::new(),
    };
    report!(
        voice,
        "{} added; it has now learned from {}{networks}",
        counted(header.added_images.len() - known, "good image"),
        header.good_images(),
    );
    let [image, check] = before.map(four_digits);
    report!(
        voice,
        "an image is anomalous above the score {} (before {image}), to be checked above {} (before {check})",
        four_digits(thresholds.image),
        four_digits(thresholds.check),
    );
    if header.calibration.is_some() && given(header).count() == 0 {
        let rates = thresholds.rates();
        report!(
            voice,
            "both follow from the rates that calibrate set: {} % of good images may be anomalous, {} % anomalous or to be \
             checked",
            in_percent(rates.anomalous),
            in_percent(rates.check)
        );
    }
    for which in given(header) {
        report!(
            voice,
            "the {which} was given to calibrate and stays; calibrate sets it anew"
        );
    }
    for line in describe_thresholds(header) {
        report!(voice, "{line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells of new images that the model does not call good as it is, and refuses them where they are most.
fn refuse_odd(extended: &Extended, force: bool) -> Result<()> {
    let doubts = extended.doubts();
    if doubts.all.is_empty() {
        return Ok(());
    }
    let said = doubts.words().join("; ");
    ensure!(
        force || !doubts.are_grave,
        "{said}; look whether they are good images of this part, and add --force if they are"
    );
    tell!("warning: {said}; they are good from now on: look whether they are");
    Ok(())
}

/// Thresholds that were given as a score, and so follow no image.
fn given(header: &Header) -> impl Iterator<Item = &'static str> {
    let names = ["threshold", "check threshold"];
    let names = names.into_iter().zip(header.given_thresholds());
    names.filter_map(|(name, given)| given.then_some(name))
}

//! `oddspot evaluate`: a model and a labelled test set in, measures out.

mod ending;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::datasets::{Dataset, TestLook};
use oddspot::files::atomic;
use oddspot::images::Source;
use oddspot::model::Header;
use oddspot::settings::Method;
use oddspot_draw::chart::chart_of;
use oddspot_draw::page::{Example, MOST_EXAMPLES, Measured, Shown, evaluation_page, named, pick};
use oddspot_measure::report::{
    Evaluation, JudgedImages, Phase, check_baseline, check_unseen, doubts, examine, usable_test_set,
};
use serde::Serialize;

use crate::besides::lines;
use crate::good::tell_called_bad;
use crate::interrupt::INTERRUPTED;
use crate::output::{claim_reports, refuse_to_replace};
use crate::printing;
use crate::progress::Progress;
use crate::region::RegionArgs;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::verdict::VerdictArgs;
use crate::voice::Voice;

/// The exit status if test images could not be read.
const SKIPPED: u8 = 3;

/// Arguments of `oddspot evaluate`.
#[derive(Args, Clone)]
pub struct EvaluateArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Data set with labelled test images: test/good, test/<defect>, ground_truth/<defect>
    pub data: PathBuf,
    /// Write everything measured, and every image's score, as JSON; the baseline's under "baseline"
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw the model's curves and scores as SVG (protocol `paper`)
    #[arg(long, value_name = "FILE.svg")]
    pub chart: Option<PathBuf>,
    /// Write a page of tables, curves and pictures, all in one file
    #[arg(long, value_name = "FILE.html")]
    pub html: Option<PathBuf>,
    /// Replace files of --json, --chart and --html that are there already
    #[arg(long)]
    pub replace: bool,
    /// On the page, show this test image, by its path below the data set (may be repeated);
    /// without it each defect's highest and lowest score, and the good images with the highest
    #[arg(long, value_name = "IMAGE", requires = "html")]
    pub show: Vec<String>,
    /// Compare with this model of the baseline method, in the tables and on the page
    #[arg(long, value_name = "MODEL")]
    pub baseline: Option<PathBuf>,
    /// Another threshold than the model's
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// Which part of images is inspected
    #[command(flatten)]
    pub region: RegionArgs,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// Measures, prints the tables and writes the files that were asked for.
pub fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    let files = args.json.iter().chain(&args.chart).chain(&args.html);
    if !args.replace {
        refuse_to_replace(files.clone())?;
    }
    let _claims = claim_reports(files, args.runtime.voice)?;
    evaluate(args, &args.runtime.open()?)
}

/// As [`run`], on a runtime that is open.
pub fn evaluate(args: &EvaluateArgs, runtime: &Runtime) -> Result<ExitCode> {
    ensure!(
        args.verdict.threshold.is_none() || args.baseline.is_none(),
        "a score of the model is none of the baseline's: give --false-alarm-rate instead of \
         --threshold, or leave out --baseline"
    );
    let voice = args.runtime.voice;
    let detector = args.verdict.load(&args.model, runtime, voice)?;
    let mut dataset = Dataset::open(&args.data)?;
    for line in lines(&dataset.besides, false) {
        note!(voice, "{line}");
    }
    tell_called_bad(&dataset);
    if !voice.tells() {
        // The tables say it, which a quiet run does not print.
        for line in doubts(&dataset) {
            tell!("warning: {line}");
        }
    }
    let (look, broken) = look_at(&mut dataset, &detector, runtime)?;
    let detector = args.region.restrict(detector, first_of(&dataset), voice)?;
    let shown = named(&dataset, &args.show)?;
    let baseline = match &args.baseline {
        None => None,
        Some(path) => Some(baseline(
            args,
            path,
            (&dataset, detector.header()),
            runtime,
        )?),
    };
    let examined = examine_with_bars(&detector, (&dataset, &look), runtime)?;
    let below = match (&baseline, &examined) {
        (Some(baseline), Some(_)) => {
            note!(voice, "the baseline:");
            examine_with_bars(baseline, (&dataset, &look), runtime)?
        }
        _ => None,
    };
    let (Some(examined), true) = (examined, below.is_some() == baseline.is_some()) else {
        tell!("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let tables = match &below {
        Some((baseline, _)) => examined.0.beside(baseline).to_string(),
        None => examined.0.to_string(),
    };
    let ending = ending::lines(&examined.0.verdicts, detector.thresholds(), args);
    let text = format!("{tables}\n{}\n", ending.join("\n"));
    // What was measured is not lost with a file that cannot be written.
    if voice.tells() {
        printing::text(&text).context("cannot print the tables")?;
    }
    write_files(
        args,
        (&dataset, &shown),
        &detector,
        (&examined, below.as_ref()),
    )?;
    if broken > 0 {
        let (images, were) = if broken == 1 {
            ("image or folder", "was")
        } else {
            ("images or folders", "were")
        };
        tell!(
            "{broken} {images} of the test set could not be read and {were} left out of all measures"
        );
        return Ok(ExitCode::from(SKIPPED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks at the test images, and takes out and names those that cannot be used; gives how many.
///
/// # Errors
/// A data set without test images, or of which none can be used.
fn look_at(
    dataset: &mut Dataset,
    detector: &Detector,
    runtime: &Runtime,
) -> Result<(TestLook, usize)> {
    let reading = detector.reading();
    let (look, broken) = runtime
        .pool()?
        .install(|| usable_test_set(dataset, reading))?;
    for reason in &broken {
        tell!("left out: {reason}");
    }
    look.check(&dataset.root)?;
    Ok((look, broken.len()))
}

/// Writes the files that were asked for.
fn write_files(
    args: &EvaluateArgs,
    (dataset, shown): (&Dataset, &[usize]),
    detector: &Detector,
    (examined, baseline): (&Examined, Option<&Examined>),
) -> Result<()> {
    let evaluation = &examined.0;
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&Report {
            evaluation,
            baseline: baseline.map(|(baseline, _)| baseline),
        })?;
        atomic::write_bytes(file, (json + "\n").as_bytes())?;
    }
    if let Some(file) = &args.chart {
        atomic::write_bytes(file, chart_of(evaluation).as_bytes())?;
    }
    if let Some(file) = &args.html {
        let page = match args.show.is_empty() {
            true => {
                let shown = pick(&evaluation.images, MOST_EXAMPLES);
                page(dataset, detector, examined, baseline, &shown)
            }
            false => page(dataset, detector, examined, baseline, shown),
        }?;
        atomic::write_bytes(file, page.as_bytes())?;
    }
    Ok(())
}

/// The baseline to compare with, which must fit to the model and the data set.
fn baseline(
    args: &EvaluateArgs,
    path: &Path,
    (dataset, model): (&Dataset, &Header),
    runtime: &Runtime,
) -> Result<Detector> {
    let baseline = args.verdict.load(path, runtime, args.runtime.voice)?;
    let header = baseline.header();
    check_baseline(model, header, path).map_err(|error| {
        let advice = if header.settings.method != Method::Baseline {
            "give one that was trained with --method baseline".to_owned()
        } else if model.settings.method == Method::Baseline {
            "leave out --baseline".to_owned()
        } else {
            format!("train one with --image-size {}", model.settings.image_size)
        };
        anyhow!("{error}; {advice}")
    })?;
    check_unseen(dataset, header).with_context(|| format!("the baseline {}", path.display()))?;
    (args.region).restrict(baseline, first_of(dataset), args.runtime.voice)
}

fn first_of(dataset: &Dataset) -> Option<Source> {
    let first = dataset.test.first()?;
    Some(Source::file(&first.image))
}

/// The JSON report.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'a Evaluation>,
}

/// What was measured, and the images that it was measured on.
type Examined = (Evaluation, JudgedImages);

/// The page, with the chosen images on it.
fn page(
    dataset: &Dataset,
    detector: &Detector,
    (evaluation, judged): &Examined,
    baseline: Option<&Examined>,
    shown: &[usize],
) -> Result<String> {
    let example = |&at: &usize| {
        let below = baseline.map(|(_, judged)| judged.get(at)).transpose()?;
        let image = detector.reading().decode(&dataset.test[at].image)?.image;
        let inspected = match detector.inspected_share() {
            None => None,
            Some(_) => {
                let examined = detector.examine(&image)?;
                examined.at(Example::picture_size(&image)).inspected
            }
        };
        let shown = Shown {
            image: &image,
            inspected: inspected.as_deref(),
            judged: &judged.get(at)?,
            baseline: (below.as_ref()).zip(baseline.map(|(below, _)| &below.model.settings)),
            settings: &detector.header().settings,
            thresholds: [detector.thresholds().image, detector.thresholds().check],
        };
        Example::new(shown)
    };
    let mut examples = Ok(Vec::new());
    detector.in_order(shown.iter(), example, |drawn| {
        match (drawn, &mut examples) {
            (Ok(example), Ok(examples)) => {
                examples.push(example);
                ControlFlow::Continue(())
            }
            (Ok(_), Err(_)) => ControlFlow::Break(()),
            (Err(error), _) => {
                examples = Err(error);
                ControlFlow::Break(())
            }
        }
    });
    Ok(evaluation_page(Measured {
        evaluation,
        baseline: baseline.map(|(evaluation, _)| evaluation),
        examples: &examples?,
    })?)
}

/// Judges and measures; None if the user has asked to stop.
fn examine_with_bars(
    detector: &Detector,
    dataset: (&Dataset, &TestLook),
    runtime: &Runtime,
) -> Result<Option<Examined>> {
    let mut bars = Bars::new(runtime.voice);
    let mut progress = |phase, done, total| {
        bars.set(phase, done, total);
        runtime.interrupt.flow()
    };
    let examined = (runtime.pool()?).install(|| examine(detector, dataset, &mut progress));
    bars.finish();
    Ok(examined?)
}

/// One bar per phase.
pub struct Bars {
    voice: Voice,
    shown: Option<Progress>,
}

impl Bars {
    /// Of no phase yet.
    pub fn new(voice: Voice) -> Self {
        Self { voice, shown: None }
    }

    /// Shows how far a phase is.
    pub fn set(&mut self, phase: Phase, done: usize, total: usize) {
        match &mut self.shown {
            Some(bar) if done > 0 => bar.set(done, String::new),
            _ => {
                self.finish();
                let words = match phase {
                    Phase::Judging => ("judging", "images"),
                    Phase::Measuring => ("measuring", "rows"),
                };
                self.shown = Some(Progress::new(self.voice, words, (0, total)));
            }
        }
    }

    /// Ends the bar.
    pub fn finish(&mut self) {
        if let Some(bar) = self.shown.take() {
            bar.finish();
        }
    }
}

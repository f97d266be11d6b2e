//! `oddspot evaluate`: a model and a labelled test set in, measures out.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::atomic;
use oddspot::chart::chart_of;
use oddspot::dataset::Dataset;
use oddspot::image::decode;
use oddspot::model_file::Header;
use oddspot::page::{Example, MOST_EXAMPLES, Measured, Shown, evaluation_page, named, pick};
use oddspot::report::{
    Evaluation, Judged, MapKind, Phase, check_baseline, check_test_set, check_unseen, examine,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::interrupt::INTERRUPTED;
use crate::progress::Progress;
use crate::runtime::{Runtime, RuntimeArgs, check_output};
use crate::verdict::VerdictArgs;

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
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// Measures, prints the tables and writes the files that were asked for.
pub fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    for file in args.json.iter().chain(&args.chart).chain(&args.html) {
        check_output(file)?;
    }
    evaluate(args, &args.runtime.open()?)
}

/// As [`run`], on a runtime that is open.
pub fn evaluate(args: &EvaluateArgs, runtime: &Runtime) -> Result<ExitCode> {
    ensure!(
        args.verdict.threshold.is_none() || args.baseline.is_none(),
        "a score of the model is none of the baseline's: give --false-alarm-rate instead of \
         --threshold, or leave out --baseline"
    );
    let detector = args.verdict.load(&args.model, &runtime.device)?;
    let dataset = Dataset::open(&args.data)?;
    check_test_set(&dataset)?;
    let shown = named(&dataset, &args.show)?;
    let baseline = match &args.baseline {
        None => None,
        Some(path) => {
            let baseline = args.verdict.load(path, &runtime.device)?;
            check_baseline(detector.header(), baseline.header(), path)?;
            check_unseen(&dataset, baseline.header())
                .with_context(|| format!("the baseline {}", path.display()))?;
            Some(baseline)
        }
    };
    let examined = examine_with_bars(&detector, &dataset, runtime)?;
    let below = match (&baseline, &examined) {
        (Some(baseline), Some(_)) => {
            tell!("the baseline:");
            examine_with_bars(baseline, &dataset, runtime)?
        }
        _ => None,
    };
    let (Some(examined), true) = (examined, below.is_some() == baseline.is_some()) else {
        tell!("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let evaluation = &examined.0;
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&Report {
            evaluation,
            baseline: below.as_ref().map(|(baseline, _)| baseline),
        })?;
        atomic::write_bytes(file, (json + "\n").as_bytes())?;
    }
    if let Some(file) = &args.chart {
        atomic::write_bytes(file, chart_of(evaluation).as_bytes())?;
    }
    if let Some(file) = &args.html {
        let shown = match args.show.is_empty() {
            true => pick(&evaluation.images, MOST_EXAMPLES),
            false => shown,
        };
        let page = page(
            &dataset,
            detector.header(),
            &examined,
            below.as_ref(),
            &shown,
        )?;
        atomic::write_bytes(file, page.as_bytes())?;
    }
    let tables = match &below {
        Some((baseline, _)) => evaluation.beside(baseline).to_string(),
        None => evaluation.to_string(),
    };
    write!(std::io::stdout(), "{tables}").context("cannot print the tables")?;
    Ok(ExitCode::SUCCESS)
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
type Examined = (Evaluation, Vec<Judged>);

/// The page, with the chosen images on it.
fn page(
    dataset: &Dataset,
    header: &Header,
    (evaluation, judged): &Examined,
    baseline: Option<&Examined>,
    shown: &[usize],
) -> Result<String> {
    let example = |&at: &usize| {
        let shown = Shown {
            image: &decode(&dataset.test[at].image)?,
            judged: &judged[at],
            baseline: baseline.map(|(_, judged)| &judged[at]),
        };
        Example::new(shown, header)
    };
    let examples: Result<Vec<Example>, _> = shown.par_iter().map(example).collect();
    Ok(evaluation_page(Measured {
        evaluation,
        baseline: baseline.map(|(evaluation, _)| evaluation),
        examples: &examples?,
    })?)
}

/// Judges and measures; None if the user has asked to stop.
fn examine_with_bars(
    detector: &Detector,
    dataset: &Dataset,
    runtime: &Runtime,
) -> Result<Option<Examined>> {
    let maps = MapKind::of(detector.header().config.method);
    let mut bars = Bars::default();
    let examined = examine(detector, dataset, maps, |phase, done, total| {
        bars.set(phase, done, total);
        runtime.interrupt.flow()
    })?;
    bars.finish();
    Ok(examined)
}

/// One bar per phase.
#[derive(Default)]
pub struct Bars(Option<Progress>);

impl Bars {
    /// Shows how far a phase is.
    pub fn set(&mut self, phase: Phase, done: usize, total: usize) {
        match &mut self.0 {
            Some(bar) if done > 0 => bar.set(done, String::new),
            _ => {
                self.finish();
                let (label, unit) = match phase {
                    Phase::Judging => ("judging", "images"),
                    Phase::Measuring => ("measuring", "rows"),
                };
                self.0 = Some(Progress::new(label, unit, 0, total));
            }
        }
    }

    /// Ends the bar.
    pub fn finish(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish();
        }
    }
}

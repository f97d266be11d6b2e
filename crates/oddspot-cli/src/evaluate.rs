//! `oddspot evaluate`: a model and a labelled test set in, measures out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::atomic;
use oddspot::chart::{ChartInput, evaluation_chart};
use oddspot::dataset::{Dataset, Label};
use oddspot::report::{Evaluation, MAX_FPR, MapKind, Measures, Phase, Protocol, evaluate};

use crate::interrupt::INTERRUPTED;
use crate::progress::Progress;
use crate::runtime::{RuntimeArgs, teacher_library};

/// Arguments of `oddspot evaluate`.
#[derive(Args, Clone)]
pub struct EvaluateArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Data set with labelled test images: test/good, test/<defect>, ground_truth/<defect>
    pub data: PathBuf,
    /// Write everything measured, and every image's score, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw the curves and the scores as SVG (protocol `paper`)
    #[arg(long, value_name = "FILE.svg")]
    pub chart: Option<PathBuf>,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// Measures, prints the tables and writes the files that were asked for.
pub fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    for file in args.json.iter().chain(&args.chart) {
        check_output(file)?;
    }
    let runtime = args.runtime.open()?;
    let detector = Detector::load(&args.model, &teacher_library()?, &runtime.device)?;
    let dataset = Dataset::open(&args.data)?;
    let maps = MapKind::of(detector.header().config.method);
    let mut bars = Bars::default();
    let evaluation = evaluate(&detector, &dataset, maps, |phase, done, total| {
        bars.set(phase, done, total);
        runtime.interrupt.flow()
    })?;
    bars.finish();
    let Some(evaluation) = evaluation else {
        eprintln!("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    write!(std::io::stdout(), "{evaluation}").context("cannot print the tables")?;
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&evaluation)?;
        atomic::write_bytes(file, (json + "\n").as_bytes())?;
    }
    if let Some(file) = &args.chart {
        atomic::write_bytes(file, chart(&evaluation).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a file that could not be written once everything is measured.
fn check_output(file: &Path) -> Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    ensure!(
        folder.is_none_or(Path::is_dir) && !file.is_dir(),
        "cannot write {}: give a file name in an existing folder",
        file.display()
    );
    Ok(())
}

/// One bar per phase.
#[derive(Default)]
struct Bars {
    bar: Option<(Phase, Progress)>,
}

impl Bars {
    fn set(&mut self, phase: Phase, done: usize, total: usize) {
        if self
            .bar
            .as_ref()
            .is_none_or(|(current, _)| *current != phase)
        {
            let (label, unit) = match phase {
                Phase::Judging => ("judging", "images"),
                Phase::Measuring => ("measuring", "tables"),
            };
            self.finish();
            self.bar = Some((phase, Progress::new(label, unit, 0, total)));
        }
        if let Some((_, bar)) = &mut self.bar {
            bar.set(done, String::new);
        }
    }

    fn finish(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish();
        }
    }
}

/// The chart of the model's own map under the paper's protocol.
fn chart(evaluation: &Evaluation) -> String {
    let undefined = Measures::default();
    let measures = evaluation
        .protocols
        .get(&Protocol::Paper)
        .and_then(|protocol| protocol.maps.get(&MapKind::Total))
        .map_or(&undefined, |map| &map.overall);
    let scores = |good: bool| -> Vec<f32> {
        let images = evaluation.images.iter();
        images
            .filter(|image| (image.label == Label::Good) == good)
            .map(|image| image.score)
            .collect()
    };
    let size = evaluation.model.config.image_size;
    evaluation_chart(&ChartInput {
        title: &format!("{}: protocol `paper`, maps at {size}", evaluation.data.name),
        image_roc: &evaluation.curves.image_roc,
        image_auc: measures.image_auc,
        pixel_roc: &evaluation.curves.pixel_roc,
        pixel_auc: measures.pixel_auc,
        pro: &evaluation.curves.pro,
        au_pro: measures.au_pro,
        max_fpr: MAX_FPR,
        good_scores: &scores(true),
        anomalous_scores: &scores(false),
        threshold: Some(evaluation.verdicts.threshold as f32),
    })
}

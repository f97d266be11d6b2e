//! `oddspot evaluate`: a model and a labelled test set in, measures out.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use oddspot::Detector;
use oddspot::atomic;
use oddspot::chart::{ChartInput, evaluation_chart};
use oddspot::dataset::{Dataset, Label};
use oddspot::report::{Evaluation, MAX_FPR, MapKind, Measures, Phase, Protocol, evaluate};

use crate::interrupt::INTERRUPTED;
use crate::progress::Progress;
use crate::runtime::{RuntimeArgs, check_output, teacher_library};

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
        tell!("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&evaluation)?;
        atomic::write_bytes(file, (json + "\n").as_bytes())?;
    }
    if let Some(file) = &args.chart {
        atomic::write_bytes(file, chart(&evaluation).as_bytes())?;
    }
    write!(std::io::stdout(), "{evaluation}").context("cannot print the tables")?;
    Ok(ExitCode::SUCCESS)
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
    let threshold = evaluation.verdicts.threshold as f32;
    let (good_scores, mut anomalous_scores) = (scores(true), scores(false));
    let mut title = format!(
        "{}: protocol `paper`, maps at {}",
        evaluation.data.name, evaluation.model.config.image_size
    );
    if let Some(limit) = tail_limit(&good_scores, &anomalous_scores, threshold) {
        title += &format!("; scores above {limit} drawn there");
        for score in &mut anomalous_scores {
            *score = score.min(limit);
        }
    }
    evaluation_chart(&ChartInput {
        title: &title,
        image_roc: &evaluation.curves.image_roc,
        image_auc: measures.image_auc,
        pixel_roc: &evaluation.curves.pixel_roc,
        pixel_auc: measures.pixel_auc,
        pro: &evaluation.curves.pro,
        au_pro: measures.au_pro,
        max_fpr: MAX_FPR,
        good_scores: &good_scores,
        anomalous_scores: &anomalous_scores,
        threshold: Some(threshold),
    })
}

/// Where to cut a histogram whose few highest scores would squeeze all others into one bar:
/// above nine tenths of the anomalous scores, and well above the good ones and the threshold.
fn tail_limit(good: &[f32], anomalous: &[f32], threshold: f32) -> Option<f32> {
    let mut sorted = anomalous.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let most = *sorted.get(sorted.len() * 9 / 10)?;
    let ordinary = good.iter().copied().fold(threshold, f32::max);
    let limit = most.max(2.0 * ordinary).ceil();
    (limit > 0.0 && *sorted.last()? > 1.5 * limit).then_some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_tail_is_cut_and_never_below_the_ordinary_scores() {
        let mut anomalous = vec![20.0; 30];
        assert_eq!(tail_limit(&[5.0, 9.0], &anomalous, 8.0), None);
        anomalous.push(2000.0);
        assert_eq!(tail_limit(&[5.0, 9.0], &anomalous, 8.0), Some(20.0));
        assert_eq!(tail_limit(&[5.0, 90.5], &anomalous, 8.0), Some(181.0));
        assert_eq!(tail_limit(&[], &[], 8.0), None);
    }
}

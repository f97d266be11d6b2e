//! `oddspot detect`: images in, verdicts and pictures out.

mod output;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::image::decode;

use crate::interrupt::INTERRUPTED;
use crate::runtime::{Runtime, RuntimeArgs, teacher_library};
use output::{Finding, Output, Pictured, collect};

/// Exit status when some images could not be judged.
const SOME_SKIPPED: u8 = 3;

/// Arguments of `oddspot detect`.
#[derive(Args, Clone)]
pub struct DetectArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Images, or folders of images
    #[arg(required = true, value_name = "IMAGE|FOLDER")]
    pub images: Vec<PathBuf>,
    /// Folder for results.jsonl, results.csv and the pictures
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Also write the raw maps as 32-bit TIFF
    #[arg(long)]
    pub maps: bool,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `oddspot detect`.
pub fn run(args: &DetectArgs) -> Result<ExitCode> {
    detect(args, &args.runtime.open()?)
}

/// Judges every image; one that cannot be used is reported and skipped.
pub fn detect(args: &DetectArgs, runtime: &Runtime) -> Result<ExitCode> {
    let detector = Detector::load(&args.model, &teacher_library()?, &runtime.device)?;
    let inputs = collect(&args.images, &args.output)?;
    ensure!(
        !inputs.is_empty(),
        "there is no image to judge in {}: give images, or folders that hold some",
        listed(&args.images)
    );
    let mut output = Output::create(&args.output, detector.header(), args.maps)?;

    let mut latencies = Vec::with_capacity(inputs.len());
    let mut anomalous = 0;
    for input in &inputs {
        if runtime.interrupt.flow().is_break() {
            tell!(
                "interrupted; the results so far are in {}",
                args.output.display()
            );
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let started = Instant::now();
        match decode(&input.path) {
            Ok(image) => {
                let detection = detector.detect(&image)?;
                let pictured = Pictured::new(image, detection, detector.header());
                let finding = Finding::new(input, &pictured, detector.header());
                output.pictures(input, &pictured)?;
                latencies.push(started.elapsed());
                anomalous += usize::from(finding.anomalous);
                say!("{}", finding.line());
                output.result(&finding, started.elapsed())?;
            }
            Err(error) => {
                let reason = crate::chain(&error.into());
                tell!("skipped: {reason}");
                output.skipped(input, &reason)?;
            }
        }
    }
    let skipped = inputs.len() - latencies.len();
    tell!(
        "{} images: {anomalous} anomalous, {} good, {skipped} skipped; pictures and results in {}",
        inputs.len(),
        latencies.len() - anomalous,
        args.output.display()
    );
    tell!("{}", describe_cost(&mut latencies));
    Ok(if skipped == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(SOME_SKIPPED)
    })
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

/// Latency percentiles (nearest rank) and peak memory.
fn describe_cost(latencies: &mut [Duration]) -> String {
    latencies.sort_unstable();
    let percentile = |p: usize| {
        let rank = (p * latencies.len()).div_ceil(100).max(1) - 1;
        latencies.get(rank).map_or(0.0, |d| 1e3 * d.as_secs_f64())
    };
    let mut text = format!(
        "per image, file to pictures: p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms",
        percentile(50),
        percentile(95),
        percentile(99)
    );
    if let Some(bytes) = peak_memory() {
        text += &format!("; peak memory {:.0} MiB", bytes as f64 / f64::from(1 << 20));
    }
    text
}

/// The process's largest resident set so far, in bytes, where the system tells it.
fn peak_memory() -> Option<u64> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};
        let resident = getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss() as u64;
        // Linux and the BSDs count KiB, macOS bytes.
        Some(if cfg!(target_os = "macos") {
            resident
        } else {
            resident * 1024
        })
    }
    #[cfg(not(unix))]
    None
}

//! `oddspot detect`: images in, verdicts and pictures out.

mod input;
mod pictures;
mod results;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::images::decode;
use oddspot_draw::figure::Panels;
use oddspot_measure::peak_memory;

use crate::advice;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::verdict::VerdictArgs;
use input::{Input, collect};
use pictures::{Pictures, Written};
use results::{Done, Output};
use told::{Judged, Told};

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
    /// Write no pictures, only the results (and the raw maps, if asked for)
    #[arg(long)]
    pub no_pictures: bool,
    /// Another threshold than the model's
    #[command(flatten)]
    pub verdict: VerdictArgs,
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
    peak_memory::reset();
    let detector = args.verdict.load(&args.model, runtime)?;
    let inputs = collect(&args.images, &args.output)?;
    ensure!(
        !inputs.is_empty(),
        "there is no image to judge in {}: give images, or folders that hold some",
        listed(&args.images)
    );
    let output = Output::create(&args.output, detector.thresholds(), args.written())?;
    let pictures = output.pictures();
    let mut told = Told::new(output);
    let started = Instant::now();
    let until_stopped = |input| runtime.interrupt.flow().is_continue().then_some(input);
    // Decoding, networks and pictures of different images overlap.
    detector.in_order(
        inputs.iter().map_while(until_stopped),
        |input| (input, judge(&detector, &pictures, input)),
        |(input, judged)| told.tell(input, judged),
    );
    told.summarise(inputs.len(), started.elapsed(), args)
}

impl DetectArgs {
    fn written(&self) -> Written {
        Written {
            pictures: !self.no_pictures,
            maps: self.maps,
        }
    }
}

/// File to verdict and pictures.
fn judge(detector: &Detector, pictures: &Pictures, input: &Input) -> Result<Judged> {
    let started = Instant::now();
    let image = match decode(&input.path) {
        Ok(image) => image,
        Err(error) => return Ok(Judged::Skipped(advice::causes(&error))),
    };
    if !pictures.draws() {
        // Nothing needs the maps at the image's own size.
        return Ok(Judged::Done(Box::new(Done {
            finding: detector.inspect(&image)?,
            files: Vec::new(),
            latency: started.elapsed(),
        })));
    }
    let inspection = detector.examine(&image)?;
    let panels = Panels {
        image: &image,
        inspection: &inspection,
        name: &input.image(),
    };
    let files = pictures.write(&input.name, &panels)?;
    Ok(Judged::Done(Box::new(Done {
        finding: inspection.finding,
        files,
        latency: started.elapsed(),
    })))
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

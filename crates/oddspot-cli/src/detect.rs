//! `oddspot detect`: images in, verdicts and pictures out.

pub mod differing;
mod done;
pub mod earlier;
pub mod input;
pub mod judge;
pub mod line;
mod options;
pub mod page;
pub mod pictures;
mod reporting;
pub mod results;
pub mod stamp;
mod table;
pub mod told;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot_measure::peak_memory;

use crate::besides::lines;
use crate::runtime::Runtime;
use differing::Differences;
use earlier::Earlier;
use input::{Input, collect, name_all};
use judge::judge;
pub use options::JudgeArgs;
use reporting::FailOn;
use results::{Making, Output};
use stamp::Stamps;
use told::Told;

/// What is said in the place of an output folder.
const IN_NO_FOLDER: &str = "nothing is kept without -o FOLDER";

/// Arguments of `oddspot detect`.
#[derive(Args, Clone)]
pub struct DetectArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Images, or folders of images: PNG, JPEG, BMP, TIFF or WebP, of whose pages and frames each is judged; - or a
    /// pipe is one image
    #[arg(required = true, value_name = "IMAGE|FOLDER")]
    pub images: Vec<PathBuf>,
    /// Folder for results.jsonl, results.csv, index.html and the pictures; without it verdicts are printed, and nothing is kept
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Replace the results that the folder has, and their pictures
    #[arg(long, requires = "output")]
    pub replace: bool,
    /// Add to the results that the folder has
    #[arg(long, requires = "output", conflicts_with = "replace")]
    pub append: bool,
    /// End with status 4 if an image has this verdict: anomalous, check (or anomalous), untrusted, or several with
    /// commas; an untrusted image counts by untrusted alone, whatever its score
    #[arg(long, value_name = "VERDICT", value_delimiter = ',', value_parser = FailOn::new)]
    pub fail_on: Vec<FailOn>,
    /// How images are judged, and what is kept of them
    #[command(flatten)]
    pub judging: JudgeArgs,
}

/// `oddspot detect`.
pub fn run(args: &DetectArgs) -> Result<ExitCode> {
    detect(args, &args.judging.runtime.open()?)
}

/// Judges every image; one that cannot be used is reported and skipped.
pub fn detect(args: &DetectArgs, runtime: &Runtime) -> Result<ExitCode> {
    peak_memory::reset();
    let JudgeArgs { report, region, .. } = &args.judging;
    let detector = args.judging.detector(&args.model, runtime)?;
    let (mut inputs, besides) = collect(&args.images, args.output.as_deref())?;
    let besides = lines(&besides, true);
    ensure!(
        !inputs.is_empty(),
        "there is no image to judge in {}: give images, or folders that hold some{}",
        listed(&args.images),
        besides
            .iter()
            .map(|line| format!("; {line}"))
            .collect::<String>()
    );
    let first = inputs.first().and_then(Input::source);
    let detector = region.restrict(detector, first, !report.quiet)?;
    let stamps = Stamps::new(&args.model, report.part_id.clone())?;
    let making = Making {
        earlier: args.earlier(),
        written: args.judging.written(),
        mark: report.bom,
        tells: !report.quiet,
    };
    let output = args.output.as_deref();
    let mut output = Output::create(output, making, detector.thresholds(), stamps)?;
    name_all(&mut inputs, output.take_names());
    if !report.quiet {
        for line in besides {
            tell!("{line}");
        }
    }
    let pictures = output.pictures();
    let header = detector.header();
    let differences = Differences::from(header.images.as_ref(), &header.settings);
    let mut told = Told::new(output, report.said(), differences);
    let started = Instant::now();
    let until_stopped = |input| runtime.interrupt.flow().is_continue().then_some(input);
    // Decoding, networks and pictures of different images overlap.
    detector.in_order(
        inputs.iter().map_while(until_stopped),
        |input| {
            (
                input,
                judge(&detector, pictures.as_ref(), input, &runtime.interrupt),
            )
        },
        |(input, judged)| told.tell(input, judged),
    );
    told.summarise(inputs.len(), started.elapsed(), args)
}

impl DetectArgs {
    /// What becomes of the results that the folder has.
    fn earlier(&self) -> Earlier {
        match (self.replace, self.append) {
            (true, _) => Earlier::Replace,
            (_, true) => Earlier::Append,
            _ => Earlier::Refuse,
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

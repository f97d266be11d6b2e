//! `oddspot detect`: images in, verdicts and pictures out.

mod among;
pub mod differing;
mod done;
pub mod earlier;
pub mod foreign;
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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot_measure::peak_memory;

use crate::besides::{self, lines};
use crate::runtime::Runtime;
use among::told_among;
use differing::Differences;
use earlier::{Earlier, names};
use foreign::{named, refuse_foreign};
use input::{Collected, Input, collect, name_all};
use judge::judge;
pub use options::JudgeArgs;
use reporting::FailOn;
use results::{JSON_LINES, Making, Output};
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
    let voice = args.judging.voice();
    let detector = args.judging.detector(&args.model, runtime)?;
    let output = args.output.as_deref();
    let ours = output.map(named).transpose()?.unwrap_or_default();
    let Collected {
        mut inputs,
        besides,
        twice,
    } = collect(&args.images, output.map(|output| (output, &ours)))?;
    let mut besides = lines(&besides, true);
    besides.extend(told_twice(&twice));
    ensure!(
        !inputs.is_empty(),
        "there is no image to judge in {}: give images, or folders that hold some{}",
        listed(&args.images),
        besides
            .iter()
            .map(|line| format!("; {line}"))
            .collect::<String>()
    );
    besides.extend(output.and_then(|output| told_among(output, &args.images)));
    let first = inputs.first().and_then(Input::source);
    let detector = region.restrict(detector, first, voice)?;
    let stamps = Stamps::new(&args.model, report.part_id.clone())?;
    let making = Making {
        earlier: args.earlier(),
        written: args.judging.written(),
        form: report.form(),
        tells: voice.tells(),
    };
    name_all(&mut inputs, args.taken_names()?);
    if let Some(output) = output {
        refuse_foreign(output, &inputs, making.written)?;
    }
    let output = Output::create(output, making, detector.thresholds(), stamps)?;
    for line in besides {
        note!(voice, "{line}");
    }
    let pictures = output.pictures();
    let header = detector.header();
    let differences = Differences::from(header.images.as_ref(), &header.settings);
    let mut told = Told::new(output, report.said(voice), differences);
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
    /// Names of pictures that stay.
    fn taken_names(&self) -> Result<BTreeSet<String>> {
        match (&self.output, self.earlier()) {
            (Some(output), Earlier::Append) => names(&output.join(JSON_LINES)),
            _ => Ok(BTreeSet::new()),
        }
    }

    /// What becomes of the results that the folder has.
    fn earlier(&self) -> Earlier {
        match (self.replace, self.append) {
            (true, _) => Earlier::Replace,
            (_, true) => Earlier::Append,
            _ => Earlier::Refuse,
        }
    }
}

/// Tells of files that are there twice, by links.
fn told_twice(twice: &[PathBuf]) -> Option<String> {
    let names: Vec<&Path> = twice.iter().map(PathBuf::as_path).collect();
    let (images, are) = match twice.len() {
        0 => return None,
        1 => ("image", "is"),
        _ => ("images", "are"),
    };
    Some(format!(
        "{} {images} {are} there twice, by a link or by another path, and judged once: {}",
        twice.len(),
        besides::listed(&names)
    ))
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

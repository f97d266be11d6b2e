//! `oddspot verify-export`: an export, run by another engine, held to the model that it is of.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::files::digest::{hex, sha256_of_file};
use oddspot::images::{Source, resize};
use oddspot::judge::Detection;
use oddspot::verdict::Verdict;
use oddspot_onnx::verify::{Differences, PIXELS, Runner, Said};

use crate::advice::causes;
use crate::detect::input::{Collected, collect};
use crate::interrupt::INTERRUPTED;
use crate::printing::{self, counted};
use crate::progress::Progress;
use crate::runtime::RuntimeArgs;

/// The exit status of an export that does not judge as its model does.
const FAILED: u8 = 5;
/// The exit status if some images could not be read.
const UNREAD: u8 = 3;

/// Arguments of `oddspot verify-export`.
#[derive(Args, Clone)]
pub struct VerifyExportArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// What `oddspot export` made of it
    #[arg(value_name = "FILE.onnx")]
    pub export: PathBuf,
    /// Images to compare, or folders of them; a file with several pages is not compared
    #[arg(required = true, value_name = "IMAGE|FOLDER")]
    pub images: Vec<PathBuf>,
    /// How far scores may lie apart, as a share of the threshold, or of a score above it; a pixel may ten times as far
    #[arg(long, value_name = "SHARE", default_value_t = 1e-3)]
    pub tolerance: f64,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `oddspot verify-export`.
pub fn run(args: &VerifyExportArgs) -> Result<ExitCode> {
    ensure!(
        args.tolerance >= 0.0,
        "--tolerance {}: a share of the threshold, such as 0.001",
        args.tolerance
    );
    let runtime = args.runtime.open()?;
    let export = Runner::load(&args.export)?;
    let (model, sha256) = (args.model.display(), hex(&sha256_of_file(&args.model)?));
    ensure!(
        export.card().model_sha256 == sha256,
        "{} is not of {model}, but of a model with the SHA-256 {}; export this one",
        args.export.display(),
        export.card().model_sha256
    );
    let detector = runtime.detector(&args.model)?;
    let Collected { inputs, .. } = collect(&args.images, None)?;
    let images: Vec<Source> = inputs.iter().filter_map(|input| input.source()).collect();
    ensure!(!images.is_empty(), "there is no image to compare");
    let mut bar = Progress::new(runtime.voice, ("comparing", "images"), (0, images.len()));
    let mut differences = Differences::default();
    let (mut lines, mut failed, mut unread) = (Vec::new(), None, 0);
    detector.in_order(
        images.iter(),
        |image| (image, both(&detector, &export, image)),
        |(image, found)| {
            match found {
                Ok((detection, said)) => {
                    let verdicts = [detection.score, said.score]
                        .map(|score| detector.thresholds().verdict(score));
                    let flipped = verdicts[0] != verdicts[1];
                    if flipped {
                        lines.push(line(
                            &image.name_below("".as_ref()),
                            verdicts,
                            [detection.score, said.score],
                        ));
                    }
                    failed = differences.add(&detection, &said, flipped).err();
                }
                Err(error) => {
                    unread += 1;
                    lines.push(format!(
                        "{}: {}",
                        image.name_below("".as_ref()),
                        causes(&error)
                    ));
                }
            }
            bar.set(differences.images + unread, String::new);
            match failed {
                Some(_) => std::ops::ControlFlow::Break(()),
                None => runtime.interrupt.flow(),
            }
        },
    );
    bar.finish();
    for line in &lines {
        // Images that could not be read, or of which the verdicts differ.
        printing::answer(line)?;
    }
    if let Some(error) = failed {
        return Err(error.in_file(&args.export).into());
    }
    if differences.images + unread < images.len() {
        tell!("interrupted; nothing is verified");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let voice = runtime.voice;
    let threshold = detector.thresholds().image;
    voice.result(&summary(&differences))?;
    voice.result(&allowed(&differences, args.tolerance, threshold))?;
    let export = args.export.display();
    let passed = differences.images > 0 && differences.within(args.tolerance, threshold);
    Ok(match (passed, unread) {
        (true, 0) => {
            voice.result(&format!("verified: {export} judges as {model} does"))?;
            ExitCode::SUCCESS
        }
        (true, _) => {
            printing::answer(&format!(
                "verified, but for {} that could not be read",
                counted(unread, "image")
            ))?;
            ExitCode::from(UNREAD)
        }
        (false, _) => {
            printing::answer(&format!(
                "NOT verified: {export} does not judge as {model} does"
            ))?;
            ExitCode::from(FAILED)
        }
    })
}

/// What the model and the export say of an image.
fn both(
    detector: &Detector,
    export: &Runner,
    image: &Source,
) -> oddspot::Result<(Detection, Said)> {
    let _admitted = detector.admit(image.pixels());
    let image = image.decode(detector.reading())?;
    let said = export.run(&resize(&image, export.card().size()))?;
    Ok((detector.detect(&image)?, said))
}

fn line(image: &str, verdicts: [Verdict; 2], [own, other]: [f32; 2]) -> String {
    let [verdict, flipped] = verdicts.map(Verdict::word);
    format!("{image}: {verdict} ({own:.5}) by the model, {flipped} ({other:.5}) by the export")
}

fn summary(differences: &Differences) -> String {
    let width = differences.width();
    let share =
        |difference: f32| format!("{difference:.1e} ({:.1e} of the range)", difference / width);
    let largest = match differences.where_largest.as_str() {
        "" => String::new(),
        name => format!(", in {name}"),
    };
    format!(
        "{}: scores differ by at most {}, maps by {}{largest}; the model's maps range over {width:.2}; {} flipped",
        counted(differences.images, "image"),
        share(differences.score),
        share(differences.map),
        counted(differences.flipped, "verdict"),
    )
}

/// How far they may lie apart, in the units of the score.
fn allowed(differences: &Differences, tolerance: f64, threshold: f64) -> String {
    let unit = differences.unit(threshold);
    format!(
        "allowed by --tolerance {tolerance}: scores {:.1e} apart and maps {:.1e}; where a score is above {unit:.2}, the same \
         share of it",
        tolerance * unit,
        PIXELS * tolerance * unit,
    )
}

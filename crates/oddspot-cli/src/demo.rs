//! `oddspot demo`: a small set of made-up circuit boards, trained on and judged, so that the
//! whole way can be seen with no data at hand.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use oddspot::image::ImageSize;
use oddspot::scene::{Counts, write_mvtec};

use crate::detect::{self, DetectArgs};
use crate::runtime::RuntimeArgs;
use crate::train::{self, Configuration, Settings, TrainArgs};

/// Arguments of `oddspot demo`.
#[derive(Args)]
pub struct DemoArgs {
    /// Folder for the images, the model and the findings
    #[arg(short, long, value_name = "FOLDER", default_value = "oddspot-demo")]
    pub output: PathBuf,
    /// Optimizer steps: more see finer
    #[arg(long, default_value_t = 600)]
    pub iterations: usize,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// Side of the boards' pictures.
const PICTURE: usize = 256;
/// Half the default student's channels: enough for a scene as plain as this.
const WIDTHS: [usize; 4] = [16, 32, 64, 128];
/// Boards of each kind.
const COUNTS: Counts = Counts {
    train: 60,
    test_good: 6,
    test_per_defect: 3,
};

/// Writes the set, trains on it and judges its test images.
pub fn run(args: &DemoArgs) -> Result<ExitCode> {
    let runtime = args.runtime.open()?;
    let images = args.output.join("images");
    let model = args.output.join("model.oddspot");
    let findings = args.output.join("findings");
    write_mvtec(&images, ImageSize::square(PICTURE), COUNTS, 0)?;
    say!("images of made-up circuit boards: {}", images.display());

    let training = TrainArgs {
        data: images.clone(),
        output: model.clone(),
        configuration: Configuration {
            settings: Settings {
                iterations: Some(args.iterations),
                widths: Some(WIDTHS.to_vec()),
                ..Settings::default()
            },
            ..Configuration::default()
        },
        no_teacher: false,
        resume: false,
        restart: true,
        log: None,
        runtime: args.runtime.clone(),
    };
    let trained = train::train(&training, &runtime)?;
    if trained != ExitCode::SUCCESS {
        return Ok(trained);
    }
    let detection = DetectArgs {
        model: model.clone(),
        images: vec![images.join("test")],
        output: findings.clone(),
        maps: false,
        no_pictures: false,
        runtime: args.runtime.clone(),
    };
    let judged = detect::detect(&detection, &runtime)?;
    say!(
        "look at the pictures in {}\nmeasure the model with: oddspot evaluate {} {}",
        findings.join("figure").display(),
        model.display(),
        images.display()
    );
    Ok(judged)
}

//! `oddspot demo`: a small set of made-up circuit boards, learned by both methods, judged and
//! measured, so that the whole way can be seen with no data at hand. It ends on the report.

use std::io::{self, IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::Result;
use clap::Args;
use oddspot::images::ImageSize;
use oddspot::settings::{Method, Moments};
use oddspot_demo::{Counts, write_mvtec};

use crate::configuration::Configuration;
use crate::detect::{self, DetectArgs, JudgeArgs};
use crate::evaluate::{self, EvaluateArgs};
use crate::excluded::ExcludeArgs;
use crate::good::GoodArgs;
use crate::region::RegionArgs;
use crate::runtime::RuntimeArgs;
use crate::train::{self, TrainArgs};
use crate::verdict::VerdictArgs;

/// Arguments of `oddspot demo`.
#[derive(Args)]
pub struct DemoArgs {
    /// Folder for the images, the models, the findings and the report
    #[arg(short, long, value_name = "FOLDER", default_value = "oddspot-demo")]
    pub output: PathBuf,
    /// Optimizer steps of each method
    #[arg(long, default_value_t = 2_800)]
    pub iterations: usize,
    /// Do not show the report in the browser (which is done on a terminal alone)
    #[arg(long)]
    pub no_open: bool,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// Side of the boards' pictures.
const PICTURE: usize = 256;
/// Half the default student's channels: enough for a scene as plain as this.
const WIDTHS: &str = "16,32,64,128";
/// Boards of each kind.
const COUNTS: Counts = Counts {
    train: 480,
    test_good: 10,
    test_per_defect: 5,
};

/// Writes the set, learns it with and without the position classifier, judges its test images and
/// writes the report.
pub fn run(args: &DemoArgs) -> Result<ExitCode> {
    let runtime = args.runtime.open()?;
    let images = args.output.join("boards");
    let model = args.output.join("model.oddspot");
    let baseline = args.output.join("baseline.oddspot");
    let findings = args.output.join("findings");
    let report = args.output.join("report.html");
    write_mvtec(&images, ImageSize::square(PICTURE), COUNTS, 0)?;
    report!(
        runtime.voice,
        "images of made-up circuit boards: {}",
        images.display()
    );

    for (path, method) in [(&model, Method::Full), (&baseline, Method::Baseline)] {
        if method == Method::Baseline {
            report!(
                runtime.voice,
                "the baseline to compare with, as in the paper: the student alone, measured against what \
                 is usual everywhere:"
            );
        }
        let trained = train::train(&training(args, &images, path, method), &runtime)?;
        if trained != ExitCode::SUCCESS {
            return Ok(trained);
        }
    }
    let detection = DetectArgs {
        model: model.clone(),
        images: vec![images.join("test")],
        output: Some(findings.clone()),
        replace: true,
        append: false,
        fail_on: Vec::new(),
        judging: JudgeArgs::plain(&args.runtime),
    };
    let judged = detect::detect(&detection, &runtime)?;
    let evaluation = EvaluateArgs {
        region: RegionArgs::default(),
        model,
        data: images,
        json: None,
        chart: None,
        html: Some(report.clone()),
        replace: true,
        show: Vec::new(),
        baseline: Some(baseline),
        verdict: VerdictArgs::default(),
        runtime: args.runtime.clone(),
    };
    let measured = evaluate::evaluate(&evaluation, &runtime)?;
    if measured != ExitCode::SUCCESS {
        return Ok(measured);
    }
    report!(runtime.voice, "");
    report!(
        runtime.voice,
        "pictures of what was found: {}",
        findings.join("figure").display()
    );
    report!(runtime.voice, "the report: {}", report.display());
    if !args.no_open && stdout().is_terminal() && show(&report).is_err() {
        report!(runtime.voice, "open it in a browser");
    }
    Ok(judged)
}

/// Opens a page in the browser, by the platform's own program for that.
fn show(page: &Path) -> io::Result<()> {
    let (program, arguments): (&str, &[&str]) = if cfg!(windows) {
        ("cmd", &["/c", "start", ""])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    };
    Command::new(program)
        .args(arguments)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
}

fn training(args: &DemoArgs, images: &Path, model: &Path, method: Method) -> TrainArgs {
    let mut configuration = Configuration::default()
        .with("method", method.name())
        .with("training.iterations", args.iterations)
        .with("student.widths", WIDTHS);
    if method == Method::Baseline {
        // As in the paper: what is usual at a place, or near it in good images, would tell the baseline what belongs there.
        configuration = configuration
            .with("detection.moments", Moments::Global.name())
            .with("closed_form.gaussian_weight", 0)
            .with("closed_form.memory_weight", 0);
    }
    TrainArgs {
        region: RegionArgs::default(),
        data: images.to_owned(),
        output: model.to_owned(),
        configuration,
        no_teacher: false,
        replace: true,
        good: GoodArgs::default(),
        exclude: ExcludeArgs::default(),
        no_audit: true,
        resume: false,
        restart: true,
        log: None,
        runtime: args.runtime.clone(),
        goes_on_by_itself: false,
    }
}

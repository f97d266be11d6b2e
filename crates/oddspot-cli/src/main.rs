//! The `oddspot` command: parse, run, print.

#[macro_use]
mod printing;
#[macro_use]
mod voice;

mod advice;
mod audit;
mod benchmark;
mod besides;
mod calibrate;
mod changed;
mod configuration;
mod demo;
mod described;
mod detect;
mod evaluate;
mod excluded;
mod export;
mod extend;
#[cfg(feature = "fetch")]
mod fetch;
mod fleet;
mod given;
mod good;
mod inspect;
mod interrupt;
mod output;
#[cfg(feature = "pretrain")]
mod pretrain;
mod progress;
mod region;
mod runtime;
#[cfg(feature = "serve")]
mod serve;
mod teacher;
mod torchvision;
mod train;
mod verdict;
mod verify;
#[cfg(feature = "onnx")]
mod verify_export;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use oddspot_conv::Isa;

/// The exit status of a command that was not understood.
const NOT_UNDERSTOOD: u8 = 2;

/// What is read at most.
const LIMITS: &str = "Limits: an image has at most 100 megapixels and 30000 pixels a side, unless --max-megapixels and \
                      --max-side of train, detect or watch say otherwise; a model keeps what it was trained with. A \
                      file has at most 1 GiB, and 1000 pages or frames.";

/// Finds where an image is odd, learning from good images alone.
#[derive(Parser)]
#[command(name = "oddspot", version, propagate_version = true, after_help = LIMITS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Learn a model from a folder of good images
    #[command(
        after_help = "With --manifest the exit status is 0 if all parts are finished, 3 if some failed, 130 after Ctrl-C: docs/fleets.md."
    )]
    Train(Box<fleet::Job<train::TrainArgs>>),
    /// Find what should not be among good images: odd ones, duplicates, other sizes and colours
    #[command(
        after_help = "The exit status is 0 whatever is found: this is a report, and the judgement is yours."
    )]
    Audit(Box<audit::AuditArgs>),
    /// Judge images: verdicts, scores and pictures of what is wrong
    #[command(
        after_help = "The exit status is 0 if all images were judged, whatever was found; 1 after an error, 2 if the command \
                      was not understood, 3 if some images could not be judged, 4 if --fail-on asks for it (before 3), 130 after Ctrl-C."
    )]
    Detect(Box<fleet::Job<detect::DetectArgs>>),
    /// Judge images as they come into a folder, until it is stopped
    #[command(
        after_help = "Stopped by Ctrl-C or SIGTERM it ends with status 0; the next start judges what came in between, and nothing twice."
    )]
    Watch(Box<watch::WatchArgs>),
    /// Serve an inspection station: images in by HTTP and folder, verdicts, a history and pages
    #[cfg(feature = "serve")]
    #[command(
        after_help = "Stopped by Ctrl-C or SIGTERM it finishes what it has begun and ends with status 0."
    )]
    Serve(serve::ServeArgs),
    /// Serve an inspection station (in programs built with --features serve)
    #[cfg(not(feature = "serve"))]
    #[command(hide = true)]
    Serve {
        /// Whatever is asked for
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        _asked: Vec<String>,
    },
    /// Add good images to a model in seconds, without training
    Extend(extend::ExtendArgs),
    /// Set a model's thresholds anew on good images, and tell what they cost
    Calibrate(calibrate::CalibrateArgs),
    /// Hold a model on this machine to known images, before it goes live
    #[command(after_help = "The exit status is 0 if all is as it must be, and 5 if not.")]
    Verify(verify::VerifyArgs),
    /// Write a model as ONNX, for ONNX Runtime, OpenVINO or TensorRT
    Export(export::ExportArgs),
    /// Hold an export to its model, by another engine
    #[cfg(feature = "onnx")]
    #[command(
        after_help = "The exit status is 0 if the export judges as the model does, 5 if not, 3 if some images could not be read."
    )]
    VerifyExport(verify_export::VerifyExportArgs),
    /// Hold an export to its model (in programs built with --features onnx)
    #[cfg(not(feature = "onnx"))]
    #[command(hide = true)]
    VerifyExport {
        /// Whatever is asked for
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        _asked: Vec<String>,
    },
    /// Measure a model on a labelled test set
    #[command(
        after_help = "The exit status is 0 if all test images were measured, and 3 if some could not be read and were left out."
    )]
    Evaluate(Box<fleet::Job<evaluate::EvaluateArgs>>),
    /// Train and measure on many data sets: the paper's tables
    Benchmark(Box<fleet::Job<benchmark::BenchmarkArgs>>),
    /// Put together what the shards of a fleet have made: tables of all parts, and what is missing
    #[command(
        after_help = "The exit status is 0 if every part is finished, and 3 if some are missing or failed."
    )]
    Collect(fleet::CollectArgs),
    /// List, fetch or import teachers
    Teacher(teacher::TeacherArgs),
    /// Train a teacher of one's own on images that formulas make
    #[cfg(feature = "pretrain")]
    Pretrain(pretrain::PretrainArgs),
    /// Train a teacher of one's own (in programs built with --features pretrain)
    #[cfg(not(feature = "pretrain"))]
    #[command(hide = true)]
    Pretrain {
        /// Whatever is asked for
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        _asked: Vec<String>,
    },
    /// Show what is in a model file
    Inspect(inspect::InspectArgs),
    /// Make a small picture set, train on it and detect in it
    Demo(demo::DemoArgs),
}

fn main() -> ExitCode {
    // A negative number is a value, perhaps out of range, and not an option of that name.
    let command = Arguments::command().mut_subcommands(|subcommand| {
        subcommand.mut_args(|arg| match arg.get_action().takes_values() {
            true => arg.allow_negative_numbers(true),
            false => arg,
        })
    });
    let words: Vec<OsString> = std::env::args_os().collect();
    let matches = match command.clone().try_get_matches_from(&words) {
        Ok(matches) => matches,
        Err(error) => {
            // Help goes to standard output, and is no misunderstanding.
            let said = (error.use_stderr()).then(|| given::misunderstood(command, &words));
            let Some(said) = said.flatten() else {
                error.exit()
            };
            printing::error(&said);
            return ExitCode::from(NOT_UNDERSTOOD);
        }
    };
    if let Some(said) = given::misplaced(&matches, &words) {
        printing::error(&said);
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::from_arg_matches(&matches);
    let command = arguments.unwrap_or_else(|error| error.exit()).command;
    run(&command).unwrap_or_else(|error| {
        printing::error(&advice::said(&error));
        ExitCode::FAILURE
    })
}

/// What is said of a command that is not in this program.
#[cfg(not(all(feature = "serve", feature = "onnx", feature = "pretrain")))]
fn without(feature: &str, what: &str) -> String {
    format!(
        "this program was built without {what}: in a copy of the repository, \
         `cargo install --locked --path crates/oddspot-cli --features {feature}` builds one that has it"
    )
}

fn run(command: &Command) -> Result<ExitCode> {
    Isa::asked_for().context(Isa::VARIABLE)?;
    match command {
        Command::Train(job) => fleet::run(job, train::run),
        Command::Audit(args) => audit::run(args),
        Command::Detect(job) => fleet::run(job, detect::run),
        Command::Watch(args) => watch::run(args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args),
        #[cfg(not(feature = "serve"))]
        Command::Serve { .. } => {
            anyhow::bail!(without("serve", "the inspection station"))
        }
        Command::Extend(args) => extend::run(args),
        Command::Calibrate(args) => calibrate::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Evaluate(job) => fleet::run(job, evaluate::run),
        Command::Benchmark(job) => fleet::run(job, benchmark::run),
        Command::Collect(args) => fleet::collect(args),
        Command::Export(args) => export::run(args),
        #[cfg(feature = "onnx")]
        Command::VerifyExport(args) => verify_export::run(args),
        #[cfg(not(feature = "onnx"))]
        Command::VerifyExport { .. } => {
            anyhow::bail!(without("onnx", "verify-export, which runs graphs by tract"))
        }
        Command::Teacher(args) => teacher::run(args),
        #[cfg(feature = "pretrain")]
        Command::Pretrain(args) => pretrain::run(args),
        #[cfg(not(feature = "pretrain"))]
        Command::Pretrain { .. } => {
            anyhow::bail!(without("pretrain", "pretrain"))
        }
        Command::Inspect(args) => inspect::run(args),
        Command::Demo(args) => demo::run(args),
    }
}

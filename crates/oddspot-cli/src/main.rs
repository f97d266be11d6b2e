//! The `oddspot` command: parse, run, print.

/// Prints a line for people on standard error; a reader that has gone is no reason to stop.
macro_rules! tell {
    ($($text:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{}\n", format_args!($($text)*)),
        );
    }};
}

/// Prints a line of results on standard output, likewise.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stdout(),
            format_args!("{}\n", format_args!($($text)*)),
        );
    }};
}

mod benchmark;
mod configuration;
mod demo;
mod detect;
mod evaluate;
mod fetch;
mod inspect;
mod interrupt;
mod peak_memory;
mod pretrain;
mod progress;
mod runtime;
mod teacher;
mod train;
mod training_log;
mod verdict;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Finds where an image is odd, learning from good images alone.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Learn a model from a folder of good images
    Train(Box<train::TrainArgs>),
    /// Judge images: verdicts, scores and pictures of what is wrong
    Detect(detect::DetectArgs),
    /// Measure a model on a labelled test set
    Evaluate(evaluate::EvaluateArgs),
    /// Train and measure on many data sets: the paper's tables
    Benchmark(Box<benchmark::BenchmarkArgs>),
    /// List, fetch or import teachers
    Teacher(teacher::TeacherArgs),
    /// Train a teacher of one's own on images that formulas make
    Pretrain(pretrain::PretrainArgs),
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
    let arguments = Arguments::from_arg_matches(&command.get_matches());
    let result = match arguments.unwrap_or_else(|error| error.exit()).command {
        Command::Train(args) => train::run(&args),
        Command::Detect(args) => detect::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Benchmark(args) => benchmark::run(&args),
        Command::Teacher(args) => teacher::run(&args),
        Command::Pretrain(args) => pretrain::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Demo(args) => demo::run(&args),
    };
    result.unwrap_or_else(|error| {
        tell!("error: {}", chain(&error));
        ExitCode::FAILURE
    })
}

/// An error and its causes in one line.
fn chain(error: &anyhow::Error) -> String {
    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    texts.join(": ")
}

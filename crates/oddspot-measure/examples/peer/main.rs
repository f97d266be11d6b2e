//! oddspot's side of `benches/peers`: a process that does one work again and again, told by
//! lines on its standard input, so that others can be timed in turn with it.
//!
//! ```text
//! peer WORK FOLDER
//! ```
//!
//! reads `FOLDER/options.json`, prepares the work, writes what the others must be given to do
//! the same (`FOLDER/given.safetensors`), and prints `ready`. Then it answers each line with one:
//!
//! | line | answer |
//! |---|---|
//! | `run` | does the work once; its milliseconds |
//! | `dump FILE` | writes the last outcome as safetensors; `ok` |
//! | `memory` | the largest resident set so far, in MiB |
//! | `peak` | the processor's multiply-adds on registers alone, in GFLOP/s |
//!
//! `RAYON_NUM_THREADS` decides the threads. `peer material FOLDER` writes what the `oddspot`
//! command is measured on, and ends.

mod material;
mod pass;
mod pro;
mod step;
mod student;
mod teacher;
mod tensors;

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use oddspot::files::NamedTensors;
use oddspot_conv::Isa;
use oddspot_conv::peak::best_fma_gflops;
use oddspot_measure::peak_memory;

/// Errors here only have to be told.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Something that can be done again and again.
trait Work {
    /// Does it once. Only this is timed.
    fn run(&mut self) -> Result<()>;

    /// What came of it the last time.
    fn outcome(&self) -> NamedTensors;
}

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, folder] = arguments.as_slice() else {
        return Err("give a work and a folder".into());
    };
    let folder = Path::new(folder);
    let options = std::fs::read_to_string(folder.join("options.json"))?;
    if work == "material" {
        return material::write(&options, folder);
    }
    let mut work = prepare(work, &options, folder)?;
    answer("ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("run", "") => {
                let started = Instant::now();
                work.run()?;
                answer(&format!("{}", 1e3 * started.elapsed().as_secs_f64()))?;
            }
            ("dump", file) => {
                tensors::write(Path::new(file), &work.outcome())?;
                answer("ok")?;
            }
            ("memory", "") => {
                let peak = peak_memory::read().ok_or("the system does not tell peak memory")?;
                answer(&format!("{peak}"))?;
            }
            ("peak", "") => answer(&format!("{}", best_fma_gflops(Isa::detect(), 5)))?,
            _ => return Err(format!("the line '{line}' is not understood").into()),
        }
    }
    Ok(())
}

fn prepare(work: &str, options: &str, folder: &Path) -> Result<Box<dyn Work>> {
    Ok(match work {
        "teacher" => Box::new(teacher::Forward::new(options, folder)?),
        "student" => Box::new(student::Forward::new(options, folder)?),
        "step" => Box::new(step::Training::new(options, folder)?),
        "pro" => Box::new(pro::Measure::new(folder)?),
        _ => return Err(format!("there is no work '{work}'").into()),
    })
}

fn answer(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

//! `oddspot detect`: images in, verdicts and pictures out.

mod finding;
mod input;
mod pictures;
mod results;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::image::decode;

use crate::inspect::four_digits;
use crate::interrupt::INTERRUPTED;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::verdict::VerdictArgs;
use finding::Finding;
use input::{Input, collect};
use pictures::{Pictured, Written};
use results::{Done, Output};

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
    let detector = args.verdict.load(&args.model, &runtime.device)?;
    let inputs = collect(&args.images, &args.output)?;
    ensure!(
        !inputs.is_empty(),
        "there is no image to judge in {}: give images, or folders that hold some",
        listed(&args.images)
    );
    let output = Output::create(&args.output, detector.header(), args.written())?;
    let started = Instant::now();
    let job = Job {
        detector: &detector,
        inputs: &inputs,
        runtime,
        next: AtomicUsize::new(0),
        told: Mutex::new(Told::new(output)),
    };
    // Every thread takes image after image through all steps, so that decoding, networks and
    // pictures of different images overlap. (Not tasks: one could be taken up in the middle of
    // another image.)
    rayon::broadcast(|_| job.work());
    let elapsed = started.elapsed();
    let told = job
        .told
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    told.summarise(inputs.len(), elapsed, args)
}

impl DetectArgs {
    fn written(&self) -> Written {
        Written {
            pictures: !self.no_pictures,
            maps: self.maps,
        }
    }
}

/// The images to judge, shared by all threads.
struct Job<'a> {
    detector: &'a Detector,
    inputs: &'a [Input],
    runtime: &'a Runtime,
    /// The next image that nobody has taken.
    next: AtomicUsize,
    told: Mutex<Told>,
}

impl Job<'_> {
    /// Takes images until there are none left, or somebody says stop.
    fn work(&self) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = self.inputs.get(index) else {
                return;
            };
            if self.runtime.interrupt.flow().is_break() {
                self.told().interrupted = true;
                return;
            }
            let judged = self.judge(input);
            let mut told = self.told();
            told.waiting.insert(index, judged);
            told.tell(self.inputs);
            if told.failure.is_some() {
                return;
            }
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// File to verdict and pictures.
    fn judge(&self, input: &Input) -> Result<Judged> {
        let started = Instant::now();
        let image = match decode(&input.path) {
            Ok(image) => image,
            Err(error) => return Ok(Judged::Skipped(crate::chain(&error.into()))),
        };
        let detection = self.detector.detect(&image)?;
        let pictured = Pictured::new(image, detection, self.detector.header());
        let pictures = self.told().output.pictures();
        let finding = Finding::new(input, &pictured, self.detector.header());
        let files = pictures.write(&input.name, &pictured, &finding)?;
        let latency = started.elapsed();
        Ok(Judged::Done(Box::new(Done {
            finding,
            files,
            latency,
        })))
    }
}

/// What became of an image.
enum Judged {
    Done(Box<Done>),
    Skipped(String),
}

/// What has been told of the images, in their order.
struct Told {
    output: Output,
    /// Images that are done before one that comes earlier.
    waiting: BTreeMap<usize, Result<Judged>>,
    /// Images told of so far: the index of the next.
    count: usize,
    latencies: Vec<Duration>,
    anomalous: usize,
    skipped: usize,
    interrupted: bool,
    failure: Option<anyhow::Error>,
}

impl Told {
    fn new(output: Output) -> Self {
        Self {
            output,
            waiting: BTreeMap::new(),
            count: 0,
            latencies: Vec::new(),
            anomalous: 0,
            skipped: 0,
            interrupted: false,
            failure: None,
        }
    }

    /// Tells of all images that are done up to the first that is not.
    fn tell(&mut self, inputs: &[Input]) {
        while self.failure.is_none()
            && let Some(judged) = self.waiting.remove(&self.count)
        {
            let told = judged.and_then(|judged| self.tell_one(&inputs[self.count], judged));
            self.failure = told.err();
            self.count += 1;
        }
    }

    fn tell_one(&mut self, input: &Input, judged: Judged) -> Result<()> {
        match judged {
            Judged::Done(done) => {
                self.latencies.push(done.latency);
                self.anomalous += usize::from(done.finding.anomalous);
                say!("{}", done.finding.line());
                self.output.result(&done)
            }
            Judged::Skipped(reason) => {
                self.skipped += 1;
                tell!("skipped: {reason}");
                self.output.skipped(input, &reason)
            }
        }
    }

    /// The last lines, and the exit status.
    fn summarise(
        mut self,
        images: usize,
        elapsed: Duration,
        args: &DetectArgs,
    ) -> Result<ExitCode> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let output = args.output.display();
        if self.interrupted {
            tell!("interrupted; the results so far are in {output}");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let (count, skipped) = (self.latencies.len(), self.skipped);
        let threshold = four_digits(self.output.threshold());
        let written = match args.written() {
            _ if count == 0 => "results",
            Written { pictures: true, .. } => "pictures and results",
            Written { maps: true, .. } => "maps and results",
            _ => "results",
        };
        tell!(
            "{images} images: {} anomalous, {} good, {skipped} skipped, at the threshold {threshold}; \
             {written} in {output}",
            self.anomalous,
            count - self.anomalous,
        );
        tell!("{}", describe_cost(&mut self.latencies, elapsed));
        Ok(match self.skipped {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(SOME_SKIPPED),
        })
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

/// Latency percentiles (nearest rank), throughput and peak memory.
fn describe_cost(latencies: &mut [Duration], elapsed: Duration) -> String {
    latencies.sort_unstable();
    let percentile = |p: usize| {
        let rank = (p * latencies.len()).div_ceil(100).max(1) - 1;
        latencies.get(rank).map_or(0.0, |d| 1e3 * d.as_secs_f64())
    };
    let mut text = format!(
        "per image, file to verdict and what is drawn of it: p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms",
        percentile(50),
        percentile(95),
        percentile(99)
    );
    if !latencies.is_empty() {
        let each = 1e3 * elapsed.as_secs_f64() / latencies.len() as f64;
        text += &format!("; {each:.1} ms an image in all");
    }
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

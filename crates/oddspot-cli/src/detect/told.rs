//! What is told of the images, in their order, and in the end of all of them.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use oddspot::verdict::Verdict;
use oddspot_measure::peak_memory;

use super::differing::{Differences, told_first};
use super::done::Done;
use super::input::Input;
use super::page;
use super::pictures::{Pictures, Written};
use super::reporting::{FailOn, Said};
use super::results::{JSON_LINES, Output, Row};
use super::{DetectArgs, IN_NO_FOLDER};
use crate::described::four_digits;
use crate::interrupt::INTERRUPTED;
use crate::printing;
use crate::printing::counted;

/// Exit status when some images could not be judged, or have no pictures.
const SOME_SKIPPED: u8 = 3;
/// Exit status when an image has a verdict that was to be seen by it.
const FAILED: u8 = 4;

/// What became of an image.
pub enum Judged {
    /// It was judged.
    Done(Box<Done>),
    /// It cannot be used, for this reason.
    Skipped(String),
}

/// A file's picture: the only one, or one of its pages or frames.
pub struct Page {
    /// Its number, from 1, of several.
    pub number: Option<usize>,
    /// What became of it.
    pub judged: Judged,
}

/// What became of a file.
pub struct OfFile {
    /// Its pictures.
    pub pages: Vec<Page>,
    /// Whether these are all of them: the user may have asked to stop.
    pub is_whole: bool,
}

impl OfFile {
    /// How many pages or frames it has, of several; None of one that is not known to its end.
    fn total(&self) -> Option<usize> {
        // By the last one's number: some before it may have been told of already.
        let last = self.pages.last().filter(|_| self.is_whole);
        last.and_then(|page| page.number)
    }

    /// All of its pictures.
    pub fn whole(pages: Vec<Page>) -> Self {
        Self {
            pages,
            is_whole: true,
        }
    }
}

/// What has been told of the images.
pub struct Told {
    output: Output,
    said: Said,
    differences: Differences,
    /// Files of which all was told.
    files: usize,
    latencies: Vec<Duration>,
    /// Images of each verdict, in the order of [`Verdict::ALL`].
    verdicts: [usize; Verdict::ALL.len()],
    skipped: usize,
    unaligned: usize,
    unnamed: usize,
    /// Images whose names do not say which part they show.
    without_part: usize,
    failure: Option<anyhow::Error>,
}

impl Told {
    /// Of no image yet.
    pub fn new(output: Output, said: Said, differences: Differences) -> Self {
        Self {
            output,
            said,
            differences,
            files: 0,
            latencies: Vec::new(),
            verdicts: [0; Verdict::ALL.len()],
            skipped: 0,
            unaligned: 0,
            unnamed: 0,
            without_part: 0,
            failure: None,
        }
    }

    /// Tells of the next file; breaks where there is no going on.
    pub fn tell(&mut self, input: &Input, judged: Result<OfFile>) -> ControlFlow<()> {
        let told = judged.and_then(|file| {
            self.files += usize::from(file.is_whole);
            file.pages.iter().try_for_each(|page| {
                let input = &input.page(page.number, file.total());
                match &page.judged {
                    Judged::Done(done) => self.done(input, done),
                    Judged::Skipped(reason) => self.skipped(input, reason),
                }
            })
        });
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                self.failure = Some(failure);
                ControlFlow::Break(())
            }
        }
    }

    fn done(&mut self, input: &Input, done: &Done) -> Result<()> {
        self.latencies.push(done.latency);
        self.verdicts[done.finding.verdict as usize] += 1;
        let differs = self.differences.note(&input.image(), &done.kind);
        self.unaligned += usize::from(done.finding.unaligned().is_some());
        if self.said == Said::Words {
            let first = told_first(&differs, done.finding.verdict);
            let line = done.finding.line_after(&input.image(), first.as_deref());
            match self.output.keeps() {
                true => say!("{line}"),
                false => printing::answer(&line)?,
            }
        }
        if let Some(reason) = &done.unnamed {
            self.unnamed += 1;
            tell!("without pictures: {}: {reason}", input.image());
        }
        let differs: Vec<String> = differs.into_iter().map(|one| one.words).collect();
        let row = self.output.result(input, done, &differs)?;
        self.print(&row)
    }

    fn skipped(&mut self, input: &Input, reason: &str) -> Result<()> {
        self.skipped += 1;
        tell!("skipped: {reason}");
        let row = self.output.skipped(input, reason)?;
        self.print(&row)
    }

    fn print(&mut self, row: &Row) -> Result<()> {
        self.without_part += usize::from(self.output.has_parts() && !row.has_part);
        if self.said == Said::Json {
            printing::result(&row.line).context("cannot print results")?;
        }
        Ok(())
    }

    /// How to write pictures, for any thread; None where there is no place for them.
    pub fn pictures(&self) -> Option<Pictures> {
        self.output.pictures()
    }

    /// After what there was no going on, if anything.
    ///
    /// # Errors
    /// That.
    pub fn check(&mut self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// The last lines, and the exit status.
    ///
    /// # Errors
    /// What there was no going on after.
    pub fn summarise(
        mut self,
        files: usize,
        elapsed: Duration,
        args: &DetectArgs,
    ) -> Result<ExitCode> {
        self.check()?;
        let output = match &args.output {
            Some(output) => {
                page::write(output, JSON_LINES, &args.model, None)?;
                output.display().to_string()
            }
            None => IN_NO_FOLDER.to_owned(),
        };
        if self.files < files {
            tell!("interrupted; the results so far are in {output}");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let voice = args.judging.voice();
        note!(
            voice,
            "{}",
            self.counts(args.output.as_deref(), args.judging.written())
        );
        for line in self.warnings() {
            tell!("{line}");
        }
        if !self.latencies.is_empty() {
            note!(voice, "{}", describe_cost(&mut self.latencies, elapsed));
        }
        Ok(ExitCode::from(self.status(&args.fail_on)))
    }

    /// How many images there are of each verdict, and where the results are.
    pub fn counts(&self, output: Option<&Path>, written: Written) -> String {
        let (count, skipped) = (self.latencies.len(), self.skipped);
        let images = count + skipped;
        let [threshold, check] = self.output.thresholds().map(four_digits);
        let written = match written {
            _ if count == 0 => "results",
            Written { pictures: true, .. } => "pictures and results",
            Written { maps: true, .. } => "maps and results",
            _ => "results",
        };
        let written = match output {
            None => IN_NO_FOLDER.to_owned(),
            Some(output) if page::is_written(output) => {
                format!("{written} in {0}: open index.html there", output.display())
            }
            Some(output) => format!("{written} in {}", output.display()),
        };
        let [good, to_check, anomalous, untrusted] = self.verdicts;
        format!(
            "{}: {anomalous} anomalous, {to_check} to check, {untrusted} untrusted, {good} good, {skipped} skipped, \
             at the thresholds {threshold} and {check}; {written}",
            counted(images, "image")
        )
    }

    /// What may be wrong with the images, or with what was asked for.
    pub fn warnings(&self) -> Vec<String> {
        let count = self.latencies.len();
        let mut lines = self.differences.told(count);
        lines.extend(match self.unaligned {
            0 => None,
            1 => Some("warning: 1 image could not be aligned: look at it yourself".to_owned()),
            more => Some(format!(
                "warning: {more} images could not be aligned: look at them yourself"
            )),
        });
        if self.without_part > 0 {
            lines.push(format!(
                "warning: the names of {} of {} images say no part by --part-id",
                self.without_part,
                count + self.skipped
            ));
        }
        lines
    }

    /// The exit status. A verdict that was to be seen by it is seen first.
    fn status(&self, fail_on: &[FailOn]) -> u8 {
        let is_met = |(&verdict, &count): (&Verdict, &usize)| {
            count > 0 && fail_on.iter().any(|one| one.is_met_by(verdict))
        };
        match self.skipped + self.unnamed {
            _ if Verdict::ALL.iter().zip(&self.verdicts).any(is_met) => FAILED,
            0 => 0,
            _ => SOME_SKIPPED,
        }
    }
}

/// Latency percentiles (nearest rank), throughput and peak memory of some images.
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
    let each = 1e3 * elapsed.as_secs_f64() / latencies.len() as f64;
    text += &format!("; {each:.1} ms an image in all");
    if let Some(mib) = peak_memory::read() {
        text += &format!("; peak memory {mib:.0} MiB");
    }
    text
}

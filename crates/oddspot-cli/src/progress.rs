//! Progress on standard error: a bar at a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::voice::Voice;

/// A plain line at most this often.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The same warning at most this often.
const WARNING_EVERY: Duration = Duration::from_secs(60);

/// What is said of a closed-form term that learns, and of the parts of its work.
pub const FITTING: (&str, &str) = ("learning what is usual", "parts");

/// Progress of one phase of work over a known number of items.
pub struct Progress {
    bar: ProgressBar,
    voice: Voice,
    label: &'static str,
    unit: &'static str,
    first: u64,
    started: Instant,
    last_line: Option<Instant>,
}

impl Progress {
    /// Begins a phase: `label` names it, `unit` its items; `done` of `total` lie behind it.
    pub fn new(
        voice: Voice,
        (label, unit): (&'static str, &'static str),
        (done, total): (usize, usize),
    ) -> Self {
        let target = match voice.tells() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template =
            format!("{label} {{bar:24}} {{pos}}/{{len}} {{rate}} {unit}/s {{eta}} left {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.with_key(
                "rate",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    // Writing to a bar's line does not fail.
                    let _ = write!(out, "{:.1}", state.per_sec());
                },
            ));
        }
        bar.set_position(done as u64);
        bar.reset_eta();
        Self {
            bar,
            voice,
            label,
            unit,
            first: done as u64,
            started: Instant::now(),
            last_line: None,
        }
    }

    /// Tells that `done` items are done, with a note on the last one.
    pub fn set(&mut self, done: usize, note: impl FnOnce() -> String) {
        if !self.voice.tells() {
            return;
        }
        let total = self.bar.length().unwrap_or(0);
        if self.bar.is_hidden() {
            let due = self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY);
            if due || done as u64 == total {
                self.last_line = Some(Instant::now());
                tell!("{}", self.line(done as u64, total, &note()));
            }
        } else {
            self.bar.set_message(note());
            self.bar.set_position(done as u64);
        }
    }

    fn line(&self, done: u64, total: u64, note: &str) -> String {
        let Self { label, unit, .. } = self;
        let seconds = self.started.elapsed().as_secs_f64();
        let mut line = format!("{label} {done}/{total}");
        // The first item's time is not known yet when it is told at once.
        if seconds > 0.1 {
            let rate = (done - self.first) as f64 / seconds;
            let left = (total - done) as f64 / rate.max(1e-9);
            line += &format!(", {rate:.1} {unit}/s, {left:.0} s left");
        }
        format!("{line} {note}").trim_end().to_owned()
    }

    /// Tells of something else above the bar.
    pub fn aside(&self, tell: impl FnOnce()) {
        self.bar.suspend(tell);
    }

    /// Ends the phase and leaves its bar in view.
    pub fn finish(self) {
        self.bar.abandon();
    }
}

/// The bar of the phase that goes on, of work on images in several phases.
pub struct Phases {
    voice: Voice,
    shown: Option<([&'static str; 2], Progress)>,
}

impl Phases {
    /// Of no phase yet.
    pub fn new(voice: Voice) -> Self {
        Self { voice, shown: None }
    }

    /// Shows how far a phase is; another label ends the one before.
    pub fn show(&mut self, label: &'static str, done: usize, total: usize) {
        self.show_of([label, ""], "images", (done, total));
    }

    /// Shows how far a closed-form term is; another ends the one before.
    pub fn fitting(&mut self, term: &'static str, done: usize, total: usize) {
        let (label, unit) = FITTING;
        self.show_of([label, term], unit, (done, total));
    }

    fn show_of(
        &mut self,
        phase: [&'static str; 2],
        unit: &'static str,
        (done, total): (usize, usize),
    ) {
        let is_other = |(shown, _): &([&str; 2], Progress)| *shown != phase;
        if self.shown.as_ref().is_none_or(is_other) {
            self.finish();
            let bar = Progress::new(self.voice, (phase[0], unit), (0, total));
            self.shown = Some((phase, bar));
        }
        if let Some((_, bar)) = &mut self.shown {
            bar.set(done, String::new);
        }
    }

    /// Ends the phase and leaves its bar in view.
    pub fn finish(&mut self) {
        if let Some((_, bar)) = self.shown.take() {
            bar.finish();
        }
    }
}

/// A warning that may be due again and again, and is told now and then.
#[derive(Default)]
pub struct Warning(Option<Instant>);

impl Warning {
    /// Tells it above a bar, unless it was told a little while ago.
    pub fn tell(&mut self, bar: Option<&Progress>, text: impl FnOnce() -> String) {
        if self.0.is_some_and(|at| at.elapsed() < WARNING_EVERY) {
            return;
        }
        self.0 = Some(Instant::now());
        let tell = || tell!("warning: {}", text());
        match bar {
            Some(bar) => bar.aside(tell),
            None => tell(),
        }
    }
}

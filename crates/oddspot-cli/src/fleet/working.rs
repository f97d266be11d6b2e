//! A process's share of a fleet, part by part: what is finished is left, what fails is noted, and the others go on.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use oddspot::ErrorKind;
use oddspot::files::atomic;
use oddspot::files::lock::Hold;

use super::job::{FleetArgs, Job};
use super::kinds::{Kind, make_folder};
use super::parts::{Part, parts};
use super::record::{Record, State, record_file};
use crate::advice;
use crate::interrupt::INTERRUPTED;
use crate::printing::{self, counted};
use crate::runtime::Runtime;
use crate::voice::Voice;

/// The exit status where a part failed, or something of it could not be used.
const SOME_FAILED: u8 = 3;
/// How long it is until another run's part is looked at again.
const PATIENCE: Duration = Duration::from_secs(1);

/// What became of a part.
enum Outcome {
    /// It was done now, with this exit status.
    Done(u8),
    /// It was finished already.
    Before(u8),
    /// It failed, and was told of.
    Failed,
    /// Another run is at it.
    Busy,
    /// The user has asked to stop.
    Interrupted,
}

/// Parts of each outcome.
#[derive(Default)]
struct Counts {
    done: usize,
    before: usize,
    failed: Vec<String>,
    /// Parts that ended with a status of their own.
    warned: Vec<String>,
}

/// Runs a command on what it is to work on.
///
/// # Errors
/// Those of the command; a manifest that needs mending.
pub fn run<A: Kind>(job: &Job<A>, one: impl FnOnce(&A) -> Result<ExitCode>) -> Result<ExitCode> {
    match job {
        Job::One(args) => one(args),
        Job::Fleet(fleet) => work::<A>(fleet),
    }
}

/// Works on a share of a manifest's parts.
///
/// # Errors
/// A manifest that needs mending.
fn work<A: Kind>(fleet: &FleetArgs) -> Result<ExitCode> {
    let all = parts::<A>(fleet)?;
    let total = all.len();
    let share = all.into_iter().enumerate();
    let share = share.filter(|(row, _)| fleet.shard.has(*row));
    let mut waiting: Vec<Part<A>> = share.map(|(_, part)| part).collect();
    if fleet.lists {
        for part in &waiting {
            say!("{}", part.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let voice = fleet.voice();
    let Some(first) = waiting.first() else {
        note!(
            voice,
            "shard {} of {} has nothing to do",
            fleet.shard,
            counted(total, "part")
        );
        return Ok(ExitCode::SUCCESS);
    };
    let runtime = first.args.runtime().open()?;
    note!(
        voice,
        "{}, shard {}: {} of {total}",
        A::COMMAND,
        fleet.shard,
        counted(waiting.len(), "part")
    );
    let mut counts = Counts::default();
    let mut told = false;
    loop {
        let mut busy = Vec::new();
        for part in waiting {
            let outcome = attempt(&part, &runtime, voice);
            if matches!(outcome, Outcome::Busy) {
                busy.push(part);
            } else if counts.count(&part.name, &outcome).is_break() {
                tell!("what is finished is kept, and the same command goes on where it was");
                return Ok(ExitCode::from(INTERRUPTED));
            }
        }
        if busy.is_empty() {
            break;
        }
        if !told {
            told = true;
            for part in &busy {
                note!(
                    voice,
                    "{}: another run is at it; its end is waited for",
                    part.name
                );
            }
        }
        if wait(&runtime).is_break() {
            tell!("interrupted while waiting for another run");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        waiting = busy;
    }
    Ok(counts.end(&fleet.shard.to_string(), voice))
}

fn wait(runtime: &Runtime) -> ControlFlow<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        runtime.interrupt.flow()?;
        sleep(PATIENCE / 10);
    }
    runtime.interrupt.flow()
}

impl Counts {
    /// Counts a part; breaks if the user has asked to stop.
    fn count(&mut self, name: &str, outcome: &Outcome) -> ControlFlow<()> {
        match outcome {
            Outcome::Done(status) => {
                self.done += 1;
                self.warned.extend((*status != 0).then(|| name.to_owned()));
            }
            Outcome::Before(status) => {
                self.before += 1;
                self.warned.extend((*status != 0).then(|| name.to_owned()));
            }
            Outcome::Failed => self.failed.push(name.to_owned()),
            Outcome::Busy => {}
            Outcome::Interrupted => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    /// Tells what came of all, and gives the exit status.
    fn end(&self, shard: &str, voice: Voice) -> ExitCode {
        let Self {
            done,
            before,
            failed,
            warned,
        } = self;
        note!(
            voice,
            "shard {shard}: {done} done, {before} finished before, {} failed",
            failed.len()
        );
        if !failed.is_empty() {
            tell!("failed: {}", failed.join(", "));
        }
        if !warned.is_empty() {
            tell!("not all images could be used: {}", warned.join(", "));
        }
        match failed.is_empty() && warned.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(SOME_FAILED),
        }
    }
}

/// Does a part unless it is finished, and tells what came of it.
fn attempt<A: Kind>(part: &Part<A>, runtime: &Runtime, voice: Voice) -> Outcome {
    if runtime.interrupt.flow().is_break() {
        return Outcome::Interrupted;
    }
    let attempted = held(part).and_then(|hold| match hold {
        None => Ok(Outcome::Busy),
        Some(_hold) => make(part, runtime, voice),
    });
    attempted.unwrap_or_else(|error| {
        printing::error(&format!("{}: {}", part.name, advice::said(&error)));
        Outcome::Failed
    })
}

/// Takes hold of a part; None if another run has it.
fn held<A: Kind>(part: &Part<A>) -> Result<Option<Hold>> {
    make_folder(&part.folder)?;
    let record = record_file(&part.folder, A::COMMAND);
    match Hold::take(&record) {
        Ok(hold) => {
            atomic::remove_leftovers(&record);
            Ok(Some(hold))
        }
        Err(error) if error.kind() == ErrorKind::Mismatch => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Does a part that is this run's own, unless it is finished.
fn make<A: Kind>(part: &Part<A>, runtime: &Runtime, voice: Voice) -> Result<Outcome> {
    let before = Record::read(&part.folder, A::COMMAND);
    let mut record = Record {
        oddspot: env!("CARGO_PKG_VERSION").to_owned(),
        settings: part.settings.clone(),
        inputs: None,
        state: State::Begun,
    };
    let made = remade(part, before, &mut record, (runtime, voice));
    if let Err(error) = &made {
        record.state = State::Failed {
            reason: advice::said(error),
        };
        record.write(&part.folder, A::COMMAND)?;
    }
    made
}

/// The same; the record says of what and how far it came.
fn remade<A: Kind>(
    part: &Part<A>,
    before: Option<Record>,
    record: &mut Record,
    (runtime, voice): (&Runtime, Voice),
) -> Result<Outcome> {
    let name = &part.name;
    let files = part.inputs()?;
    let same_settings = before
        .as_ref()
        .is_some_and(|one| one.settings == record.settings);
    let (inputs, state) = before.map_or((None, None), |one| (one.inputs, Some(one.state)));
    let known = match &inputs {
        Some(inputs) => files.seen_again(inputs)?,
        None => None,
    };
    let same = same_settings && known.is_some();
    if let Some(State::Done { status, seconds }) = state {
        if same && part.is_there() {
            // So that files that were only touched are not read again the next time.
            record.inputs = known;
            record.state = State::Done { status, seconds };
            if record.inputs != inputs {
                record.write(&part.folder, A::COMMAND)?;
            }
            note!(voice, "{name}: finished before");
            return Ok(Outcome::Before(status));
        }
        let why = match (same_settings, same) {
            (false, _) => "with other settings",
            (true, false) => "from other files",
            (true, true) => "and what it wrote is gone",
        };
        note!(voice, "{name}: finished before {why}; it is done again");
    } else {
        note!(voice, "{name}: {}", A::COMMAND);
    }
    record.inputs = match known {
        Some(known) => Some(known),
        None => Some(files.now()?),
    };
    record.write(&part.folder, A::COMMAND)?;
    let started = Instant::now();
    let status = part.args.work(part.place(), same, runtime)?;
    if status == ExitCode::from(INTERRUPTED) {
        return Ok(Outcome::Interrupted);
    }
    let status = match status == ExitCode::SUCCESS {
        true => 0,
        false => SOME_FAILED,
    };
    let seconds = started.elapsed().as_secs_f64();
    record.state = State::Done { status, seconds };
    record.write(&part.folder, A::COMMAND)?;
    note!(voice, "{name}: done in {seconds:.1} s");
    Ok(Outcome::Done(status))
}

//! Hooks: each result is handed on, in order and even if it takes until after a restart.

mod exec;
mod log;
mod post;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use oddspot::verdict::Verdict;
use serde::Deserialize;

use exec::Exec;
use log::Log;
use post::Post;

/// Hooks for results.
#[derive(Args, Clone)]
pub struct HookArgs {
    /// Run this program for each result, as PROGRAM VERDICT IMAGE, with its line of results.jsonl on standard input
    #[arg(long, value_name = "PROGRAM")]
    pub exec: Option<PathBuf>,
    /// Send each result's line of results.jsonl to this address, by POST; until the server takes it
    #[arg(long, value_name = "URL", value_parser = Post::check)]
    pub post: Option<String>,
    /// Results that hooks are for: good, check, anomalous, untrusted, skipped, or several with commas [default: all]
    #[arg(long, value_name = "VERDICT", value_delimiter = ',', value_parser = known_verdict)]
    pub hook_on: Vec<String>,
    /// Seconds that a hook may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub hook_timeout: u64,
}

/// What is said of an image that could not be judged.
const SKIPPED: &str = "skipped";

fn known_verdict(word: &str) -> Result<String, String> {
    let verdicts = Verdict::ALL.map(Verdict::word);
    match verdicts.contains(&word) || word == SKIPPED {
        true => Ok(word.to_owned()),
        false => Err("give good, check, anomalous, untrusted or skipped".to_owned()),
    }
}

/// What a hook is told of an image.
struct Message<'a> {
    /// Its verdict's word, or "skipped".
    verdict: &'a str,
    image: &'a str,
    /// Its line of results.jsonl.
    line: &'a str,
}

/// How a message was taken.
enum Taken {
    /// It is done with.
    Done,
    /// It is done with, but something was wrong that another attempt would not help.
    Lost(String),
    /// It may be taken later.
    Later(String),
}

/// Who messages go to.
trait Receiver: Send {
    /// What it is called.
    fn name(&self) -> String;
    /// Hands a message on.
    fn hand_on(&mut self, message: &Message) -> Taken;
}

/// The hooks of a run.
pub struct Hooks(Vec<Hook>);

/// A thread that hands results on.
struct Hook {
    wake: Sender<()>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Hooks {
    /// Starts them, for the results under an output folder. What lies there already was handed on, or came before there
    /// was a hook.
    ///
    /// # Errors
    /// Results that cannot be read; threads that the system does not give.
    pub fn start(args: &HookArgs, output: &Path) -> Result<Self> {
        let timeout = Duration::from_secs(args.hook_timeout);
        let mut receivers: Vec<(&str, Box<dyn Receiver>)> = Vec::new();
        if let Some(program) = &args.exec {
            receivers.push(("exec", Box::new(Exec::new(program, timeout)?)));
        }
        if let Some(url) = &args.post {
            receivers.push(("post", Box::new(Post::new(url, timeout))));
        }
        let hooks = receivers.into_iter().map(|(kind, receiver)| {
            Hook::start(Log::open(output, kind)?, receiver, args.hook_on.clone())
        });
        Ok(Self(hooks.collect::<Result<_>>()?))
    }

    /// Tells them that there are new results.
    pub fn wake(&self) {
        for hook in &self.0 {
            // One that has ended has said why.
            hook.wake.send(()).ok();
        }
    }

    /// Ends them once the results so far are handed on, or soon if that cannot be.
    pub fn end(self) {
        for hook in self.0 {
            hook.stop.store(true, Ordering::SeqCst);
            hook.wake.send(()).ok();
            hook.thread.join().ok();
        }
    }
}

impl Hook {
    fn start(log: Log, receiver: Box<dyn Receiver>, on: Vec<String>) -> Result<Self> {
        let (wake, woken) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let mut courier = Courier {
            log,
            receiver,
            on,
            failures: 0,
        };
        let stopping = Arc::clone(&stop);
        let work = move || {
            let mut stopped_at: Option<Instant> = None;
            loop {
                let pause = match courier.hand_on() {
                    Ok(pause) => pause,
                    Err(error) => {
                        tell!(
                            "warning: {error:#}: results are handed on no more until the next start"
                        );
                        return;
                    }
                };
                if stopping.load(Ordering::SeqCst) {
                    let since = *stopped_at.get_or_insert_with(Instant::now);
                    if pause.is_some() || since.elapsed() > AT_THE_END {
                        return;
                    }
                }
                match pause.map(|pause| woken.recv_timeout(pause)) {
                    None | Some(Ok(()) | Err(RecvTimeoutError::Timeout)) => {}
                    Some(Err(RecvTimeoutError::Disconnected)) => return,
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("hook".to_owned())
            .spawn(work)
            .context("cannot start a hook")?;
        Ok(Self { wake, stop, thread })
    }
}

/// How long results are still handed on when the program is to end.
const AT_THE_END: Duration = Duration::from_secs(5);
/// Between two looks for results that nobody told of.
const IDLE: Duration = Duration::from_secs(5);
/// Between attempts, at most.
const LONGEST: Duration = Duration::from_secs(30);

/// Who hands results on.
struct Courier {
    log: Log,
    receiver: Box<dyn Receiver>,
    /// Verdicts that it is for; none for all.
    on: Vec<String>,
    /// Attempts at the next result that failed.
    failures: u32,
}

/// What a line of results says of its image.
#[derive(Deserialize)]
struct Line {
    image: String,
    verdict: Option<String>,
}

impl Courier {
    /// Hands the next result on, and says how long to wait before the one after it.
    fn hand_on(&mut self) -> Result<Option<Duration>> {
        let Some(line) = self.log.next()? else {
            return Ok(Some(IDLE));
        };
        // Half a line of a run that was killed is no result.
        if let Ok(Line { image, verdict }) = serde_json::from_str(&line) {
            let verdict = verdict.as_deref().unwrap_or(SKIPPED);
            let is_for = self.on.is_empty() || self.on.iter().any(|one| one == verdict);
            let message = Message {
                verdict,
                image: &image,
                line: &line,
            };
            let taken = match is_for {
                true => self.receiver.hand_on(&message),
                false => Taken::Done,
            };
            let name = self.receiver.name();
            match taken {
                Taken::Later(reason) => {
                    if self.failures == 0 {
                        tell!(
                            "warning: {name} does not take {image} ({reason}): it is tried again until it does"
                        );
                    }
                    self.failures += 1;
                    let pause = Duration::from_millis(500) * 2_u32.pow(self.failures.min(8));
                    return Ok(Some(pause.min(LONGEST)));
                }
                Taken::Lost(reason) => tell!("warning: {name} did not take {image}: {reason}"),
                Taken::Done if self.failures > 0 => tell!("{name} takes results again"),
                Taken::Done => {}
            }
        }
        self.failures = 0;
        self.log.done()?;
        Ok(None)
    }
}

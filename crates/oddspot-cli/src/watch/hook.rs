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

use anyhow::{Context, Result, ensure};
use clap::Args;
use oddspot::verdict::Verdict;

use crate::detect::line::ResultLine;
use crate::printing::counted;
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
    /// Hand on only what is judged from now on, not what a run before left
    #[arg(long)]
    pub hook_new_only: bool,
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
enum Outcome {
    /// It is done with.
    Done,
    /// It is done with, but something was wrong that another attempt would not help.
    Lost(String),
    /// It may be taken later.
    Later(String),
}

/// Who messages go to.
trait Recipient: Send {
    /// What it is called.
    fn name(&self) -> String;
    /// Hands a message on.
    fn hand_on(&mut self, message: &Message) -> Outcome;
}

/// How long results are still handed on when the program is to end.
const AT_THE_END: Duration = Duration::from_secs(5);
/// Between two looks for results that nobody told of.
const IDLE: Duration = Duration::from_secs(5);
/// Between attempts, at most.
const LONGEST: Duration = Duration::from_secs(30);
/// Between two looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Whether the program is to end.
type Stop = Arc<AtomicBool>;

/// The hooks of a run.
pub struct Hooks {
    hooks: Vec<Hook>,
    stop: Stop,
}

/// A thread that hands results on.
struct Hook {
    wake: Sender<()>,
    thread: JoinHandle<()>,
}

impl Hooks {
    /// Starts them, for the results under an output folder: from where the same kind of hook was left, or from the end
    /// where there was none.
    ///
    /// # Errors
    /// Results that cannot be read; threads that the system does not give.
    pub fn start(args: &HookArgs, output: &Path, tells: bool) -> Result<Self> {
        let has_none = args.exec.is_none() && args.post.is_none();
        ensure!(
            !has_none || (args.hook_on.is_empty() && !args.hook_new_only),
            "there is no hook: --hook-on and --hook-new-only need --exec PROGRAM or --post URL"
        );
        let timeout = Duration::from_secs(args.hook_timeout);
        let stop = Stop::default();
        let mut recipients: Vec<(&str, Box<dyn Recipient>)> = Vec::new();
        if let Some(program) = &args.exec {
            let exec = Exec::new(program, timeout, Arc::clone(&stop))?;
            recipients.push(("exec", Box::new(exec)));
        }
        if let Some(url) = &args.post {
            recipients.push(("post", Box::new(Post::new(url, timeout))));
        }
        let hooks = recipients.into_iter().map(|(kind, recipient)| {
            let log = Log::open(output, kind, args.hook_new_only)?;
            let left = log.left()?;
            if left > 0 && tells {
                tell!(
                    "{} of before: handed on to {} now",
                    counted(left, "result"),
                    recipient.name()
                );
            }
            let courier = Courier {
                log,
                recipient,
                on: args.hook_on.clone(),
                failures: 0,
            };
            Hook::start(courier, Arc::clone(&stop))
        });
        Ok(Self {
            hooks: hooks.collect::<Result<_>>()?,
            stop,
        })
    }

    /// Tells them that there are new results.
    pub fn wake(&self) {
        for hook in &self.hooks {
            hook.wake.send(()).ok();
        }
    }

    /// Ends them once the results so far are handed on, or soon if that cannot be: what is left is handed on by the next
    /// run.
    pub fn end(self) {
        self.wake();
        let until = Instant::now() + AT_THE_END;
        self.stop.store(true, Ordering::SeqCst);
        while Instant::now() < until + 5 * LOOK
            && self.hooks.iter().any(|hook| !hook.thread.is_finished())
        {
            std::thread::sleep(LOOK);
        }
    }
}

impl Hook {
    fn start(mut courier: Courier, stop: Stop) -> Result<Self> {
        let (wake, woken) = channel();
        let work = move || {
            let mut stopped_at: Option<Instant> = None;
            loop {
                let pause = courier.go_on();
                if stop.load(Ordering::SeqCst) {
                    let since = *stopped_at.get_or_insert_with(Instant::now);
                    if pause != Pause::None || since.elapsed() > AT_THE_END {
                        return;
                    }
                }
                match pause {
                    Pause::None => {}
                    Pause::UntilNews => {
                        if woken.recv_timeout(IDLE) == Err(RecvTimeoutError::Disconnected) {
                            return;
                        }
                    }
                    // News do not help who does not take the news before them.
                    Pause::For(pause) => {
                        let until = Instant::now() + pause;
                        while Instant::now() < until && !stop.load(Ordering::SeqCst) {
                            std::thread::sleep(LOOK);
                        }
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("hook".to_owned())
            .spawn(work)
            .context("cannot start a hook")?;
        Ok(Self { wake, thread })
    }
}

/// What comes before the next result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    None,
    UntilNews,
    For(Duration),
}

/// Who hands results on.
struct Courier {
    log: Log,
    recipient: Box<dyn Recipient>,
    /// Verdicts that it is for; none for all.
    on: Vec<String>,
    /// Attempts at the next result that failed.
    failures: u32,
}

impl Courier {
    /// Hands the next result on.
    fn go_on(&mut self) -> Pause {
        match self.hand_on() {
            Ok(pause) => pause,
            Err(error) => self.fail(&format!("results cannot be handed on ({error:#})")),
        }
    }

    fn hand_on(&mut self) -> Result<Pause> {
        let Some(line) = self.log.next()? else {
            return Ok(Pause::UntilNews);
        };
        // Half a line of a run that was killed is no result.
        if let Ok(ResultLine { image, verdict, .. }) = serde_json::from_str(&line) {
            let verdict = verdict.as_deref().unwrap_or(SKIPPED);
            let is_for = self.on.is_empty() || self.on.iter().any(|one| one == verdict);
            let message = Message {
                verdict,
                image: &image,
                line: &line,
            };
            let outcome = match is_for {
                true => self.recipient.hand_on(&message),
                false => Outcome::Done,
            };
            let name = self.recipient.name();
            match outcome {
                Outcome::Later(reason) => {
                    return Ok(self.fail(&format!("{name} does not take {image} ({reason})")));
                }
                Outcome::Lost(reason) => tell!("warning: {name} did not take {image}: {reason}"),
                Outcome::Done => {}
            }
            if self.failures > 0 {
                tell!("warning: {name} takes results again");
            }
        }
        self.log.done()?;
        self.failures = 0;
        Ok(Pause::None)
    }

    /// Tells of the first failure of some, and says when to try again.
    fn fail(&mut self, words: &str) -> Pause {
        if self.failures == 0 {
            tell!("warning: {words}: it is tried again until it works");
        }
        self.failures += 1;
        let pause = Duration::from_millis(500) * 2_u32.pow(self.failures.min(8));
        Pause::For(pause.min(LONGEST))
    }
}

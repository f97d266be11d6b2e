//! A program that is run for each result.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{AT_THE_END, Message, Outcome, Recipient, Stop};

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// The program.
pub struct Exec {
    program: PathBuf,
    timeout: Duration,
    stop: Stop,
}

/// How a run ended.
enum Ended {
    Itself(ExitStatus),
    TookTooLong,
    Stopped,
}

impl Exec {
    /// By its path, or by its name alone where the system looks for programs.
    ///
    /// # Errors
    /// A path at which there is no program.
    pub fn new(program: &Path, timeout: Duration, stop: Stop) -> Result<Self> {
        let is_a_name = program.components().count() == 1;
        ensure!(
            is_a_name || is_program(program),
            "--exec {}: there is no such program, or it may not be run; options of its own go into a script that \
             calls it",
            program.display()
        );
        Ok(Self {
            program: program.to_owned(),
            timeout,
            stop,
        })
    }

    fn start(&self, message: &Message) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args([message.verdict, message.image])
            .stdin(Stdio::piped())
            // Standard output is for verdicts.
            .stdout(std::io::stderr());
        // Ctrl-C is not meant for it, and what it has started ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }

    fn wait(&self, child: &mut Child) -> std::io::Result<Ended> {
        let until = Instant::now() + self.timeout;
        let mut stopped_at = None;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Ended::Itself(status));
            }
            let now = Instant::now();
            if self.stop.load(Ordering::SeqCst) {
                stopped_at.get_or_insert(now);
            }
            let is_stopped = stopped_at.is_some_and(|at| now - at >= AT_THE_END);
            if now >= until || is_stopped {
                end(child)?;
                return Ok(match is_stopped {
                    true => Ended::Stopped,
                    false => Ended::TookTooLong,
                });
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Ends a program and what it has started.
fn end(child: &mut Child) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;
        // Where it has just ended, there is no group any more.
        killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).ok();
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

impl Recipient for Exec {
    fn name(&self) -> String {
        self.program.display().to_string()
    }

    fn hand_on(&mut self, message: &Message) -> Outcome {
        let mut child = match self.start(message) {
            Ok(child) => child,
            // It may just be replaced.
            Err(error) => return Outcome::Later(format!("it cannot be run: {error}")),
        };
        if let Some(mut input) = child.stdin.take() {
            // In a thread of its own: a program that does not read it may have no use for it.
            let line = format!("{}\n", message.line);
            std::thread::spawn(move || input.write_all(line.as_bytes()));
        }
        let is_stopping = || self.stop.load(Ordering::SeqCst);
        match self.wait(&mut child) {
            Ok(Ended::Itself(status)) if status.success() => Outcome::Done,
            // A service that is stopped may end it too.
            Ok(Ended::Itself(status)) if status.code().is_none() && is_stopping() => {
                Outcome::Later(status.to_string())
            }
            Ok(Ended::Itself(status)) => Outcome::Lost(status.to_string()),
            Ok(Ended::TookTooLong) => Outcome::Lost(format!(
                "it took longer than {} s and was ended",
                self.timeout.as_secs()
            )),
            Ok(Ended::Stopped) => Outcome::Later("it was ended with the program".to_owned()),
            Err(error) => Outcome::Lost(error.to_string()),
        }
    }
}

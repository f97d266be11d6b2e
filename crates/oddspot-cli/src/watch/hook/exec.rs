//! A program that is run for each result.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Message, Receiver, Taken};

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// The program.
pub struct Exec {
    program: PathBuf,
    timeout: Duration,
}

impl Exec {
    /// By its path, or by its name alone where the system looks for programs.
    ///
    /// # Errors
    /// A path at which there is no file.
    pub fn new(program: &Path, timeout: Duration) -> Result<Self> {
        let is_a_name = program.components().count() == 1;
        ensure!(
            is_a_name || program.is_file(),
            "--exec {}: there is no such program",
            program.display()
        );
        Ok(Self {
            program: program.to_owned(),
            timeout,
        })
    }

    fn start(&self, message: &Message) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args([message.verdict, message.image])
            .stdin(Stdio::piped())
            // Standard output is for verdicts.
            .stdout(std::io::stderr())
            .spawn()
    }

    /// How it ended; None of one that took too long.
    fn wait(&self, child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
        let until = Instant::now() + self.timeout;
        loop {
            match child.try_wait()? {
                Some(status) => return Ok(Some(status)),
                None if Instant::now() >= until => {
                    child.kill()?;
                    child.wait()?;
                    return Ok(None);
                }
                None => std::thread::sleep(LOOK),
            }
        }
    }
}

impl Receiver for Exec {
    fn name(&self) -> String {
        self.program.display().to_string()
    }

    fn hand_on(&mut self, message: &Message) -> Taken {
        let mut child = match self.start(message) {
            Ok(child) => child,
            Err(error) => return Taken::Lost(format!("it cannot be run: {error}")),
        };
        if let Some(mut input) = child.stdin.take() {
            // In a thread of its own: a program that does not read it may have no use for it.
            let line = format!("{}\n", message.line);
            std::thread::spawn(move || input.write_all(line.as_bytes()));
        }
        match self.wait(&mut child) {
            Ok(Some(status)) if status.success() => Taken::Done,
            Ok(Some(status)) => Taken::Lost(status.to_string()),
            Ok(None) => Taken::Lost(format!(
                "it took longer than {} s and was ended",
                self.timeout.as_secs()
            )),
            Err(error) => Taken::Lost(error.to_string()),
        }
    }
}

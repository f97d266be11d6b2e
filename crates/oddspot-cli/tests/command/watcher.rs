//! A run of `watch`, its results, and its end.

#![cfg(unix)]

use std::cell::RefCell;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::detection::lines;
use crate::world::{Run, World};

/// How long something may take before a test gives it up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A run of `watch` that goes on.
pub struct Watching<'a> {
    world: &'a World,
    child: RefCell<Option<Child>>,
}

impl<'a> Watching<'a> {
    pub fn start(world: &'a World, options: &str) -> Self {
        let arguments = format!("watch in -m model.oddspot -o out --threads 1 {options}");
        let child = world
            .oddspot(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            world,
            child: RefCell::new(Some(child)),
        }
    }

    /// Waits until there are so many results.
    pub fn results(&self, count: usize) -> Vec<Value> {
        self.until(|| Some(results(self.world)).filter(|found| found.len() >= count))
    }

    pub fn until<T>(&self, mut found: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = found() {
                return found;
            }
            if start.elapsed() > PATIENCE {
                let run = self.told();
                panic!("nothing came of it: {:?} {}", run.code, run.stderr);
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Stops it as a service manager does.
    pub fn stop(self) -> Run {
        let run = self.told();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run
    }

    /// What it has told when it is stopped, if it was not ended already.
    fn told(&self) -> Run {
        let child = self.child.take().unwrap();
        // It may be gone already.
        let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
        Run::from(child.wait_with_output().unwrap())
    }

    /// Ends it with no time for anything.
    pub fn kill(self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// The results of all days.
pub fn results(world: &World) -> Vec<Value> {
    let files = world.files();
    let of_days = files
        .iter()
        .filter(|(name, _)| name.starts_with("out/") && name.ends_with("/results.jsonl"));
    let texts = of_days.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    // Half a line that is just being written is none yet.
    let whole = texts.map(|text| {
        text.rsplit_once('\n')
            .map_or(String::new(), |(all, _)| all.to_owned())
    });
    whole.flat_map(|text| lines(&text)).collect()
}

/// With a folder to watch.
pub fn with_folder() -> World {
    let world = World::with_model();
    world.make_folder("in");
    world
}

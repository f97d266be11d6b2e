//! A folder that is watched: told of by the system, and looked through from time to time, since on network shares and
//! under load the system does not tell of everything.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use oddspot::datasets::{Walked, is_left_out, walk};

use super::arrivals::{Arrivals, Seen, is_unfinished};
use crate::detect::input::FileState;

/// Between two looks through the folder, at least.
const LOOK: Duration = Duration::from_secs(1);
/// And so many times as long as a look takes, so that folders of a million files cost no core.
const SHARE: u32 = 20;
/// How often files that wait are looked at.
const TICK: Duration = Duration::from_millis(100);

/// A folder that is watched.
pub struct Folder {
    root: PathBuf,
    /// What the program itself writes.
    output: PathBuf,
    events: Receiver<notify::Result<Event>>,
    /// Tells of changes as long as it lives; None where the system does not.
    _watcher: Option<RecommendedWatcher>,
    next_look: Instant,
    /// Whether it could be looked through the last time.
    is_there: bool,
}

impl Folder {
    /// Begins to watch.
    pub fn new(root: PathBuf, output: PathBuf) -> Self {
        let (send, events) = channel();
        let watcher = notify::recommended_watcher(send).and_then(|mut watcher| {
            watcher.watch(&root, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        let watcher = match watcher {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tell!(
                    "the system tells of no changes in {} ({error}): it is looked through every second or less often",
                    root.display()
                );
                None
            }
        };
        Self {
            root,
            output,
            events,
            _watcher: watcher,
            next_look: Instant::now(),
            is_there: true,
        }
    }

    /// Looks through the folder now.
    pub fn look(&mut self, arrivals: &mut Arrivals) {
        let started = Instant::now();
        let mut there = HashSet::new();
        let mut refused = None;
        walk(&self.root, |found| match found {
            Walked::File(entry) if self.is_ours(entry.path()) => {
                if let Ok(metadata) = entry.metadata()
                    && let Some(state) = state(&metadata)
                {
                    arrivals.see(entry.path(), state, Seen::There, started);
                    there.insert(entry.into_path());
                }
            }
            Walked::Unreadable(path, error) if path == self.root => refused = Some(error),
            _ => {}
        });
        match (&refused, self.is_there) {
            (Some(error), true) => tell!(
                "warning: {} cannot be read ({error}): it is tried again until it can",
                self.root.display()
            ),
            (None, false) => tell!("warning: {} can be read again", self.root.display()),
            _ => {}
        }
        self.is_there = refused.is_none();
        if self.is_there {
            arrivals.keep(|path| there.contains(path));
        }
        self.next_look = Instant::now() + LOOK.max(SHARE * started.elapsed());
    }

    /// Takes note of what has come, and waits a moment for it unless there is other work.
    pub fn wait(&mut self, arrivals: &mut Arrivals, is_busy: bool) {
        let tick = if is_busy { Duration::ZERO } else { TICK };
        let now = Instant::now();
        let to_look = self.next_look.saturating_duration_since(now);
        match self.events.recv_timeout(to_look.min(tick)) {
            Ok(event) => {
                self.hear(event, arrivals);
                while let Ok(event) = self.events.try_recv() {
                    self.hear(event, arrivals);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // No watcher: its end of the channel is gone.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(to_look.min(tick)),
        }
        if Instant::now() >= self.next_look {
            self.look(arrivals);
        } else if !is_busy {
            for path in arrivals.waiting() {
                self.see(&path, Seen::There, arrivals);
            }
        }
    }

    fn hear(&mut self, event: notify::Result<Event>, arrivals: &mut Arrivals) {
        let Ok(event) = event else {
            self.next_look = Instant::now();
            return;
        };
        if event.need_rescan() {
            self.next_look = Instant::now();
        }
        let seen = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Seen::Closed,
            EventKind::Create(_) | EventKind::Modify(_) => Seen::There,
            _ => return,
        };
        for path in event.paths {
            self.see(&path, seen, arrivals);
        }
    }

    fn see(&mut self, path: &Path, seen: Seen, arrivals: &mut Arrivals) {
        if !self.is_ours(path) || is_left_out(&self.root, path) {
            return;
        }
        let Ok(metadata) = path.metadata() else {
            return;
        };
        match state(&metadata) {
            Some(state) => arrivals.see(path, state, seen, Instant::now()),
            // A folder that came as a whole.
            None if metadata.is_dir() => self.next_look = Instant::now(),
            None => {}
        }
    }

    /// Whether a path may be an image that came, and not one that was written here.
    fn is_ours(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        !path.starts_with(&self.output)
            && !name.as_encoded_bytes().starts_with(b".")
            && !is_unfinished(path)
    }
}

/// How a file is now; None of what is none.
fn state(metadata: &std::fs::Metadata) -> Option<FileState> {
    let written = metadata.modified().ok()?;
    let written_ns = match written.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_nanos()).ok()?,
    };
    metadata.is_file().then_some(FileState {
        bytes: metadata.len(),
        written_ns,
    })
}

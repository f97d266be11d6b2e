//! A folder that is watched: told of by the system, and looked through from time to time, since on network shares and
//! under load the system does not tell of everything.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::{self, Display, Formatter};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};
use oddspot::datasets::{Walked, is_left_out, lies_among_findings, walk, walk_without_links};
use oddspot::images::begins_like_an_image;

use super::arrivals::{Arrivals, is_unfinished};
use super::pulse::Pulse;
use super::state::{FileState, Seen};

/// Between two looks through the folder, at least.
const LOOK: Duration = Duration::from_secs(1);
/// And so many times as long as a look takes, so that folders of a million files cost no core.
const SHARE: u32 = 20;
/// After how long a file is told of that is called as if it were still written.
const UNFINISHED_FOR: Duration = Duration::from_secs(60);
/// How often files that wait are looked at.
const TICK: Duration = Duration::from_millis(100);

/// What a person should know of a folder that is watched.
pub enum News<'a> {
    /// The system tells of no changes in it, and why.
    Unwatched(&'a Path, &'a dyn Display),
    /// It cannot be read any more, and why.
    Away(&'a Path, &'a dyn Display),
    /// It can be read again.
    Back(&'a Path),
    /// So many symbolic links lie in it, of which this one is new, and are not followed.
    Linked(usize, &'a Path),
    /// So many files have been there for a while, of which this is one, that are called as those that are still
    /// written.
    Unfinished(usize, &'a Path),
}

impl Display for News<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwatched(root, error) => write!(
                f,
                "the system tells of no changes in {} ({error}): it is looked through every second or less often",
                root.display()
            ),
            Self::Away(root, error) => write!(
                f,
                "warning: {} cannot be read ({error}): it is tried again until it can",
                root.display()
            ),
            Self::Back(root) => write!(f, "warning: {} can be read again", root.display()),
            Self::Linked(count, one) => write!(
                f,
                "warning: {count} symbolic {} in the folder, as {}, not followed: put the file or folder itself there",
                if *count == 1 { "link is" } else { "links are" },
                one.display()
            ),
            Self::Unfinished(count, one) => write!(
                f,
                "warning: {count} {} hidden or called as one that is still written, as {}: renamed it is taken",
                if *count == 1 {
                    "image is"
                } else {
                    "images are"
                },
                one.display()
            ),
        }
    }
}

/// Who is told of a folder.
pub type Tell = Box<dyn FnMut(&News) + Send>;

/// What becomes of symbolic links in a folder; the folder itself may be one in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// They are what they lead to.
    Followed,
    /// They are told of, and nothing that they lead to is opened.
    Left,
}

/// A folder that is watched.
pub struct Folder {
    root: PathBuf,
    /// What lies in it and is no news, as what the program itself writes.
    left_out: Vec<PathBuf>,
    links: Links,
    /// Links that lie in it and are not followed.
    left: BTreeSet<PathBuf>,
    pulse: Pulse,
    tell: Tell,
    send: Sender<notify::Result<Event>>,
    events: Receiver<notify::Result<Event>>,
    /// Tells of changes as long as it lives; None where the system does not.
    watcher: Option<RecommendedWatcher>,
    next_look: Instant,
    /// Whether it could be looked through the last time.
    is_there: bool,
    /// Files that have been there for a while as if they were still written, and whether each is an image: none is
    /// opened twice.
    stale: HashMap<PathBuf, bool>,
}

impl Folder {
    /// Begins to watch a folder, but for what is left out below it.
    pub fn new(root: PathBuf, left_out: Vec<PathBuf>, links: Links, tell: Tell) -> Self {
        let (send, events) = channel();
        let mut folder = Self {
            root,
            left_out,
            links,
            left: BTreeSet::new(),
            pulse: Pulse::default(),
            tell,
            send,
            events,
            watcher: None,
            next_look: Instant::now(),
            is_there: true,
            stale: HashMap::new(),
        };
        folder.listen();
        folder
    }

    /// Lets the system tell of changes, if it does.
    fn listen(&mut self) {
        let config = Config::default().with_follow_symlinks(self.links == Links::Followed);
        let watcher = RecommendedWatcher::new(self.send.clone(), config);
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(&self.root, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        self.watcher = match watcher {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                (self.tell)(&News::Unwatched(&self.root, &error));
                None
            }
        };
    }

    /// Looks through the folder now.
    pub fn look(&mut self, arrivals: &mut Arrivals) {
        let started = Instant::now();
        let mut there = HashSet::new();
        let mut refused = None;
        let mut stale = HashMap::new();
        let mut left = BTreeSet::new();
        let pulse = self.pulse.clone();
        let mut silent = Duration::ZERO;
        let each = |found| {
            silent += pulse.beat();
            match found {
                // A picture may be written before the results name it.
                Walked::File(entry) if lies_among_findings(&self.root, entry.path()) => {}
                Walked::File(entry)
                    if entry.file_type().is_symlink() && self.is_ours(entry.path()) =>
                {
                    left.insert(entry.into_path());
                }
                Walked::File(entry) if self.is_ours(entry.path()) => {
                    if let Ok(metadata) = entry.metadata()
                        && let Some(state) = FileState::of(&metadata)
                    {
                        arrivals.see(entry.path(), state, Seen::There, started);
                        there.insert(entry.into_path());
                    }
                }
                Walked::File(entry) if !self.is_left_out(entry.path()) => {
                    let is_image = (entry.metadata().ok())
                        .and_then(|metadata| self.is_stale_image(entry.path(), &metadata));
                    stale.extend(is_image.map(|is_image| (entry.into_path(), is_image)));
                }
                Walked::Unreadable(path, error) if path == self.root => refused = Some(error),
                _ => {}
            }
        };
        match self.links {
            Links::Followed => walk(&self.root, each),
            Links::Left => walk_without_links(&self.root, each),
        }
        silent += self.pulse.beat();
        match (&refused, self.is_there) {
            (Some(error), true) => (self.tell)(&News::Away(&self.root, error)),
            (None, false) => {
                (self.tell)(&News::Back(&self.root));
                // The system's word was of the folder that went away.
                self.listen();
            }
            _ => {}
        }
        self.is_there = refused.is_none();
        if self.is_there {
            arrivals.keep(|path| there.contains(path));
            if let Some(one) = left.difference(&self.left).next() {
                (self.tell)(&News::Linked(left.len(), one));
            }
            self.left = left;
        }
        let unfinished = |stale: &HashMap<PathBuf, bool>| stale.values().filter(|&&is| is).count();
        let count = unfinished(&stale);
        if count > unfinished(&self.stale)
            && let Some((one, _)) = stale.iter().filter(|(_, is_image)| **is_image).min()
        {
            (self.tell)(&News::Unfinished(count, one));
        }
        self.stale = stale;
        // A share that hung is looked at again as soon as any other.
        let worked = started.elapsed().saturating_sub(silent);
        self.next_look = Instant::now() + LOOK.max(SHARE * worked);
    }

    /// Notes at each step of a look that the folder answers.
    pub fn set_pulse(&mut self, pulse: &Pulse) {
        self.pulse = pulse.clone();
    }

    /// The links that lay in it the last time and are not followed.
    pub fn links(&self) -> &BTreeSet<PathBuf> {
        &self.left
    }

    /// Takes note of what has come, and waits a moment for it unless there is other work.
    pub fn wait(&mut self, arrivals: &mut Arrivals, is_busy: bool) {
        let tick = if is_busy { Duration::ZERO } else { TICK };
        let now = Instant::now();
        let to_look = self.next_look.saturating_duration_since(now);
        if let Ok(event) = self.events.recv_timeout(to_look.min(tick)) {
            self.hear(event, arrivals);
            while let Ok(event) = self.events.try_recv() {
                self.hear(event, arrivals);
            }
        }
        if Instant::now() >= self.next_look {
            self.look(arrivals);
        } else if !is_busy {
            for path in arrivals.waiting() {
                self.pulse.beat();
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
        let metadata = match self.links {
            Links::Followed => path.metadata(),
            Links::Left if is_linked(&self.root, path) => return,
            Links::Left => path.symlink_metadata(),
        };
        let Ok(metadata) = metadata else {
            return;
        };
        match FileState::of(&metadata) {
            Some(state) => arrivals.see(path, state, seen, Instant::now()),
            // A folder that came as a whole.
            None if metadata.is_dir() => self.next_look = Instant::now(),
            None => {}
        }
    }

    /// Whether a path may be an image that came, and not one that was written here.
    fn is_ours(&self, path: &Path) -> bool {
        !self.is_left_out(path) && !is_to_be_renamed(path)
    }

    fn is_left_out(&self, path: &Path) -> bool {
        self.left_out.iter().any(|one| path.starts_with(one))
    }

    /// Whether a file that somebody may have forgotten to rename is an image; None of another.
    fn is_stale_image(&self, path: &Path, metadata: &Metadata) -> Option<bool> {
        let age = metadata.modified().ok()?.elapsed().ok()?;
        // A pipe would be waited for.
        if !metadata.is_file() || age < UNFINISHED_FOR {
            return None;
        }
        let before = self.stale.get(path).copied();
        Some(before.unwrap_or_else(|| begins_like_an_image(path)))
    }
}

/// Whether a path below a folder is a symbolic link, or lies behind one; the folder itself may be one.
pub fn is_linked(root: &Path, path: &Path) -> bool {
    let mut below = path.ancestors().take_while(|above| *above != root);
    below.any(|one| one.symlink_metadata().is_ok_and(|found| found.is_symlink()))
}

/// Whether a file is hidden, or called as one that is still written.
fn is_to_be_renamed(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || is_unfinished(path)
}

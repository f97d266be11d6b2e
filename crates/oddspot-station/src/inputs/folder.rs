//! A folder that images come into: each is judged once, across every end of the service.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oddspot_arrivals::{
    Arrivals, FileState, Folder, Links, News, Taken, Whole, is_image, is_linked, spelled,
};
use tokio::runtime::Handle;

use super::moved::{DONE, FAILED, explain, move_to, put_back};
use super::state::{AWAY, FolderState};
use super::unmoved::{Unmoved, name_of};
use crate::configuration::{After, real};
use crate::error::{Error, Kind, Result};
use crate::history::{FileOf, History, Source};
use crate::judging::{Post, Queue, Task, name_of as name_of_kind};
use crate::outputs::{Misses, NotJudged};
use crate::words::{Sentence, of_system};

/// Images that are taken before the folder is looked at again.
const AT_ONCE: usize = 32;
/// Between two looks at whether a station is still paused.
const PAUSE: Duration = Duration::from_millis(100);

/// A folder of a station.
pub struct FolderInput {
    /// The station, and whether it is paused.
    pub post: Arc<Post>,
    /// The folder, as it is named; once it is looked at, by its real path.
    pub root: PathBuf,
    /// What becomes of its files.
    pub after: After,
    /// What the service itself writes, wherever that lies.
    pub data: PathBuf,
    /// Bytes of a file, at most.
    pub most_bytes: usize,
    /// Where its images wait.
    pub queue: Queue,
    /// Where it is told that an image was not judged.
    pub misses: Arc<Misses>,
    /// Where it is kept which files are no usable images.
    pub history: Arc<History>,
    /// What the history works on.
    pub runtime: Handle,
    /// How it is.
    pub state: FolderState,
    /// Ends it.
    pub stop: Arc<AtomicBool>,
}

impl FolderInput {
    /// Hands on images until it is stopped; `known` were judged before, or could not be.
    pub fn work(mut self, known: Vec<(String, FileState)>) {
        let heed = (self.state.clone()).heed(self.post.name.clone(), Arc::clone(&self.misses));
        let heed = self.runtime.spawn(heed);
        // One that is away is waited for.
        self.root = self.state.pulse.during(|| real(&self.root));
        self.look(known);
        heed.abort();
    }

    fn look(&self, known: Vec<(String, FileState)>) {
        let pulse = &self.state.pulse;
        let back = match self.after {
            After::Move => pulse.during(|| put_back(&self.root)),
            After::Stay => Ok(()),
        };
        if let Err(error) = back {
            tracing::warn!("{}: {error}", self.post.name);
        }
        let mut taken = Taken::default();
        let mut left_out = vec![self.data.clone()];
        let mut unmoved = Unmoved::default();
        match self.after {
            After::Stay => {
                for (name, state) in known {
                    taken.insert(&format!("{}/{name}", spelled(&self.root)), &state);
                }
            }
            After::Move => {
                left_out.extend([DONE, FAILED].map(|below| self.root.join(below)));
                let times = |name: &str, state: &FileState| self.times_judged(name, state);
                let at_start = || Unmoved::at_start(&self.root, &left_out, known, times);
                unmoved = pulse.during(at_start);
            }
        }
        let mut arrivals = Arrivals::new(taken);
        let new = || Folder::new(self.root.clone(), left_out, Links::Left, self.teller());
        let mut folder = pulse.during(new);
        folder.set_pulse(pulse);
        let mut is_busy = false;
        while !self.is_stopped() {
            pulse.during(|| folder.wait(&mut arrivals, is_busy));
            self.state.note_links(folder.links());
            let whole = arrivals.take(Instant::now(), AT_ONCE);
            is_busy = whole.len() == AT_ONCE;
            for one in whole {
                self.wait_while_paused();
                if self.is_stopped() {
                    return;
                }
                match self.take(&one, &mut arrivals, &mut unmoved) {
                    Ok(()) => drop(self.state.lock().waiting.remove(&one.path)),
                    Err(error) => self.wait(&one, &mut arrivals, &error),
                }
            }
        }
    }

    /// How often a file was judged as it lies there; of one that nobody can ask for now it is taken that it was once
    /// more than it was moved.
    fn times_judged(&self, name: &str, state: &FileState) -> u64 {
        let times = self.history.times_judged(&self.post.name, name, state);
        self.runtime.block_on(times).unwrap_or(u64::MAX)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Files of a station that is paused stay where they are.
    fn wait_while_paused(&self) {
        while self.post.is_paused() && !self.is_stopped() {
            std::thread::sleep(PAUSE);
        }
    }

    fn teller(&self) -> oddspot_arrivals::Tell {
        let (station, state) = (self.post.name.clone(), self.state.clone());
        let misses = Arc::clone(&self.misses);
        Box::new(move |news| {
            tracing::warn!("{news} (station {station})");
            match news {
                News::Away(folder, error) => {
                    misses.cut_off(&station, AWAY, news.to_string());
                    let away = Sentence::new("folder-away");
                    let why = match folder.read_dir() {
                        Err(error) => of_system(&error),
                        Ok(_) => Sentence::english(error.to_string()),
                    };
                    let away = away.with("folder", folder.display().to_string());
                    state.lock().away = Some(away.with("detail", why));
                }
                News::Back(..) => state.lock().away = None,
                News::Unwatched(..) | News::Unfinished(..) | News::Linked(..) => {}
            }
        })
    }

    /// Judges a file and moves it on.
    ///
    /// # Errors
    /// Why it cannot be done with yet.
    fn take(&self, whole: &Whole, arrivals: &mut Arrivals, unmoved: &mut Unmoved) -> Result<()> {
        let path = &whole.path;
        let pulse = &self.state.pulse;
        if pulse.during(|| is_linked(&self.root, path)) {
            // It took the file's place; the next look tells of it.
            arrivals.forget(whole);
            return Ok(());
        }
        if !pulse.during(|| is_image(path)) {
            return Ok(());
        }
        let name = name_of(&self.root, path);
        let judged = match pulse.during(|| self.task(whole)) {
            Ok(task) => {
                self.renew(whole, &name, unmoved)?;
                self.queue.judge_blocking(task)
            }
            Err(error) => Err(error),
        };
        match judged {
            Ok(judgement) => {
                pulse.during(|| self.finish(whole, Ok(&judgement.inspection.image)))?;
                if self.after == After::Move {
                    // Somebody may put it back: it comes anew then.
                    arrivals.forget(whole);
                    unmoved.forget(&name, &whole.state);
                    if !judgement.is_new {
                        let station = &self.post.name;
                        tracing::info!("{station}: {name} was judged before, and is moved now");
                    }
                }
                Ok(())
            }
            Err(_) if pulse.during(|| !path.exists()) => {
                // It went with its share: when it comes back, it comes anew.
                arrivals.forget(whole);
                Ok(())
            }
            Err(error) if is_of_the_image(&error) && whole.is_ended() => {
                pulse.during(|| self.finish(whole, Err(&error)))
            }
            Err(error) => Err(error),
        }
    }

    /// Lets a file be judged again that was moved and lies there anew; one that was not moved yet may be judged already,
    /// and a file that stays is judged once.
    ///
    /// # Errors
    /// A database that cannot be used.
    fn renew(&self, whole: &Whole, name: &str, unmoved: &mut Unmoved) -> Result<()> {
        if self.after == After::Move && !unmoved.has(name, &whole.state) {
            let file = self.file(whole);
            let released = self.history.release_file(&self.post.name, &file);
            self.runtime.block_on(released)?;
            unmoved.note(name, &whole.state);
        }
        Ok(())
    }

    fn task(&self, whole: &Whole) -> Result<Task> {
        let since = Instant::now();
        let bytes = whole.state.bytes;
        if bytes > self.most_bytes as u64 {
            let reason = format!(
                "it has {bytes} bytes, more than the {} that are accepted",
                self.most_bytes
            );
            return Err(Error::new(Kind::TooLarge, reason));
        }
        let content = content_of(&whole.path).map_err(Error::io(&whole.path))?;
        if !is_still(whole) {
            // What was read may be of both: it comes anew.
            let sentence = Sentence::new("file-written");
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        Ok(Task {
            bytes: content.into(),
            part_id: None,
            source: Source::Folder,
            token: None,
            sender: None,
            file: Some(self.file(whole)),
            idempotency_key: None,
            since,
        })
    }

    /// A file as the history has it.
    fn file(&self, whole: &Whole) -> FileOf {
        let FileState {
            bytes, written_ns, ..
        } = whole.state;
        FileOf {
            name: name_of(&self.root, &whole.path),
            bytes,
            written_ns,
        }
    }

    /// Whether it was not told yet that a file was not judged; from now on it was.
    fn is_news(&self, whole: &Whole) -> bool {
        let missed: Vec<PathBuf> = self.state.lock().missed.keys().cloned().collect();
        let gone = FolderState::gone(missed);
        let mut troubles = self.state.lock();
        troubles.missed.retain(|path, _| !gone.contains(path));
        let told = (troubles.missed).insert(whole.path.clone(), whole.state);
        told.as_ref() != Some(&whole.state)
    }

    /// Moves a file that is done with, if it is to be moved.
    fn finish(&self, whole: &Whole, judged: std::result::Result<&String, &Error>) -> Result<()> {
        if let Err(error) = judged
            && self.is_news(whole)
        {
            let image = NotJudged {
                reason: name_of_kind(error.kind()),
                detail: error.to_string(),
                sentence: error.sentence().cloned(),
                part_id: None,
                file: Some(name_of(&self.root, &whole.path)),
            };
            self.misses.missed(&self.post.name, image);
            tracing::warn!(
                "{}: {} was not judged: {error}",
                self.post.name,
                whole.path.display()
            );
        }
        if let (Err(error), After::Stay) = (judged, self.after) {
            // The next start does not try it again.
            let (station, file) = (&self.post.name, self.file(whole));
            let reason = error.to_string();
            let noted = self.history.set_unreadable(station, &file, &reason);
            self.runtime.block_on(noted)?;
        }
        // Written anew meanwhile, it comes anew.
        if self.after == After::Stay || !is_still(whole) {
            return Ok(());
        }
        let file = (&*whole.path, &whole.state);
        match judged {
            Ok(sha256) => move_to(&self.root, DONE, file, Some(sha256)).map(drop),
            Err(error) => match move_to(&self.root, FAILED, file, None)? {
                Some(place) => explain(&place, &error.to_string()),
                None => Ok(()),
            },
        }
    }

    /// Lets a file wait that cannot be done with yet, and tells it once.
    fn wait(&self, whole: &Whole, arrivals: &mut Arrivals, error: &Error) {
        if self.is_stopped() || error.kind() == Kind::Ending {
            return;
        }
        let is_told = is_of_the_image(error) || [Kind::Paused, Kind::Away].contains(&error.kind());
        if whole.failing_since.is_none() && !is_told {
            let path = whole.path.display();
            tracing::warn!(
                "{}: {path} waits ({error}): it is tried again until it can be judged",
                self.post.name
            );
        }
        if !is_of_the_image(error) && error.kind() != Kind::Paused {
            let waiting: Vec<PathBuf> = self.state.lock().waiting.keys().cloned().collect();
            let gone = self.state.pulse.during(|| FolderState::gone(waiting));
            let mut troubles = self.state.lock();
            troubles.waiting.retain(|path, _| !gone.contains(path));
            (troubles.waiting).insert(whole.path.clone(), error.meant());
        }
        arrivals.put_back(whole, Instant::now());
    }
}

/// Whether a file is as it was when it was taken.
fn is_still(whole: &Whole) -> bool {
    let metadata = whole.path.symlink_metadata().ok();
    metadata.and_then(|metadata| FileState::of(&metadata)) == Some(whole.state)
}

/// What is in a file that is no link to another.
fn content_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe that came in its place would be waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    let mut content = Vec::new();
    options.open(path)?.read_to_end(&mut content)?;
    Ok(content)
}

/// Whether it is the image's own fault, and no later attempt helps.
fn is_of_the_image(error: &Error) -> bool {
    match error.kind() {
        Kind::Invalid | Kind::TooLarge | Kind::Internal => true,
        Kind::NotFound
        | Kind::Mismatch
        | Kind::NoModel
        | Kind::Paused
        | Kind::Full
        | Kind::Receiving
        | Kind::TooFast
        | Kind::Away
        | Kind::Ending
        | Kind::NoRoom
        | Kind::System => false,
    }
}

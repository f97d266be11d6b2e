//! How a folder is: whether it can be read, what waits in it, and what is not taken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oddspot_arrivals::{FileState, Pulse, SILENT};

use crate::outputs::Misses;
use crate::words::Sentence;

/// Why no images come of a folder that is away, as it is told.
pub const AWAY: &str = "folder_away";
/// Between two looks at whether a folder answers.
const HEED: Duration = Duration::from_secs(1);

/// How a folder is, for whoever looks.
#[derive(Clone, Debug)]
pub struct FolderState {
    root: Arc<Path>,
    troubles: Arc<Mutex<Troubles>>,
    pub(super) pulse: Pulse,
}

#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// Why the folder itself cannot be read.
    pub(super) away: Option<Sentence>,
    /// Files that cannot be done with yet, and why.
    pub(super) waiting: BTreeMap<PathBuf, Sentence>,
    /// Symbolic links, which are not followed.
    pub(super) links: BTreeSet<PathBuf>,
    /// Files of which it was told that they were not judged, and that could not be moved yet.
    pub(super) missed: BTreeMap<PathBuf, FileState>,
}

impl FolderState {
    /// Of a folder that nobody has looked at yet.
    pub fn of(root: &Path) -> Self {
        Self {
            root: root.into(),
            troubles: Arc::default(),
            pulse: Pulse::default(),
        }
    }

    /// What is to be told of it, if anything is; links that are not followed keep no image from being judged.
    pub fn told(&self) -> Option<Sentence> {
        let of_links = || {
            let troubles = self.lock();
            let name = troubles.links.first()?.file_name().unwrap_or_default();
            let sentence = Sentence::new("folder-links").with("links", troubles.links.len());
            Some(sentence.with("name", name.display().to_string()))
        };
        self.trouble().or_else(of_links)
    }

    /// Why not all of its images can be judged, if so.
    pub fn trouble(&self) -> Option<Sentence> {
        if self.pulse.is_silent(Instant::now()) {
            return Some(self.silence());
        }
        let troubles = self.lock();
        if troubles.away.is_some() {
            return troubles.away.clone();
        }
        let (file, reason) = troubles.waiting.first_key_value()?;
        let name = file.file_name().unwrap_or_default().display();
        let sentence = Sentence::new("files-wait").with("files", troubles.waiting.len());
        let sentence = sentence.with("name", name.to_string());
        Some(sentence.with("reason", reason.clone()))
    }

    /// That the folder does not answer.
    fn silence(&self) -> Sentence {
        let seconds = i64::try_from(SILENT.as_secs()).unwrap_or_default();
        let silent = Sentence::new("folder-silent").with("seconds", seconds);
        let away = Sentence::new("folder-away").with("folder", self.root.display().to_string());
        away.with("detail", silent)
    }

    /// Tells when the folder does not answer any more, and when it does again: whoever asks it waits meanwhile.
    pub(super) async fn heed(self, station: String, misses: Arc<Misses>) {
        let mut was_silent = false;
        loop {
            tokio::time::sleep(HEED).await;
            let is_silent = self.pulse.is_silent(Instant::now());
            match (was_silent, is_silent) {
                (false, true) => {
                    let said = self.silence().to_string();
                    tracing::warn!("warning: {said} (station {station})");
                    misses.cut_off(&station, AWAY, said);
                }
                (true, false) => {
                    let root = self.root.display();
                    tracing::warn!("warning: {root} answers again (station {station})");
                }
                _ => {}
            }
            was_silent = is_silent;
        }
    }

    /// Which of these files are gone: asked while nobody waits for what is noted here.
    pub(super) fn gone(files: Vec<PathBuf>) -> Vec<PathBuf> {
        files.into_iter().filter(|file| !file.exists()).collect()
    }

    pub(super) fn note_links(&self, links: &BTreeSet<PathBuf>) {
        let mut troubles = self.lock();
        if troubles.links != *links {
            troubles.links.clone_from(links);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

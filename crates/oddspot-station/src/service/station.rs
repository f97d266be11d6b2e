//! A station at work, and how it is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::configuration::StationConfiguration;
use crate::error::Result;
use crate::history::{Filter, History, Order};
use crate::inputs::FolderState;
use crate::judging::{Model, Post, Queue, Repeats, Silence};
use crate::outputs::{Condition, Look, Output};
use crate::storing::Storing;
use crate::words::Sentence;

/// Inspections that are looked at for the last number.
const NEWEST: u32 = 100;

/// One view of one part, at work.
pub struct Station {
    /// Its name.
    pub name: String,
    /// What judges there.
    pub post: Arc<Post>,
    /// Where its images wait.
    pub queue: Queue,
    /// Whether the same picture comes again and again.
    pub repeats: Arc<Repeats>,
    /// Whether anything comes.
    pub silence: Arc<Silence>,
    /// The folder that its images come into, and how that is.
    pub folder: Option<(PathBuf, FolderState)>,
    /// The SHA-256 of the model that the configuration names.
    pub configured_model: Option<String>,
    /// What the configuration or options say of it; no more than its name, if it was made on the page.
    pub asked: StationConfiguration,
    /// The ways by which its results go out.
    pub outputs: Vec<Output>,
}

impl Station {
    /// The model that judges; without it nothing can be.
    pub fn model(&self) -> Option<Arc<Model>> {
        self.post.model()
    }

    /// What is to be told of its camera: that it is stuck, or that nothing comes of it.
    pub fn camera_trouble(&self) -> Option<Sentence> {
        camera_trouble(&self.repeats, &self.silence)
    }

    /// The highest number that one of the newest parts is called by; not to be asked where requests are served.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn last_number(&self, history: &History) -> Result<u64> {
        let own = Filter {
            station: Some(self.name.clone()),
            ..Filter::default()
        };
        let newest = history.find(&own, Order::Newest, None, NEWEST);
        let newest = self.queue.wait_for(newest)?;
        let numbers = newest
            .iter()
            .filter_map(|one| one.part_id.as_ref()?.parse().ok());
        Ok(numbers.max().unwrap_or(0))
    }

    /// How it is, for its outputs.
    pub(super) fn look(&self, history: &Arc<History>, storing: &Arc<Storing>) -> Look {
        let (post, queue) = (Arc::clone(&self.post), self.queue.clone());
        let (history, storing) = (Arc::clone(history), Arc::clone(storing));
        let folder = self.folder.as_ref().map(|(_, state)| state.clone());
        let (repeats, silence) = (Arc::clone(&self.repeats), Arc::clone(&self.silence));
        Arc::new(move || {
            let name = &post.name;
            let trouble = if post.is_paused() {
                Some(format!("station {name} is paused"))
            } else if post.model().is_none() {
                let none = || format!("station {name} has no model");
                Some(post.trouble().unwrap_or_else(none))
            } else if queue.is_ended() {
                Some(format!("station {name} judges no more"))
            } else {
                let of_folder = || Some(folder.as_ref()?.trouble()?.to_string());
                let of_storing = || Some(storing.trouble()?.to_string());
                let of_camera = || Some(camera_trouble(&repeats, &silence)?.to_string());
                let of_history = history.trouble().or_else(of_storing);
                of_history.or_else(of_folder).or_else(of_camera)
            };
            Condition {
                trouble,
                is_busy: queue.is_busy(),
            }
        })
    }
}

/// That a camera is stuck, or that nothing comes of it.
fn camera_trouble(repeats: &Repeats, silence: &Silence) -> Option<Sentence> {
    repeats.trouble().or_else(|| silence.trouble())
}

//! Stations put to work: each judges on a thread of its own.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::Handle;

use super::Station;
use crate::configuration::{Limits, StationConfiguration};
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::History;
use crate::inputs::{FolderInput, FolderState};
use crate::judging::{Post, Queue, Recent, Repeats, Silence, Worker};
use crate::metrics::Metrics;
use crate::outputs::Misses;
use crate::storing::Storing;
use crate::versions::Versions;

/// What stations share.
pub struct Workshop {
    pub data: Arc<Data>,
    pub history: Arc<History>,
    pub storing: Arc<Storing>,
    pub versions: Arc<Versions>,
    pub recent: Arc<Recent>,
    pub metrics: Arc<Metrics>,
    pub misses: Arc<Misses>,
    pub limits: Limits,
    pub stop: Arc<AtomicBool>,
    /// By station: held by who judges there.
    pub turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A station that judges.
pub struct Made {
    pub station: Station,
    pub worker: JoinHandle<()>,
    /// Whether the configuration has just made another model active.
    pub has_new_model: bool,
    /// What is to look at its folder, once it may.
    pub input: Option<FolderInput>,
}

impl Workshop {
    /// Begins to judge for a station; who still does for it is waited for, by its new worker alone.
    pub async fn station(&self, asked: &StationConfiguration) -> Result<Made> {
        let name = &asked.name;
        self.history.add_station(name, false, None).await?;
        let row = self.history.station(name).await?;
        let post = Arc::new(Post::new(name, row.is_some_and(|row| row.is_paused)));
        let model = asked.model.as_deref();
        let has_new_model = self.versions.begin(&post, model).await?;
        self.versions.add(Arc::clone(&post));
        let configured = self.history.station(name).await?;
        let (queue, tasks) = Queue::new(self.limits.queue, Handle::current());
        let most = asked.repeats.unwrap_or(self.limits.repeats);
        let repeats = Arc::new(Repeats::new(name, most));
        let most = asked.silence.unwrap_or(self.limits.silence);
        let silence = Arc::new(Silence::new(Arc::clone(&post), most));
        let (misses, metrics) = (Arc::clone(&self.misses), Arc::clone(&self.metrics));
        tokio::spawn(Silence::heed(Arc::downgrade(&silence), misses, metrics));
        let worker = Worker {
            post: Arc::clone(&post),
            models: Arc::clone(self.versions.models()),
            data: Arc::clone(&self.data),
            history: Arc::clone(&self.history),
            storing: Arc::clone(&self.storing),
            recent: Arc::clone(&self.recent),
            repeats: Arc::clone(&repeats),
            silence: Arc::clone(&silence),
            metrics: Arc::clone(&self.metrics),
            misses: Arc::clone(&self.misses),
            runtime: Handle::current(),
        };
        let (of_worker, turn) = (queue.clone(), self.turn(name));
        let worker = spawn("judge", move || {
            let _turn = turn.blocking_lock();
            worker.work(&of_worker, tasks);
        })?;
        let input = self.input(asked, &post, &queue);
        let folder = input
            .as_ref()
            .map(|input| (input.root.clone(), input.state.clone()));
        Ok(Made {
            station: Station {
                name: name.clone(),
                post,
                queue,
                repeats,
                silence,
                folder,
                configured_model: (asked.model.as_ref())
                    .and_then(|_| configured.and_then(|row| row.configured_model)),
                asked: asked.clone(),
                outputs: Vec::new(),
            },
            worker,
            has_new_model,
            input,
        })
    }

    /// What each who judges for a station waits for: one does at any moment, in the order in which they began.
    pub fn turn(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Of stations that nobody judges for nothing need be known.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(name.to_owned()).or_default())
    }

    fn input(
        &self,
        asked: &StationConfiguration,
        post: &Arc<Post>,
        queue: &Queue,
    ) -> Option<FolderInput> {
        let folder = asked.folder.clone()?;
        // Where it really lies is asked by who looks at it: that may take long.
        let root = std::path::absolute(&folder).unwrap_or(folder);
        Some(FolderInput {
            post: Arc::clone(post),
            after: asked.after,
            data: self.data.root().to_owned(),
            most_bytes: self.limits.body,
            queue: queue.clone(),
            misses: Arc::clone(&self.misses),
            history: Arc::clone(&self.history),
            runtime: Handle::current(),
            state: FolderState::of(&root),
            root,
            stop: Arc::clone(&self.stop),
        })
    }
}

/// A thread of the service.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work);
    thread.map_err(|error| Error::new(Kind::System, format!("a thread cannot be started: {error}")))
}

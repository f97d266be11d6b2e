//! A service: its stations at work, what it keeps, and how it ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use oddspot::{Options, images};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::configuration::{Configuration, Limits, StationConfiguration};
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::History;
use crate::inputs::{FolderInput, FolderState};
use crate::judging::{Model, Models, Queue, Recent, Worker};
use crate::metrics::Metrics;
use crate::pictures::Pictures;

/// How long what waits may take at the end.
const AT_THE_END: Duration = Duration::from_secs(10);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// One view of one part, at work.
pub struct Station {
    /// Its name.
    pub name: String,
    /// What judges; without it nothing can be.
    pub model: Option<Arc<Model>>,
    /// Where its images wait.
    pub queue: Queue,
    /// The folder that its images come into, and how that is.
    pub folder: Option<(PathBuf, FolderState)>,
}

/// A service that runs.
pub struct Service {
    /// What was judged.
    pub history: Arc<History>,
    /// What is kept.
    pub data: Arc<Data>,
    /// What is drawn.
    pub pictures: Arc<Pictures>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The stations, by name.
    pub stations: BTreeMap<String, Station>,
    /// What is accepted.
    pub limits: Limits,
    ending: watch::Sender<bool>,
}

/// The threads of a service.
pub struct Work {
    stop: Arc<AtomicBool>,
    folders: Vec<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
}

/// What stations share while they are made.
struct Making {
    data: Arc<Data>,
    history: Arc<History>,
    models: Arc<Models>,
    recent: Arc<Recent>,
    metrics: Arc<Metrics>,
    limits: Limits,
    workers: Vec<JoinHandle<()>>,
    inputs: Vec<FolderInput>,
    stop: Arc<AtomicBool>,
}

impl Service {
    /// Opens the data folder and the history, makes the models ready, and begins to judge.
    ///
    /// # Errors
    /// What is configured and cannot be served; a data folder that another service uses; a model that cannot be used.
    pub async fn start(
        configuration: &Configuration,
        data: PathBuf,
        options: Options,
    ) -> Result<(Arc<Self>, Work)> {
        configuration.check()?;
        let limits = configuration.limits;
        let data = Arc::new(Data::open(&data)?);
        let history = Arc::new(History::open(&data.history()).await?);
        let of_images = images::Limits {
            pixels: limits.pixels,
            ..images::Limits::default()
        };
        let models = Arc::new(Models::new(Arc::clone(&data), options, of_images));
        let mut making = Making {
            recent: Arc::default(),
            metrics: Arc::default(),
            data,
            history,
            models,
            limits,
            workers: Vec::new(),
            inputs: Vec::new(),
            stop: Arc::default(),
        };
        let mut stations = BTreeMap::new();
        for one in making.asked_for(configuration).await? {
            stations.insert(one.name.clone(), making.station(&one).await?);
        }
        // Only when all of them are ready: who cannot be served judges nothing.
        let folders = making.begin().await?;
        let Making {
            data,
            history,
            models,
            recent,
            metrics,
            workers,
            stop,
            ..
        } = making;
        let work = Work {
            stop,
            folders,
            workers,
        };
        let service = Self {
            pictures: Arc::new(Pictures::new(Arc::clone(&data), models, recent)),
            history,
            data,
            metrics,
            stations,
            limits,
            ending: watch::channel(false).0,
        };
        Ok((Arc::new(service), work))
    }

    /// A station by its name.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn station(&self, name: &str) -> Result<&Station> {
        self.stations.get(name).ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                format!("there is no station {name} at work here"),
            )
        })
    }

    /// Tells whoever listens that it ends.
    pub fn announce_end(&self) {
        self.ending.send_replace(true);
    }

    /// Becomes true when it ends.
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    /// Judges what waits, within some seconds, and closes the history.
    pub async fn end(&self, work: Work) {
        work.stop();
        let until = Instant::now() + AT_THE_END;
        let ends = self.stations.values().map(|station| station.queue.end());
        let told = futures_util::future::join_all(ends);
        tokio::time::timeout(AT_THE_END, told).await.ok();
        let mut threads = work.folders.iter().chain(&work.workers);
        while Instant::now() < until && !threads.clone().all(JoinHandle::is_finished) {
            tokio::time::sleep(LOOK).await;
        }
        if threads.any(|thread| !thread.is_finished()) {
            tracing::warn!("what still waits was not judged: whoever sent it is told so");
        }
        // Who still writes after all that time must not keep it from ending.
        tokio::time::timeout(AT_THE_END, self.history.close())
            .await
            .ok();
    }
}

impl Work {
    /// Takes no more files of folders.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

impl Making {
    /// The stations that are configured; without any, those that judged before.
    async fn asked_for(&self, configuration: &Configuration) -> Result<Vec<StationConfiguration>> {
        if !configuration.stations.is_empty() {
            return Ok(configuration.stations.clone());
        }
        let before = self.history.stations().await?.into_iter();
        let again = before.filter(|row| row.model.is_some());
        let again = again.map(|row| StationConfiguration {
            name: row.name,
            model: None,
            folder: None,
            after: Default::default(),
        });
        Ok(again.collect())
    }

    /// Begins to judge for a station.
    async fn station(&mut self, asked: &StationConfiguration) -> Result<Station> {
        let name = &asked.name;
        let model = self.model(asked).await?;
        if let Some(model) = &model {
            let version = &model.version;
            self.metrics.model(name, &version.sha256, &version.oddspot);
        }
        let version = model.as_ref().map(|model| &model.version);
        self.history.set_station(name, version).await?;
        let (queue, tasks) = Queue::new(self.limits.queue);
        let worker = Worker {
            station: name.clone(),
            model: model.clone(),
            data: Arc::clone(&self.data),
            history: Arc::clone(&self.history),
            recent: Arc::clone(&self.recent),
            metrics: Arc::clone(&self.metrics),
            runtime: Handle::current(),
        };
        let of_worker = queue.clone();
        let thread = spawn("judge", move || worker.work(&of_worker, tasks))?;
        self.workers.push(thread);
        let folder =
            (asked.folder.as_ref()).map(|folder| self.folder(asked, folder.clone(), &queue));
        Ok(Station {
            name: name.clone(),
            model,
            queue,
            folder,
        })
    }

    async fn model(&self, asked: &StationConfiguration) -> Result<Option<Arc<Model>>> {
        if let Some(file) = &asked.model {
            return self.models.bring(file).map(Some);
        }
        let before = self.history.stations().await?.into_iter();
        let mut before = before.filter(|row| row.name == asked.name);
        let sha256 = before.next().and_then(|row| row.model);
        sha256.map(|sha256| self.models.get(&sha256)).transpose()
    }

    fn folder(
        &mut self,
        asked: &StationConfiguration,
        folder: PathBuf,
        queue: &Queue,
    ) -> (PathBuf, FolderState) {
        // One that is away is waited for, by the path that it was given.
        let root = folder.canonicalize().unwrap_or(folder);
        let state = FolderState::default();
        self.inputs.push(FolderInput {
            station: asked.name.clone(),
            root: root.clone(),
            after: asked.after,
            data: self.data.root().to_owned(),
            most_bytes: self.limits.body,
            queue: queue.clone(),
            metrics: Arc::clone(&self.metrics),
            state: state.clone(),
            stop: Arc::clone(&self.stop),
        });
        (root, state)
    }

    /// Begins to look at the folders.
    async fn begin(&mut self) -> Result<Vec<JoinHandle<()>>> {
        let mut folders = Vec::new();
        for input in std::mem::take(&mut self.inputs) {
            let judged = self.history.files(&input.station).await?;
            folders.push(spawn("folder", move || input.work(judged))?);
        }
        Ok(folders)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work);
    thread.map_err(|error| Error::new(Kind::System, format!("a thread cannot be started: {error}")))
}

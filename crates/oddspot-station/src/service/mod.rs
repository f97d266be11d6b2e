//! A service: its stations at work, what it keeps, and how it ends.

mod changing;
mod station;
mod workshop;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use oddspot::{Options, images};
use tokio::sync::watch;

use crate::access::check_reach;
use crate::configuration::{Configuration, Limits, StationConfiguration};
use crate::data::{Data, keep_private};
use crate::error::{Error, Kind, Result};
use crate::good::GoodImages;
use crate::history::{Actor, Deed, History, Note};
use crate::jobs::Jobs;
use crate::judging::{Models, Recent};
use crate::keeping::Keeping;
use crate::metrics::Metrics;
use crate::outputs::{Misses, Output, Outputs};
use crate::pictures::Pictures;
use crate::storing::Storing;
use crate::versions::Versions;
use crate::words::Sentence;
use changing::finish_renames;
pub use station::Station;
use workshop::{Workshop, spawn};

/// How long what waits may take at the end.
const AT_THE_END: Duration = Duration::from_secs(10);
/// How long, at least, what was judged may take to be told at the end.
const TO_TELL: Duration = Duration::from_secs(2);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A service that runs.
pub struct Service {
    /// What was judged.
    pub history: Arc<History>,
    /// What is kept.
    pub data: Arc<Data>,
    /// Whether something can be kept.
    pub storing: Arc<Storing>,
    /// What is drawn.
    pub pictures: Arc<Pictures>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where it is told that images were not judged.
    pub misses: Arc<Misses>,
    /// The models of the stations.
    pub versions: Arc<Versions>,
    /// Takes images among the good ones.
    pub good: GoodImages,
    /// What removes images that need not be kept.
    pub keeping: Arc<Keeping>,
    /// What is made beside judging.
    pub jobs: Arc<Jobs>,
    /// What is accepted.
    pub limits: Limits,
    /// The file of the configuration, if there is one.
    pub configuration_file: Option<PathBuf>,
    /// The stations that it or options name.
    configured: BTreeSet<String>,
    stations: RwLock<BTreeMap<String, Arc<Station>>>,
    /// Held by who makes a station.
    making: tokio::sync::Mutex<()>,
    workshop: Workshop,
    /// Who judges, by station.
    workers: Mutex<Vec<(String, JoinHandle<()>)>>,
    ending: watch::Sender<bool>,
}

/// What of a service takes files and works beside judging.
pub struct Work {
    stop: Arc<AtomicBool>,
    others: Vec<JoinHandle<()>>,
    outputs: Outputs,
    keeper: tokio::task::JoinHandle<()>,
}

impl Service {
    /// Opens the history, makes the models ready, and begins to judge, by a configuration that was checked.
    ///
    /// # Errors
    /// An address that others can reach while there are no users; a model that
    /// cannot be used.
    pub async fn start(
        configuration: &Configuration,
        data: Data,
        options: Options,
    ) -> Result<(Arc<Self>, Work)> {
        let limits = configuration.limits;
        let data = Arc::new(data);
        let history = Arc::new(History::open(&configuration.place(data.root())?).await?);
        keep_private(&data.history());
        check_reach(&history, configuration.listen).await?;
        history.interrupt_jobs().await?;
        finish_renames(&history, &data).await?;
        tokio::spawn(Arc::clone(&history).look_after());
        let of_images = images::Limits {
            pixels: limits.pixels,
            ..images::Limits::default()
        };
        let models = Arc::new(Models::new(Arc::clone(&data), options, of_images));
        let metrics: Arc<Metrics> = Arc::default();
        let mut outputs = Outputs::new(
            Arc::clone(&history),
            Arc::clone(&metrics),
            &configuration.modbus,
        );
        let versions = Arc::new(Versions::new(
            Arc::clone(&history),
            Arc::clone(&models),
            Arc::clone(&metrics),
        ));
        let storing = Arc::new(Storing::new(Arc::clone(&data), Arc::clone(&history)));
        tokio::spawn(Storing::look_after(Arc::downgrade(&storing)));
        let recent: Arc<Recent> = Arc::default();
        let stop: Arc<AtomicBool> = Arc::default();
        let service = Arc::new(Self {
            pictures: Arc::new(Pictures::new(
                Arc::clone(&data),
                Arc::clone(&models),
                Arc::clone(&recent),
            )),
            jobs: Arc::new(Jobs::new(
                Arc::clone(&history),
                Arc::clone(&data),
                Arc::clone(&versions),
            )),
            good: GoodImages {
                data: Arc::clone(&data),
                history: Arc::clone(&history),
                models,
            },
            workshop: Workshop {
                data: Arc::clone(&data),
                history: Arc::clone(&history),
                storing: Arc::clone(&storing),
                versions: Arc::clone(&versions),
                recent,
                metrics: Arc::clone(&metrics),
                misses: outputs.misses(),
                limits,
                stop: Arc::clone(&stop),
                turns: Mutex::default(),
            },
            keeping: Arc::new(Keeping::new(
                configuration,
                (Arc::clone(&history), Arc::clone(&data)),
                Arc::clone(&metrics),
            )),
            history,
            data,
            storing,
            metrics,
            misses: outputs.misses(),
            versions,
            limits,
            configuration_file: configuration.file.clone(),
            configured: (configuration.stations.iter())
                .map(|one| one.name.clone())
                .collect(),
            stations: RwLock::default(),
            making: tokio::sync::Mutex::default(),
            workers: Mutex::default(),
            ending: watch::channel(false).0,
        });
        let mut inputs = Vec::new();
        for asked in service.asked_for(configuration).await? {
            inputs.extend(service.take_in(&asked, Some(&mut outputs)).await?);
        }
        let stations = service.stations();
        let present: Vec<Output> = stations
            .iter()
            .flat_map(|one| one.outputs.clone())
            .collect();
        outputs
            .look_after_removed(&configuration.forget, &present)
            .await?;
        // Only when all of them are ready: who cannot be served judges nothing.
        let mut others = Vec::new();
        for input in inputs {
            let station = &input.post.name;
            let mut known = service.history.files(station).await?;
            known.extend(service.history.unreadable(station).await?);
            others.push(spawn("folder", move || input.work(known))?);
        }
        // In the background: files of all models are read.
        let versions = Arc::clone(&service.versions);
        tokio::spawn(async move {
            if let Err(error) = versions.look_through().await {
                tracing::warn!("the models were not looked through: {error}");
            }
        });
        let jobs = Arc::clone(&service.jobs);
        others.push(spawn("job", move || jobs.work())?);
        let work = Work {
            stop,
            others,
            outputs,
            keeper: tokio::spawn(Arc::clone(&service.keeping).look_after()),
        };
        Ok((service, work))
    }

    /// The stations that are configured and those that were made from the page; without configured ones all that there
    /// were.
    async fn asked_for(&self, configuration: &Configuration) -> Result<Vec<StationConfiguration>> {
        let mut asked = configuration.stations.clone();
        let is_alone = asked.is_empty();
        for row in self.history.stations().await? {
            let is_asked_for = asked.iter().any(|one| one.name == row.name);
            if !is_asked_for && !row.is_removed && (is_alone || row.is_of_page) {
                asked.push(StationConfiguration::named(&row.name));
            }
        }
        Ok(asked)
    }

    /// Begins to judge for a station, and to tell it where it has outputs; gives what is to look at its folder.
    async fn take_in(
        &self,
        asked: &StationConfiguration,
        outputs: Option<&mut Outputs>,
    ) -> Result<Option<crate::inputs::FolderInput>> {
        let mut made = self.workshop.station(asked).await?;
        if made.has_new_model {
            let by = Actor::terminal();
            self.jobs.follow(&asked.name, &by).await;
        }
        if let Some(outputs) = outputs {
            let look = made.station.look(&self.history, &self.storing);
            made.station.outputs = outputs.begin(&asked.name, &asked.outputs, &look)?;
        }
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.push((asked.name.clone(), made.worker));
        let mut stations = self
            .stations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        stations.insert(asked.name.clone(), Arc::new(made.station));
        Ok(made.input)
    }

    /// Lets a station judge nothing for now, or go on.
    ///
    /// # Errors
    /// There is no such station.
    pub async fn set_paused(&self, name: &str, is_paused: bool, by: Actor) -> Result<Arc<Station>> {
        let station = self.station(name)?;
        let deed = match is_paused {
            true => Deed::StationPaused,
            false => Deed::StationResumed,
        };
        let note = Note::new(by, deed, name);
        self.history
            .set_paused(name, is_paused, Some(&note))
            .await?;
        station.post.set_paused(is_paused);
        station.silence.ends();
        Ok(station)
    }

    /// A station by its name.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn station(&self, name: &str) -> Result<Arc<Station>> {
        let stations = self.stations.read().unwrap_or_else(PoisonError::into_inner);
        stations.get(name).map(Arc::clone).ok_or_else(|| {
            let sentence = Sentence::new("refused-no-station").with("station", name);
            Error::of(Kind::NotFound, sentence)
        })
    }

    /// All stations, by name.
    pub fn stations(&self) -> Vec<Arc<Station>> {
        let stations = self.stations.read().unwrap_or_else(PoisonError::into_inner);
        stations.values().map(Arc::clone).collect()
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
        // As a kill would: what it has marked it has marked.
        work.keeper.abort();
        self.jobs.end();
        let until = Instant::now() + AT_THE_END;
        let stations = self.stations();
        stations.iter().for_each(|station| station.queue.end());
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let workers = workers.iter().map(|(_, worker)| worker);
        let mut threads = work.others.iter().chain(workers);
        while Instant::now() < until && !threads.clone().all(JoinHandle::is_finished) {
            tokio::time::sleep(LOOK).await;
        }
        if threads.any(|thread| !thread.is_finished()) {
            tracing::warn!("what still waits was not judged: whoever sent it is told so");
        }
        // What was judged at last is told too, if whoever is told is quick.
        let until = until.max(Instant::now() + TO_TELL);
        work.outputs.end(until).await;
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

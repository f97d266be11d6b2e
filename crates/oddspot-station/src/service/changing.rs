//! Stations that are made, get another name or are taken away while the others go on.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{AT_THE_END, LOOK, Service, Station};
use crate::configuration::{StationConfiguration, check_name};
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::{Actor, Deed, History, Note};
use crate::words::Sentence;

/// Stations at work, at most: each has threads and memory of its own.
const MOST: usize = 64;
/// Before what could not be written is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often what is decided is tried, whatever keeps it from being done.
const TRIES: usize = 5;

impl Service {
    /// Makes a station that has no model yet.
    ///
    /// # Errors
    /// A name that cannot stand in an address or that is taken.
    pub async fn create_station(&self, name: &str, by: Actor) -> Result<Arc<Station>> {
        check_name(name)?;
        let _making = self.making.lock().await;
        if self.station(name).is_ok() {
            let sentence = Sentence::new("refused-name-taken").with("name", name);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        if self.stations().len() >= MOST {
            let sentence = Sentence::new("refused-most-stations").with("most", MOST);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        self.history.check_name_apart(name).await?;
        let note = Note::new(by, Deed::StationMade, name);
        self.history.add_station(name, true, Some(&note)).await?;
        // Without a configuration it has no folder and no outputs.
        self.take_in(&StationConfiguration::named(name), None)
            .await?;
        self.keeping.begin(name).await;
        self.station(name)
    }

    /// Gives a station another name, under which it has all that it had; done to its end even if whoever asked goes away.
    ///
    /// # Errors
    /// There is no such station; a name that cannot stand in an address, or that is or was one of another; one that is
    /// configured, or of which a job is not over.
    pub async fn rename_station(
        self: &Arc<Self>,
        name: &str,
        to: &str,
        by: Actor,
    ) -> Result<Arc<Station>> {
        check_name(to)?;
        let (service, name, to) = (Arc::clone(self), name.to_owned(), to.to_owned());
        whole(async move {
            let _making = service.making.lock().await;
            // Before its work is ended for nothing.
            service.history.check_name_free(&to).await?;
            // What lies there under that name is nobody's.
            service.data.remove_training(&to)?;
            service.take_out(&name).await?;
            let note = Note::new(by, Deed::StationRenamed, &name).with(format!("to {to}"));
            let begun = service.history.begin_rename(&name, &to, Some(&note)).await;
            if let Err(error) = begun {
                return Err(service.instead(&name, error).await);
            }
            // Decided: what fails here is finished by the next start.
            if let Err(error) = service.finish_renames().await {
                return Err(service.instead(&to, error).await);
            }
            service.take_back(&to).await?;
            service.station(&to)
        })
        .await
    }

    /// Takes a station away: it is at work no more, and what it judged stays.
    ///
    /// # Errors
    /// There is no such station; one that is configured, or of which a job is not over.
    pub async fn remove_station(self: &Arc<Self>, name: &str, by: Actor) -> Result<()> {
        let (service, name) = (Arc::clone(self), name.to_owned());
        whole(async move {
            let _making = service.making.lock().await;
            service.take_out(&name).await?;
            let note = Note::new(by, Deed::StationRemoved, &name);
            if let Err(error) = service.history.remove_station(&name, Some(&note)).await {
                return Err(service.instead(&name, error).await);
            }
            if let Err(error) = service.data.remove_training(&name) {
                tracing::warn!("trainings of station {name} still lie there: {error}");
            }
            Ok(())
        })
        .await
    }

    /// Why a station cannot be changed from a page, if it cannot: it is configured.
    ///
    /// # Errors
    /// It is.
    pub fn check_changeable(&self, station: &Station) -> Result<()> {
        if !self.configured.contains(&station.name) {
            return Ok(());
        }
        let sentence = match &self.configuration_file {
            Some(file) => {
                Sentence::new("refused-configured").with("file", file.display().to_string())
            }
            None => Sentence::new("refused-by-options"),
        };
        let sentence = sentence.with("station", &station.name);
        Err(Error::of(Kind::Mismatch, sentence))
    }

    /// Ends the work of a station, once what waits is judged.
    async fn take_out(&self, name: &str) -> Result<()> {
        let station = self.station(name)?;
        self.check_changeable(&station)?;
        // Who asks for a job from now on finds no station.
        self.versions.take_out(name).await;
        if let Err(error) = self.jobs.check_none(name).await {
            self.versions.add(Arc::clone(&station.post));
            return Err(error);
        }
        self.let_go(name);
        station.queue.end();
        let until = Instant::now() + AT_THE_END;
        while !self.has_ended(name) {
            // What it is still judging would be kept under a name that is no more.
            if Instant::now() > until {
                let sentence = Sentence::new("refused-still-judging").with("station", name);
                return Err(self.instead(name, Error::of(Kind::Full, sentence)).await);
            }
            tokio::time::sleep(LOOK).await;
        }
        self.metrics.forget(name);
        self.misses.forget(name);
        self.keeping.forget(name);
        if let Some(model) = station.model() {
            self.metrics.model_ends(name, &model.version);
        }
        Ok(())
    }

    /// Whoever asks for it from now on finds no such station.
    fn let_go(&self, name: &str) {
        let mut stations = (self.stations.write()).unwrap_or_else(PoisonError::into_inner);
        stations.remove(name);
    }

    /// Whether nobody judges for a station any more. Who still does is waited for at the service's end too.
    fn has_ended(&self, name: &str) -> bool {
        let mut workers = (self.workers.lock()).unwrap_or_else(PoisonError::into_inner);
        workers.retain(|(one, worker)| one != name || !worker.is_finished());
        workers.iter().all(|(one, _)| one != name)
    }

    /// Puts a station to work again, whose work was ended; a database that is away or full is waited for.
    async fn take_back(&self, name: &str) -> Result<()> {
        let asked = StationConfiguration::named(name);
        loop {
            let taken = self.take_in(&asked, None).await;
            if !self.may_again(&taken).await {
                self.keeping.begin(name).await;
                return taken.map(drop);
            }
        }
    }

    /// Puts a station to work again after a change that failed; why it did.
    async fn instead(&self, name: &str, error: Error) -> Error {
        if let Err(again) = self.take_back(name).await {
            tracing::error!("station {name} is not at work until the next start: {again}");
        }
        error
    }

    /// What is begun is decided: a database that is away or full is waited for, and what else fails is tried some times.
    async fn finish_renames(&self) -> Result<()> {
        let mut tries = 1;
        loop {
            let finished = finish_renames(&self.history, &self.data).await;
            if finished.is_ok() {
                return finished;
            }
            if !self.may_again(&finished).await {
                if tries == TRIES {
                    return finished;
                }
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Whether what failed can be tried again: once the database is there again, or after a while.
    async fn may_again<T>(&self, done: &Result<T>) -> bool {
        match done.as_ref().map_err(Error::kind) {
            Err(Kind::Away) => self.history.until_there().await,
            Err(Kind::NoRoom) => tokio::time::sleep(PAUSE).await,
            _ => return false,
        }
        true
    }
}

/// Brings along what stations have that get another name: at once, and at the start if a kill came between.
pub(super) async fn finish_renames(history: &History, data: &Data) -> Result<()> {
    for [from, to] in history.renames().await? {
        // First: once the rows are moved, nothing tells the old name any more.
        if let Err(error) = data.rename_training(&from, &to) {
            tracing::warn!("trainings of station {from} begin anew: {error}");
        }
        history.finish_rename(&from, &to).await?;
    }
    Ok(())
}

/// Work that is done to its end, even if whoever asked for it goes away.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| Error::internal(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use oddspot::Options;

    use super::super::workshop::spawn;
    use super::*;
    use crate::configuration::Configuration;
    use crate::history::Source;
    use crate::judging::Task;

    async fn started(folder: &tempfile::TempDir) -> (Arc<Service>, super::super::Work) {
        let configuration = Configuration::default();
        let until = Instant::now() + AT_THE_END;
        loop {
            let data = match Data::open(&folder.path().join("data")) {
                // What the one before began beside its work may hold the folder for a moment.
                Err(error) if error.kind() == Kind::Mismatch && Instant::now() < until => {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                data => data.unwrap(),
            };
            let started = Service::start(&configuration, data, Options::default());
            return started.await.unwrap();
        }
    }

    async fn until(done: impl Fn() -> bool) {
        let until = Instant::now() + AT_THE_END;
        while !done() {
            assert!(Instant::now() < until, "it did not come");
            tokio::time::sleep(LOOK).await;
        }
    }

    #[tokio::test]
    async fn trainings_go_along_wherever_a_kill_comes_between() {
        let folder = tempfile::tempdir().unwrap();
        let (service, work) = started(&folder).await;
        for name in ["top", "side"] {
            let made = service.create_station(name, Actor::terminal());
            made.await.unwrap();
            let training = service.data.training(name).unwrap();
            std::fs::write(training.join("step"), name).unwrap();
        }
        for (from, to) in [("top", "up"), ("side", "left")] {
            let begun = service.history.begin_rename(from, to, None);
            begun.await.unwrap();
        }
        // Of one the folder has its new name already, of the other nothing has.
        service.data.rename_training("side", "left").unwrap();
        service.end(work).await;
        drop(service);
        for _ in 0..2 {
            let (service, work) = started(&folder).await;
            let names = service.stations().into_iter().map(|one| one.name.clone());
            assert_eq!(names.collect::<Vec<_>>(), ["left", "up"]);
            let trainings = folder.path().join("data/training");
            let step = |name: &str| std::fs::read_to_string(trainings.join(name).join("step"));
            assert_eq!(step("up").unwrap(), "top");
            assert_eq!(step("left").unwrap(), "side");
            assert!(!trainings.join("top").exists() && !trainings.join("side").exists());
            service.end(work).await;
        }
    }

    /// An image that was sent.
    fn sent() -> Task {
        Task {
            bytes: Vec::new().into(),
            part_id: None,
            source: Source::Http,
            token: None,
            sender: None,
            file: None,
            idempotency_key: None,
            since: Instant::now(),
        }
    }

    #[tokio::test]
    async fn who_judges_anew_waits_for_who_still_does() {
        let folder = tempfile::tempdir().unwrap();
        let (service, work) = started(&folder).await;
        let made = service.create_station("top", Actor::terminal());
        let station = made.await.unwrap();
        station.queue.end();
        until(|| service.has_ended("top")).await;
        let turn = service.workshop.turn("top").lock_owned().await;
        // As after a change that was refused, for an image took long.
        service.take_back("top").await.unwrap();
        let again = service.station("top").unwrap();
        let mut told = again.queue.enter(sent()).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(told.try_recv().is_err() && again.queue.waiting() == 1);
        drop(turn);
        let refused = told.await.unwrap().unwrap_err();
        assert_eq!(refused.kind(), Kind::NoModel);
        again.queue.end();
        until(|| service.has_ended("top")).await;
        service.workshop.turn("side");
        assert_eq!(service.workshop.turns.lock().unwrap().len(), 1);
        service.end(work).await;
    }

    #[tokio::test]
    async fn who_still_judges_is_known_until_the_image_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let (service, work) = started(&folder).await;
        let made = service.create_station("top", Actor::terminal());
        let station = made.await.unwrap();
        let (image, judged) = mpsc::channel::<()>();
        let busy = spawn("busy", move || {
            judged.recv().ok();
        });
        let busy = busy.unwrap();
        let workers = || service.workers.lock().unwrap().len();
        (service.workers.lock().unwrap()).push(("top".to_owned(), busy));
        assert_eq!((service.has_ended("top"), workers()), (false, 2));
        assert!(service.has_ended("side"));
        station.queue.end();
        until(|| !service.has_ended("top") && workers() == 1).await;
        drop(image);
        until(|| service.has_ended("top")).await;
        assert_eq!(workers(), 0);
        service.end(work).await;
    }
}

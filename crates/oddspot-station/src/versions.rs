//! The models of stations: brought, verified before one becomes active, and rolled back.

mod looking;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use oddspot::model::ImageRecord;
use tokio::sync::Mutex;

use crate::error::{Error, Kind, Result};
use crate::history::{Actor, Deed, History, Note, Origin, Truth, VersionSource};
use crate::judging::{Model, Models, Post};
use crate::metrics::Metrics;
use crate::words::Sentence;
pub use verify::Proof;
use verify::verify;

/// The models of stations.
pub struct Versions {
    history: Arc<History>,
    models: Arc<Models>,
    metrics: Arc<Metrics>,
    posts: RwLock<BTreeMap<String, Arc<Post>>>,
    /// Held by who makes a model active: one at a time.
    switching: Mutex<()>,
}

/// What came of a model that was brought.
#[derive(Clone, Debug)]
pub struct Brought {
    /// Its SHA-256.
    pub sha256: String,
    /// Whether it became active: it is the station's first.
    pub is_active: bool,
    /// Why it did not, though it is the first.
    pub refused: Option<Error>,
}

impl Versions {
    /// Of no station yet.
    pub fn new(history: Arc<History>, models: Arc<Models>, metrics: Arc<Metrics>) -> Self {
        Self {
            history,
            models,
            metrics,
            posts: RwLock::default(),
            switching: Mutex::default(),
        }
    }

    /// How models are made ready.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// Takes in a station.
    pub fn add(&self, post: Arc<Post>) {
        let mut posts = self.posts.write().unwrap_or_else(PoisonError::into_inner);
        posts.insert(post.name.clone(), post);
    }

    /// Lets go of a station: nothing becomes active there any more.
    pub async fn take_out(&self, station: &str) {
        let _switching = self.switching.lock().await;
        let mut posts = self.posts.write().unwrap_or_else(PoisonError::into_inner);
        posts.remove(station);
    }

    /// What judges at a station.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn post(&self, station: &str) -> Result<Arc<Post>> {
        let posts = self.posts.read().unwrap_or_else(PoisonError::into_inner);
        posts.get(station).map(Arc::clone).ok_or_else(|| {
            let sentence = Sentence::new("refused-no-station").with("station", station);
            Error::of(Kind::NotFound, sentence)
        })
    }

    /// Keeps a model's file as one of a station's models. The first becomes active if it verifies.
    ///
    /// # Errors
    /// A file that is no usable model.
    pub async fn bring(
        self: &Arc<Self>,
        station: &str,
        file: PathBuf,
        origin: Origin,
        by: Option<Actor>,
    ) -> Result<Brought> {
        let post = self.post(station)?;
        let models = Arc::clone(&self.models);
        let model = blocking(move || models.bring(&file))
            .await
            .inspect_err(|error| {
                tracing::warn!("{station}: a model that was brought is refused: {error}");
            })?;
        let sha256 = model.version.sha256.clone();
        let origin = Origin {
            good_images: Some(model.detector.header().good_images()),
            ..origin
        };
        let note =
            by.map(|by| Note::new(by, Deed::ModelSent, station).with(format!("{sha256:.12}")));
        self.history
            .add_version(station, &model.version, &origin, note.as_ref())
            .await?;
        if let Some(active) = post.model() {
            return Ok(Brought {
                is_active: active.version.sha256 == sha256,
                sha256,
                refused: None,
            });
        }
        let activated = self.activate(station, &sha256, None).await;
        Ok(Brought {
            sha256,
            is_active: activated.is_ok(),
            refused: activated.err(),
        })
    }

    /// Makes a model of a station active, once it has shown that it judges here as when it was made.
    ///
    /// # Errors
    /// The station has no such model; one that cannot be used or does not verify: the one before stays active.
    pub async fn activate(
        self: &Arc<Self>,
        station: &str,
        sha256: &str,
        by: Option<Actor>,
    ) -> Result<()> {
        let post = self.post(station)?;
        let version = self.history.version(station, sha256).await?;
        let versions = Arc::clone(self);
        let note =
            by.map(|by| Note::new(by, Deed::ModelActivated, station).with(format!("{sha256:.12}")));
        whole(async move {
            let _switching = versions.switching.lock().await;
            versions.post(&post.name)?;
            versions.switch(&post, &version.sha256, note.as_ref()).await
        })
        .await
        .inspect_err(|error| tracing::warn!("{station}: a model was not made active: {error}"))
    }

    /// Makes a model active that verifies, for who holds `switching`; by a person if there is a note.
    async fn switch(&self, post: &Post, sha256: &str, note: Option<&Note>) -> Result<()> {
        let model = self.verified(sha256).await?;
        let now = self.history.activations(&post.name).await?;
        if now.first().is_none_or(|one| one.model != sha256) {
            self.history
                .activate(&post.name, sha256, note.is_some(), note)
                .await?;
        } else if let Some(note) = note {
            self.history.note(note).await?;
        }
        self.judge_by(post, model);
        Ok(())
    }

    /// Makes the model active again that was before, and gives its SHA-256.
    ///
    /// # Errors
    /// There was none; one that cannot be used or does not verify any more.
    pub async fn roll_back(self: &Arc<Self>, station: &str, by: Actor) -> Result<String> {
        let post = self.post(station)?;
        let versions = Arc::clone(self);
        whole(async move {
            let _switching = versions.switching.lock().await;
            let station = &post.name;
            versions.post(station)?;
            let before = versions.before(station).await?.ok_or_else(|| {
                let sentence = Sentence::new("refused-no-other").with("station", station);
                Error::of(Kind::Mismatch, sentence)
            })?;
            let model = versions.verified(&before.model).await?;
            let note = Note::new(by, Deed::ModelRolledBack, station);
            let note = note.with(format!("to {:.12}", before.model));
            versions
                .history
                .roll_back(station, &before.model, Some(&note))
                .await?;
            versions.judge_by(&post, model);
            Ok(before.model)
        })
        .await
    }

    /// Makes a new model of the active one by other thresholds (anomalous, check), and lets it judge; gives its SHA-256.
    /// `of` is the SHA-256 of the model that the thresholds were chosen for; the new one is made in the folder.
    ///
    /// # Errors
    /// Another model that is active by now; thresholds in the wrong order, or that are those already; a station without
    /// a model.
    pub async fn move_thresholds(
        self: &Arc<Self>,
        station: &str,
        of: String,
        thresholds: [f64; 2],
        (folder, by): (PathBuf, Actor),
    ) -> Result<String> {
        let post = self.post(station)?;
        let versions = Arc::clone(self);
        whole(async move {
            // From the look at what is active on: nobody else switches in between.
            let _switching = versions.switching.lock().await;
            versions.post(&post.name)?;
            let moved = versions.moved(&post, &of, thresholds, folder).await?;
            let [threshold, check] = thresholds;
            let note = Note::new(by, Deed::ThresholdsSaved, &post.name);
            let note = note.with(format!(
                "{threshold:.3} and {check:.3}, as model {moved:.12}"
            ));
            versions.switch(&post, &moved, Some(&note)).await?;
            Ok(moved)
        })
        .await
    }

    /// A new model of the active one by other thresholds, for who holds `switching`.
    async fn moved(
        self: &Arc<Self>,
        post: &Post,
        of: &str,
        [threshold, check]: [f64; 2],
        folder: PathBuf,
    ) -> Result<String> {
        let station = &post.name;
        let active = post.model().ok_or_else(|| {
            let sentence = Sentence::new("refused-no-model").with("station", station);
            Error::of(Kind::NoModel, sentence)
        })?;
        if active.version.sha256 != of {
            let sentence = Sentence::new("refused-other-model").with("station", station);
            let sentence = sentence.with("now", format!("{:.12}", active.version.sha256));
            return Err(Error::of(
                Kind::Mismatch,
                sentence.with("of", format!("{of:.12}")),
            ));
        }
        let invalid = |key| Err(Error::of(Kind::Invalid, Sentence::new(key)));
        if !(threshold.is_finite() && check.is_finite()) {
            return invalid("refused-thresholds-finite");
        }
        if check > threshold {
            return invalid("refused-thresholds-order");
        }
        if active.version.thresholds == [threshold, check] {
            return invalid("refused-thresholds-same");
        }
        let before = active.version.sha256.clone();
        let labelled = self.history.labelled(station, &before).await?;
        let bad = (labelled.parts.into_iter()).filter(|one| one.truth == Truth::Bad);
        let bad: Vec<ImageRecord> = bad
            .map(|one| ImageRecord {
                name: one.name,
                sha256: one.image,
            })
            .collect();
        let path = self.models.path(&before);
        let file = blocking(move || {
            let mut model = oddspot::Model::load(&path)?;
            let moved = (model.header.thresholds).at_scores(Some(threshold), Some(check));
            model.header.give_thresholds(moved, bad);
            // A name of its own: a station may be asked twice at a time.
            let file = tempfile::Builder::new()
                .prefix(".thresholds.")
                .suffix(".tmp")
                .tempfile_in(&folder)
                .map_err(Error::io(&folder))?
                .into_temp_path();
            model.save(&file)?;
            Ok(file)
        })
        .await?;
        let version = self.history.version(station, &before).await?;
        let origin = Origin {
            source: VersionSource::Thresholds,
            based_on: Some(before),
            mask: version.mask,
            ..Origin::default()
        };
        let brought = self
            .bring(station, file.to_path_buf(), origin, None)
            .await?;
        Ok(brought.sha256)
    }

    /// The model that judges for a station from its start on: the file that the configuration names if it is another
    /// than at the last start, else the one that was active last. Tells whether it is another than before.
    ///
    /// # Errors
    /// A file of the configuration that is no usable model.
    pub async fn begin(self: &Arc<Self>, post: &Post, file: Option<&Path>) -> Result<bool> {
        let station = &post.name;
        let row = self.history.station(station).await?;
        let active = row.as_ref().and_then(|row| row.model.clone());
        let Some(file) = file else {
            if let Some(sha256) = active {
                self.go_on(post, sha256).await;
            }
            return Ok(false);
        };
        let (models, path) = (Arc::clone(&self.models), file.to_owned());
        let configured = blocking(move || models.bring(&path)).await?;
        let version = &configured.version;
        let name = file.file_name().map(|name| name.to_string_lossy().into());
        let origin = Origin {
            source: VersionSource::File,
            file: name,
            good_images: Some(configured.detector.header().good_images()),
            ..Origin::default()
        };
        self.history
            .add_version(station, version, &origin, None)
            .await?;
        let is_as_before = row.and_then(|row| row.configured_model) == Some(version.sha256.clone());
        if let (true, Some(active)) = (is_as_before, active.clone()) {
            // A person may have chosen another meanwhile: that holds until the file changes.
            self.go_on(post, active).await;
            return Ok(false);
        }
        let is_another = active.as_ref() != Some(&version.sha256);
        if is_another {
            self.history
                .activate(station, &version.sha256, false, None)
                .await?;
        }
        self.history
            .set_configured_model(station, &version.sha256)
            .await?;
        self.judge_by(post, configured);
        Ok(is_another)
    }

    /// Lets the model judge that did last. One that cannot be used any more must not keep other stations from judging:
    /// this one begins without.
    async fn go_on(&self, post: &Post, sha256: String) {
        let (models, wanted) = (Arc::clone(&self.models), sha256.clone());
        match blocking(move || models.get(&wanted)).await {
            Ok(model) => self.judge_by(post, model),
            Err(error) => post.begin_without(&sha256, &error),
        }
    }

    fn judge_by(&self, post: &Post, model: Arc<Model>) {
        let before = post.model();
        self.metrics.model(
            &post.name,
            &model.version,
            before.as_ref().map(|before| &before.version),
        );
        post.set_model(model);
    }

    /// Refuses a model that does not judge here as when it was made.
    ///
    /// # Errors
    /// It does not, or cannot be used.
    pub async fn prove(&self, sha256: &str) -> Result<()> {
        self.verified(sha256).await.map(drop)
    }

    async fn verified(&self, sha256: &str) -> Result<Arc<Model>> {
        let (models, sha256) = (Arc::clone(&self.models), sha256.to_owned());
        blocking(move || {
            let model = models.fresh(&sha256)?;
            verify(&model)?;
            Ok(model)
        })
        .await
    }
}

/// Work that would keep requests from being served.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(error.to_string()))?
}

/// Work that is done to its end, even if whoever asked for it goes away.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work)
        .await
        .map_err(|error| Error::internal(error.to_string()))?
}

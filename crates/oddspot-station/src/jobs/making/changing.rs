//! Models made of the active one: by more good images, or by other thresholds.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use oddspot::images::Source;
use oddspot::judge::Scored;
use oddspot::train::{Extended, GoodImages, Progress};
use oddspot::verdict::Doubts;
use oddspot::{Detector, Extension, Model, Options, Subject};

use super::super::beside::{beside, by_the_service};
use super::super::outcome::Outcome;
use super::{Making, library_of, pool, threads, words_of};
use crate::error::{Error, Kind, Result};
use crate::good::LEAST;
use crate::history::{Job, ManifestRow, Origin, Stage, Version, VersionSource};
use crate::prices::Share;
use crate::versions::Brought;
use crate::words::{Gap, Sentence, of_doubt};

/// Where images are checked, and where they are judged, as shares of all of it.
const CHECKED: f64 = 0.1;
const JUDGED: f64 = 0.9;

/// What is changed.
struct Base {
    version: Version,
    model: Model,
}

impl Making<'_> {
    /// Adds the station's good images to what its active model knows.
    ///
    /// # Errors
    /// No model, no new image, images of which the model calls most not good; [`Kind::Ending`] if it is to end.
    pub(super) fn extend(&self, job: &Job) -> Result<String> {
        let Base { version, model } = self.base(job)?;
        let given = self.given(job, &model.header.settings)?;
        let scratch = self.data.training(&job.station)?;
        let library = library_of(self.versions);
        let mut observer = |progress: &Progress| match *progress {
            Progress::Preparing { done, total } => {
                let stage = Stage::Prepares { done, total };
                self.running
                    .is_at(part(CHECKED, JUDGED, done, total), stage)
            }
            _ => ControlFlow::Continue(()),
        };
        let extension = Extension::new(model, given.images.clone())
            .library(library)
            .threads(threads())
            .scratch(scratch)
            .observe(&mut observer);
        let mut extended = beside(|| extension.run().map_err(nothing_new))?;
        self.call_by_names(job, &mut extended)?;
        let doubts = self.meant(job, extended.doubts())?;
        let origin = Origin {
            source: VersionSource::Job,
            ..origin(job, &version)
        };
        let brought = self.proven(job, &extended.model, origin)?;
        let (added, known) = (extended.new, extended.known.len() + given.copies.len());
        self.came_to(&Outcome::Extended {
            added,
            known,
            doubts,
        })?;
        Ok(format!(
            "{added} good images were added to model {:.12}; {}",
            version.sha256,
            words_of(&brought)
        ))
    }

    /// Sets the active model's thresholds by good images that it has not learned from, and by labelled parts.
    ///
    /// # Errors
    /// No model, too few such images, images that are most untrusted or raise the threshold steeply; [`Kind::Ending`] if
    /// it is to end.
    pub(super) fn calibrate(&self, job: &Job) -> Result<String> {
        let Base { version, mut model } = self.base(job)?;
        let [good, bad] = self.labelled(job)?;
        let good = self.once(good, &model)?;
        let options = Options {
            threads: threads(),
            ..self.versions.models().options().clone()
        };
        let of_detector = model.clone();
        let limits = self.versions.models().limits();
        let detector = beside(|| Ok(Detector::new(of_detector, options)?.with_limits(limits)))?;
        let images = good.train.len() + bad.len();
        let score = |sources: &[Source], before: usize| -> Result<Vec<Scored>> {
            beside(|| {
                let scored = detector.scores(sources, &good.root, |done, _| {
                    let (done, total) = (before + done, images);
                    let stage = Stage::Judges { done, total };
                    self.running
                        .is_at(part(CHECKED, JUDGED, done, total), stage)
                });
                Ok(scored?)
            })
        };
        let of_good = score(&good.train, 0)?;
        let of_bad = score(&bad, good.train.len())?;
        if of_good.len() < LEAST {
            let sentence = Sentence::new("refused-few-new")
                .with("good", of_good.len())
                .with("model", format!("{:.12}", version.sha256))
                .with("least", LEAST);
            return Err(Error::of(Kind::Invalid, sentence));
        }
        let thresholds = model.header.thresholds_by(&of_good)?;
        let doubts = model.header.doubts(&of_good, thresholds.image);
        let doubts = self.meant(job, doubts)?;
        let (now, threshold) = ([thresholds.image, thresholds.check], thresholds.image);
        let is_stopped =
            |one: &&Scored| !one.health.is_trusted() || f64::from(one.score) > threshold;
        let stopped = |all: &[Scored]| all.iter().filter(is_stopped).count();
        let outcome = Outcome::Calibrated {
            before: [version.threshold, version.check_threshold],
            thresholds: now,
            false_alarms: Share::of(stopped(&of_good), of_good.len()),
            misses: Share::of(of_bad.len() - stopped(&of_bad), of_bad.len()),
            doubts,
        };
        model
            .header
            .calibrate(thresholds, [false, false], &of_good, &of_bad);
        let origin = Origin {
            source: VersionSource::Thresholds,
            ..origin(job, &version)
        };
        let brought = self.proven(job, &model, origin)?;
        self.came_to(&outcome)?;
        Ok(format!(
            "thresholds {:.3} and {:.3} were set by {} good images; {}",
            now[0],
            now[1],
            of_good.len(),
            words_of(&brought)
        ))
    }

    /// The active model as its file is.
    fn base(&self, job: &Job) -> Result<Base> {
        let station = &job.station;
        let active = self.versions.post(station)?.model().ok_or_else(|| {
            let sentence = Sentence::new("refused-no-model").with("station", station);
            Error::of(Kind::NoModel, sentence)
        })?;
        let sha256 = &active.version.sha256;
        let version = self.history.version(station, sha256);
        let version = self.runtime.block_on(version)?;
        let models = self.versions.models();
        models.check(sha256)?;
        Ok(Base {
            model: Model::load(&models.path(sha256))?,
            version,
        })
    }

    /// Files of the good images and of parts labelled good, and of those labelled bad.
    fn labelled(&self, job: &Job) -> Result<[Vec<Source>; 2]> {
        let rows = self.runtime.block_on(self.history.manifest(&job.station))?;
        let all = self.history.good_images(&job.station);
        let all = self.runtime.block_on(all)?;
        let left_out: HashSet<String> = (all.into_iter().filter(|one| one.left_out))
            .map(|one| one.image)
            .collect();
        let (good, bad): (Vec<_>, Vec<_>) = (rows.into_iter())
            .filter(|row| row.is_bad() || !left_out.contains(&row.kept.sha256))
            .partition(|row| !row.is_bad());
        Ok([good, bad].map(|rows: Vec<ManifestRow>| {
            let files = rows.iter().map(|row| self.data.image(&row.kept));
            files.map(Source::file).collect()
        }))
    }

    /// Good images, those of the same pixels once.
    fn once(&self, files: Vec<Source>, model: &Model) -> Result<GoodImages> {
        let total = files.len();
        let images = GoodImages {
            train: files,
            held_out: Vec::new(),
            root: self.data.images(),
        };
        let reading = model.header.settings.reading();
        let once = beside(|| {
            pool()?.install(|| {
                let once = images.each_once(reading, |done, _| {
                    let stage = Stage::Checks { done, total };
                    self.running.is_at(part(0.0, CHECKED, done, total), stage)
                });
                Ok(once?)
            })
        });
        let (images, _) = once?.ok_or_else(super::broken_off)?;
        Ok(images)
    }

    /// Calls images that the model does not know as good by the names that people gave them.
    fn call_by_names(&self, job: &Job, extended: &mut Extended) -> Result<()> {
        let all = self.history.good_images(&job.station);
        let all = self.runtime.block_on(all)?;
        let names: HashMap<String, String> =
            all.into_iter().map(|one| (one.image, one.file)).collect();
        for odd in &mut extended.odd {
            if let Some(name) = names.get(&odd.record.sha256) {
                odd.record.name.clone_from(name);
            }
        }
        Ok(())
    }

    /// What speaks against it; refused where that is much and nobody said that it is meant.
    fn meant(&self, job: &Job, doubts: Doubts) -> Result<Vec<Gap>> {
        let kept = doubts.all.iter().map(|one| of_doubt(one).into()).collect();
        if !doubts.are_grave || job.force {
            return Ok(kept);
        }
        let reason = format!(
            "{}; nothing was changed: look at the images, and ask again with \"force\" if that is meant",
            doubts.words().join("; ")
        );
        self.came_to(&Outcome::Refused { doubts: kept })?;
        Err(Error::new(Kind::Mismatch, reason))
    }

    /// Keeps a model as one of the station's, once it has shown that it judges here as where it was made.
    fn proven(&self, job: &Job, model: &Model, origin: Origin) -> Result<Brought> {
        let brought = self.bring(job, model, origin)?;
        let (versions, sha256) = (Arc::clone(self.versions), brought.sha256.clone());
        by_the_service(self.runtime, async move { versions.prove(&sha256).await })?;
        Ok(brought)
    }

    /// Notes what came of it.
    pub(super) fn came_to(&self, outcome: &Outcome) -> Result<()> {
        let kept = serde_json::to_value(outcome);
        let kept = kept.map_err(|error| Error::internal(error.to_string()))?;
        self.running.note(|job| job.result = Some(kept));
        Ok(())
    }
}

/// Why a model was not extended: of images that can be used, because none is new.
fn nothing_new(error: oddspot::Error) -> Error {
    let is_it = error.subject() == &Subject::Dataset && error.path().is_none();
    let error = Error::from(error);
    match is_it && error.kind() == Kind::Invalid {
        true => error.meaning(Sentence::new("refused-nothing-new")),
        false => error,
    }
}

/// Where a model comes from that is made of a version.
fn origin(job: &Job, version: &Version) -> Origin {
    Origin {
        job: Some(job.id),
        based_on: Some(version.sha256.clone()),
        mask: version.mask.clone(),
        ..Origin::default()
    }
}

/// How far it is between two shares.
fn part(from: f64, to: f64, done: usize, total: usize) -> f64 {
    from + (to - from) * done as f64 / total.max(1) as f64
}

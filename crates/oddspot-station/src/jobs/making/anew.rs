//! Labelled parts judged by models that did not judge them when they came.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use oddspot::{Detector, Options};

use super::super::beside::{beside, by_the_service};
use super::super::outcome::Outcome;
use super::{Making, broken_off, threads};
use crate::error::{Error, Kind, Result};
use crate::history::{Anew, Job, LabelledImage, Stage};
use crate::words::{Gap, of_file};

/// What came of judging.
#[derive(Default)]
pub(super) struct Counts {
    judged: usize,
    pub(super) failed: usize,
    pub(super) why: Option<Gap>,
}

impl Counts {
    /// One could not be judged.
    pub(super) fn fail(&mut self, image: &LabelledImage, error: &Error) {
        self.failed += 1;
        let why = || of_file(Path::new(&image.name), error.meant()).into();
        self.why.get_or_insert_with(why);
    }
}

impl Making<'_> {
    /// Judges the labelled parts of a station by the models that the job is about, as far as they were not: nothing is
    /// judged twice.
    ///
    /// # Errors
    /// A model that cannot be used; [`Kind::Ending`] if it is to end: what was judged is kept.
    pub(super) fn judge_anew(&self, job: &Job) -> Result<String> {
        let images = self.history.labelled_images(&job.station);
        let images = self.runtime.block_on(images)?;
        let mut open = Vec::new();
        for model in &job.models {
            let known = self.history.by_model(&job.station, model);
            let known = self.runtime.block_on(known)?;
            let missing = |one: &&LabelledImage| !known.contains_key(&one.kept.sha256);
            let missing: Vec<&LabelledImage> = images.iter().filter(missing).collect();
            open.push((model, missing));
        }
        let total = open.iter().map(|(_, missing)| missing.len()).sum();
        let mut counts = Counts::default();
        for (model, missing) in open {
            if !missing.is_empty() {
                beside(|| self.judge_all(model, &missing, (&mut counts, total)))?;
            }
        }
        let Counts {
            judged,
            failed,
            why,
        } = counts;
        let not = match &why {
            Some(why) => format!("; {failed} could not be: {why}"),
            None => String::new(),
        };
        self.came_to(&Outcome::Judged {
            judged,
            failed,
            why,
        })?;
        Ok(format!("{judged} labelled parts were judged anew{not}"))
    }

    /// Judges images by a model; an image that cannot be judged costs no other.
    fn judge_all(
        &self,
        model: &str,
        images: &[&LabelledImage],
        (counts, total): (&mut Counts, usize),
    ) -> Result<()> {
        let detector = self.detector(model)?;
        let learned = detector.header().learned_images();
        let learned: HashSet<&str> = learned.map(|record| record.sha256.as_str()).collect();
        for image in images {
            let done = counts.judged + counts.failed;
            let share = done as f64 / total.max(1) as f64;
            let flow = self.running.is_at(share, Stage::Judges { done, total });
            if flow.is_break() {
                return Err(broken_off());
            }
            match self.judged(&detector, image) {
                Ok(anew) => {
                    self.keep_anew(Anew {
                        model: model.to_owned(),
                        is_learned: learned.contains(image.kept.sha256.as_str()),
                        ..anew
                    })?;
                    counts.judged += 1;
                }
                Err(error) => counts.fail(image, &error),
            }
        }
        Ok(())
    }

    /// A model as its file is now, that gives way to judging.
    ///
    /// # Errors
    /// One that is damaged.
    pub(super) fn detector(&self, model: &str) -> Result<Detector> {
        let models = self.versions.models();
        models.check(model)?;
        let options = Options {
            threads: threads(),
            ..models.options().clone()
        };
        Ok(Detector::load(&models.path(model), options)?.with_limits(models.limits()))
    }

    /// What a labelled image is now.
    ///
    /// # Errors
    /// One that cannot be read or judged.
    pub(super) fn judged(&self, detector: &Detector, image: &LabelledImage) -> Result<Anew> {
        let file = self.data.image(&image.kept);
        let bytes = std::fs::read(&file).map_err(Error::io(&file))?;
        let name = Path::new(&image.name);
        let picture = detector.reading().decode_bytes(&bytes, name)?;
        let finding = detector.examine(&picture.image)?.finding;
        Ok(Anew {
            model: String::new(),
            image: image.kept.sha256.clone(),
            verdict: finding.verdict,
            score: f64::from(finding.score),
            is_learned: false,
        })
    }

    /// By the service: who is less urgent must not hold what the line writes with.
    fn keep_anew(&self, anew: Anew) -> Result<()> {
        let history = Arc::clone(self.history);
        by_the_service(self.runtime, async move {
            loop {
                match history.add_anew(&anew).await {
                    Err(error) if error.kind() == Kind::Away => history.until_there().await,
                    kept => return kept,
                }
            }
        })
    }
}

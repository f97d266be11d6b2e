//! A detector's model changed by images: its thresholds set anew, or more good images learned.

use std::path::Path;

use oddspot::datasets::Label;
use oddspot::images::{Source, check_all};
use oddspot::judge::{self, Scored, pool};
use oddspot::train::{GoodImages, Progress};
use oddspot::verdict::{Doubts, Thresholds};
use oddspot::{Error, Extension, Model, Result};
use oddspot_measure::report::Verdicts;

use crate::conducting::Teller;
use crate::held::{Held, library};

/// What a model is changed by.
pub struct By<'a> {
    /// What it was.
    pub held: &'a Held,
    /// Threads to compute with.
    pub threads: usize,
    /// Whether images are taken whatever speaks against them.
    pub force: bool,
    /// Is told how far it is.
    pub teller: &'a Teller<'a>,
}

/// A model that was changed.
pub struct Changed {
    /// None where too much speaks against it.
    pub held: Option<Held>,
    /// What speaks against the images.
    pub doubts: Doubts,
}

impl By<'_> {
    /// Sets the thresholds anew by good images, for these rates of anomalous images and of others to be checked, or the
    /// model's; gives what the thresholds make of good and bad ones.
    ///
    /// # Errors
    /// Images that cannot be used, too few of them.
    pub fn calibrate(
        &self,
        (good, bad): (GoodImages, &[Source]),
        rates: [Option<f64>; 2],
    ) -> Result<(Changed, Verdicts)> {
        let detector = &*self.held.detector;
        let mut model = Model::clone(&self.held.model);
        let good = self.each_once(good)?;
        self.check(bad)?;
        let good = self.scores(detector, "good images", (&good.train, &good.root))?;
        let bad = self.scores(detector, "bad images", (bad, Path::new("")))?;
        let by_rates = model.header.thresholds_by(&good)?;
        let thresholds = match rates {
            [None, None] => by_rates,
            [anomalous, check] => by_rates.at_rates(anomalous, check)?,
        };
        let doubts = model.header.doubts(&good, thresholds.image);
        let verdicts = costs(&thresholds, &good, &bad);
        model.header.calibrate(thresholds, [false; 2], &good, &bad);
        Ok((self.changed(model, doubts)?, verdicts))
    }

    /// Adds good images; gives how many are new, and how many were known.
    ///
    /// # Errors
    /// A model that can learn no more, images that cannot be used, none that is new.
    pub fn extend(&self, good: GoodImages) -> Result<(Changed, [usize; 2])> {
        let good = self.each_once(good)?;
        let mut observer = |event: &Progress| match *event {
            Progress::Preparing { done, total } => self.teller.tell("looking", done, total),
            _ => self.teller.flow(),
        };
        let extended = Extension::new(Model::clone(&self.held.model), good)
            .library(library())
            .threads(self.threads)
            .observe(&mut observer)
            .run()?;
        let counts = [extended.new, extended.known.len()];
        let doubts = extended.doubts();
        Ok((self.changed(extended.model, doubts)?, counts))
    }

    fn changed(&self, model: Model, doubts: Doubts) -> Result<Changed> {
        let is_taken = self.force || !doubts.are_grave;
        let held = is_taken
            .then(|| Held::of(model, self.threads))
            .transpose()?;
        Ok(Changed { held, doubts })
    }

    /// The same images, each once, all of them usable.
    fn each_once(&self, good: GoodImages) -> Result<GoodImages> {
        let progress = |done, total| self.teller.tell("checking", done, total);
        let reading = self.held.detector.reading();
        let kept = pool(self.threads)?.install(|| good.each_once(reading, progress))?;
        let (kept, _copies) = kept.ok_or_else(cancelled)?;
        Ok(kept)
    }

    fn check(&self, images: &[Source]) -> Result<()> {
        let progress = |done, total| self.teller.tell("checking", done, total);
        let images = (images, self.held.detector.reading());
        let check = || check_all(images, Path::new(""), progress);
        let checked = pool(self.threads)?.install(check)?;
        checked.map(|_| ()).ok_or_else(cancelled)
    }

    fn scores(
        &self,
        detector: &judge::Detector,
        phase: &str,
        (images, root): (&[Source], &Path),
    ) -> Result<Vec<Scored>> {
        detector.scores(images, root, |done, total| {
            self.teller.tell(phase, done, total)
        })
    }
}

fn cancelled() -> Error {
    Error::cancelled("before the model was changed")
}

/// What thresholds make of good and bad images.
fn costs(thresholds: &Thresholds, good: &[Scored], bad: &[Scored]) -> Verdicts {
    let labels = [Label::Good, Label::Defect("bad".to_owned())];
    let said = |label, images: &[Scored]| -> Vec<_> {
        let verdict = |image: &Scored| (label, thresholds.verdict(image.score));
        images.iter().map(verdict).collect()
    };
    let all = said(&labels[0], good)
        .into_iter()
        .chain(said(&labels[1], bad));
    Verdicts::of_images(thresholds, all)
}

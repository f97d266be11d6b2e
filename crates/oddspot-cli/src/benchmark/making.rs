//! How a run is made: a training on a data set that is prepared once for all its runs, and the
//! measurement of its model.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use oddspot::datasets::{Dataset, Sample};
use oddspot::images::{Source, check_all};
use oddspot::model::Model;
use oddspot::train::{
    HeldOut, Outcome, Progress as Event, Trainer, TrainingSet, instant_model, with_bits_in_use,
};
use oddspot::view::View;
use oddspot::{Error, ErrorKind, Subject};
use oddspot_draw::chart::drawings_of;
use oddspot_measure::benchmark::{Cost, ImageCounts, Record};
use oddspot_measure::peak_memory;
use oddspot_measure::report::{Evaluation, check_test_set, evaluate};

use super::Listed;
use super::files::write_json;
use super::runs::{Benchmark, Run};
use crate::advice::{causes, chain};
use crate::evaluate::Bars;
use crate::progress::{Progress, Warning};

impl Benchmark<'_> {
    /// Makes a run, its data set prepared with the first of it; None if the user has asked to
    /// stop.
    ///
    /// # Errors
    /// Why there is no record, and what of the benchmark fails with it.
    pub fn make(
        &self,
        run: &Run,
        listed: &Listed,
        prepared: &mut Option<TrainingSet>,
    ) -> Result<Option<Record>, Failure> {
        if prepared.is_none() {
            *prepared = self.prepare(&listed.dataset).map_err(Failure::Category)?;
        }
        let Some(set) = prepared else {
            return Ok(None);
        };
        note!(self.runtime.voice, "{}", run.name());
        self.one(run, listed, set)
    }

    /// All good images, those of the data set's own held-out part last; None if the user has
    /// asked to stop.
    fn prepare(&self, dataset: &Dataset) -> Result<Option<TrainingSet>> {
        // Now, and not after hours of training.
        check_test_set(dataset, self.settings.reading())?;
        dataset.split(0)?;
        let samples = dataset.train.iter().chain(&dataset.held_out);
        let images: Vec<Source> = samples.map(|one| Source::file(&one.image)).collect();
        let settings = self.settings.clone();
        let Some(in_use) = with_bits_in_use(settings, images.iter(), || self.flow())? else {
            return Ok(None);
        };
        let settings = in_use.settings;
        let flow = |_, _| self.flow();
        let reading = self.settings.reading();
        if check_all((&images, reading), &dataset.root, flow)?.is_none() {
            return Ok(None);
        }
        let Some(view) = View::learn(&settings, images.iter(), &dataset.root, flow)? else {
            return Ok(None);
        };
        let mut bar = Progress::new(
            self.runtime.voice,
            ("preparing", "images"),
            (0, images.len()),
        );
        let set = TrainingSet::prepare(
            (&images, &dataset.root),
            (&settings, Arc::new(view)),
            (&*self.ready.pass, &self.ready.levels),
            &self.folder,
            |done, _| {
                bar.set(done, String::new);
                self.flow()
            },
        )?;
        bar.finish();
        Ok(set)
    }

    /// Trains and measures; None if the user has asked to stop.
    fn one(
        &self,
        run: &Run,
        listed: &Listed,
        prepared: &TrainingSet,
    ) -> Result<Option<Record>, Failure> {
        peak_memory::reset();
        let dataset = &listed.dataset;
        let (train, held_out) = places(dataset, run.settings.training.seed)?;
        let images = ImageCounts {
            train: train.len(),
            held_out: held_out.len(),
            test: dataset.test.len(),
        };
        let started = Instant::now();
        let set = || prepared.part(&train);
        let held_out = || HeldOut::part(prepared, &held_out);
        let model = match run.settings.method.learns() {
            true => self.train(run, set, held_out)?,
            false => self.instant(run, set(), held_out())?,
        };
        let Some(model) = model else {
            return Ok(None);
        };
        let path = self.file(run, "oddspot");
        model
            .save(&path)
            .map_err(|error| Failure::Output(error.into()))?;
        let train_seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let Some(evaluation) = self.evaluate(&path, dataset)? else {
            return Ok(None);
        };
        let cost = Cost {
            train_seconds,
            evaluate_seconds: started.elapsed().as_secs_f64(),
            peak_mib: peak_memory::read(),
        };
        self.keep_evaluation(run, &evaluation)
            .map_err(Failure::Output)?;
        let of = (run.category.name.as_str(), listed.contents.as_str());
        Ok(Some(Record::new(of, &evaluation, images, cost)))
    }

    /// A model of the closed-form terms alone; None if the user has asked to stop.
    fn instant(
        &self,
        run: &Run,
        set: TrainingSet,
        held_out: HeldOut,
    ) -> Result<Option<Model>, Failure> {
        let of_teacher = (&self.ready.teacher, &*self.ready.pass);
        let engine: &dyn oddspot::net::engine::Engine = &*self.runtime.engine;
        let mut observer = |_: &Event| self.flow();
        instant_model(
            &run.settings,
            (set, held_out),
            of_teacher,
            engine,
            &mut observer,
        )
        .map_err(of_category)
    }

    /// Trains a model, or goes on where an earlier call was broken off; None if the
    /// user has asked to stop.
    fn train(
        &self,
        run: &Run,
        set: impl Fn() -> TrainingSet,
        held_out: impl FnOnce() -> HeldOut,
    ) -> Result<Option<Model>, Failure> {
        let mut trainer = self.trainer(run, set)?;
        let checkpoint = self.file(run, "checkpoint");
        let settings = &run.settings.training;
        let (batch, total) = (settings.batch, settings.iterations * settings.batch);
        let mut bar = Progress::new(
            self.runtime.voice,
            ("training", "images"),
            (trainer.iteration() * batch, total),
        );
        let mut warning = Warning::default();
        let mut observer = |event: &Event| {
            match event {
                Event::Step(report) => bar.set(report.iteration * batch, String::new),
                Event::CheckpointFailed(error) => warning.tell(Some(&bar), || causes(error)),
                _ => {}
            }
            self.flow()
        };
        let outcome = trainer.run(Some(&checkpoint), &mut observer);
        if outcome.map_err(of_training)? == Outcome::Interrupted {
            bar.finish();
            return Ok(None);
        }
        // A stop while it is scored or measured must not cost the training.
        let saved = trainer.save_or_tell(&checkpoint, &mut observer);
        saved.map_err(of_training)?;
        bar.finish();
        self.score(trainer, held_out())
    }

    /// A training from its checkpoint, if there is one that will do, or from the first step.
    fn trainer(&self, run: &Run, set: impl Fn() -> TrainingSet) -> Result<Trainer, Failure> {
        let checkpoint = self.file(run, "checkpoint");
        let ready = &self.ready;
        let of_teacher = || (ready.teacher.identity.clone(), &ready.levels[..]);
        let (settings, engine) = (|| run.settings.clone(), &*self.runtime.engine);
        if checkpoint.exists() {
            match Trainer::resume(&checkpoint, settings(), of_teacher(), set(), engine) {
                Ok(trainer) => return Ok(trainer),
                Err(error) => note!(
                    self.runtime.voice,
                    "{} starts again from the first step: {}",
                    run.name(),
                    causes(&error)
                ),
            }
        }
        Trainer::new(settings(), of_teacher(), set(), engine).map_err(of_category)
    }

    fn score(&self, trainer: Trainer, held_out: HeldOut) -> Result<Option<Model>, Failure> {
        let of_teacher = (&self.ready.teacher, &*self.ready.pass);
        let engine: &dyn oddspot::net::engine::Engine = &*self.runtime.engine;
        let mut observer = |_: &Event| self.flow();
        let model = trainer.finish(engine, of_teacher, true, held_out, &mut observer);
        model.map_err(of_category)
    }

    /// Measures a model; None if the user has asked to stop.
    fn evaluate(&self, model: &Path, dataset: &Dataset) -> Result<Option<Evaluation>, Failure> {
        let detector = self.runtime.detector(model).map_err(Failure::Output)?;
        let mut bars = Bars::new(self.runtime.voice);
        let evaluation = evaluate(&detector, dataset, |phase, done, total| {
            bars.set(phase, done, total);
            self.flow()
        });
        bars.finish();
        evaluation.map_err(of_category)
    }

    fn keep_evaluation(&self, run: &Run, evaluation: &Evaluation) -> Result<()> {
        write_json(&self.file(run, "evaluation.json"), evaluation)?;
        match run.settings.training.seed {
            0 => write_json(&self.file(run, "curves.json"), &drawings_of(evaluation)),
            _ => Ok(()),
        }
    }
}

/// Which images of a prepared data set a seed trains on, and which it holds out.
fn places(dataset: &Dataset, seed: u64) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    let split = dataset.split(seed).map_err(of_category)?;
    let all = dataset.train.iter().chain(&dataset.held_out);
    let numbers: HashMap<&Path, usize> = (all.enumerate())
        .map(|(number, sample)| (sample.image.as_path(), number))
        .collect();
    let places = |samples: &[Sample]| -> Vec<usize> {
        let number = |sample: &Sample| numbers.get(sample.image.as_path()).copied();
        samples.iter().filter_map(number).collect()
    };
    Ok((places(&split.train), places(&split.held_out)))
}

/// Why a run failed.
pub enum Failure {
    /// By something about the data set, which its other runs would meet too.
    Category(anyhow::Error),
    /// By something about this run alone.
    Run(anyhow::Error),
    /// Since results cannot be written: no other run would do.
    Output(anyhow::Error),
}

fn of_category(error: Error) -> Failure {
    Failure::Category(error.into())
}

/// A training fails by diverging, or because its files cannot be written.
fn of_training(error: Error) -> Failure {
    match (error.kind(), error.subject()) {
        (_, Subject::File(_)) => Failure::Output(error.into()),
        // The command's advice is of `train`, whose --restart a benchmark does not have.
        (ErrorKind::Diverged, _) => Failure::Run(anyhow::anyhow!(
            "{}; give a lower --learning-rate",
            chain(&error.into())
        )),
        _ => Failure::Category(error.into()),
    }
}

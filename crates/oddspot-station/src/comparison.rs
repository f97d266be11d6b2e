//! Two models of a station side by side, on the parts that people labelled.

use oddspot::verdict::Verdict;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::history::{ByModel, History, Labelled, LabelledImage, Truth};
use crate::prices::{Share, counted};

/// Parts on which two models differ that are told of, at most.
const TOLD: usize = 200;

/// Two models side by side. Each content counts once, and none that one of both learned from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// Parts that both judged.
    pub parts: usize,
    /// Labelled parts that one of both learned from: they say nothing.
    pub learned: usize,
    /// Labelled parts that one of both did not judge yet: a job `compare` does it.
    pub missing: usize,
    /// The models.
    pub models: [Side; 2],
    /// Parts of which the verdicts differ.
    pub differ: usize,
    /// Of these, so many on which the first model is right and the second is not, and the other way round: a good part is
    /// good, and a bad one is not.
    pub better: [usize; 2],
    /// The parts of which the verdicts differ, at most 200, bad ones first.
    pub differing: Vec<Differing>,
}

/// What one model makes of the parts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Side {
    /// SHA-256 of its file.
    pub model: String,
    /// An image is anomalous above it.
    pub threshold: f64,
    /// An image is to be checked above it.
    pub check_threshold: f64,
    /// By what is anomalous.
    pub anomalous: Wrong,
    /// By what is not good: anomalous or to be checked.
    pub not_good: Wrong,
}

/// How often a model is wrong.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Wrong {
    /// Good parts that are stopped.
    pub false_alarms: Share,
    /// Bad parts that are not.
    pub misses: Share,
}

/// A part of which the verdicts differ.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Differing {
    /// The inspection that is labelled.
    pub inspection: String,
    /// As it is called: part or file, else the id.
    pub name: String,
    /// What it really is.
    pub truth: Truth,
    /// What each model says.
    #[schema(value_type = Vec<String>)]
    pub verdicts: [Verdict; 2],
    /// Its score by each; scores of two models are in units of their own.
    pub scores: [f64; 2],
}

/// Compares two models of a station by what is known of its labelled parts.
///
/// # Errors
/// A model that the station has not; a history that cannot be read.
pub async fn compare(history: &History, station: &str, models: [&str; 2]) -> Result<Comparison> {
    let images = history.labelled_images(station).await?;
    let mut thresholds = [[0.0; 2]; 2];
    let mut known = Vec::new();
    for (model, thresholds) in models.iter().zip(&mut thresholds) {
        let version = history.version(station, model).await?;
        *thresholds = [version.threshold, version.check_threshold];
        known.push(history.by_model(station, model).await?);
    }
    let [mut learned, mut missing] = [0; 2];
    let mut parts = Vec::new();
    for image in images {
        let of = |at: usize| known.get(at).and_then(|all| all.get(&image.kept.sha256));
        match (of(0).copied(), of(1).copied()) {
            (Some(first), Some(second)) if first.is_learned || second.is_learned => learned += 1,
            (Some(first), Some(second)) => parts.push((image, [first, second])),
            _ => missing += 1,
        }
    }
    let side = |at: usize| Side::of(models[at], thresholds[at], &of_side(&parts, at));
    let models = [side(0), side(1)];
    let mut differing: Vec<Differing> = parts
        .into_iter()
        .filter_map(|(image, by)| differing(image, by, thresholds))
        .collect();
    let better = [0, 1].map(|at| {
        let is_better = |one: &&Differing| one.is_right(at) && !one.is_right(1 - at);
        differing.iter().filter(is_better).count()
    });
    let differ = differing.len();
    differing.truncate(TOLD);
    Ok(Comparison {
        parts: models[0].anomalous.false_alarms.of + models[0].anomalous.misses.of,
        learned,
        missing,
        models,
        differ,
        better,
        differing,
    })
}

/// The parts as one of the models sees them.
fn of_side(parts: &[(LabelledImage, [ByModel; 2])], at: usize) -> Vec<Labelled> {
    let labelled = parts.iter().map(|(image, by)| Labelled {
        truth: image.truth,
        score: by[at].score,
        is_untrusted: by[at].is_untrusted,
        name: image.name.clone(),
        image: image.kept.sha256.clone(),
    });
    labelled.collect()
}

fn differing(image: LabelledImage, by: [ByModel; 2], of: [[f64; 2]; 2]) -> Option<Differing> {
    let verdicts = [by[0].verdict(of[0]), by[1].verdict(of[1])];
    (verdicts[0] != verdicts[1]).then(|| Differing {
        inspection: image.inspection,
        name: image.name,
        truth: image.truth,
        verdicts,
        scores: by.map(|by| by.score),
    })
}

impl Side {
    fn of(model: &str, [threshold, check_threshold]: [f64; 2], parts: &[Labelled]) -> Self {
        let wrong = |threshold: f64| {
            let (false_alarms, misses) = counted(threshold, parts);
            Wrong {
                false_alarms,
                misses,
            }
        };
        Self {
            model: model.to_owned(),
            threshold,
            check_threshold,
            anomalous: wrong(threshold),
            not_good: wrong(check_threshold.min(threshold)),
        }
    }
}

impl Differing {
    /// Whether one of the models is right.
    pub fn is_right(&self, at: usize) -> bool {
        let is_good = self.verdicts.get(at).is_some_and(|one| one.is_good());
        is_good == (self.truth == Truth::Good)
    }
}

//! From maps, labels and masks to measures, without a detector.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::Serialize;

use super::{Judged, MapKind, Protocol};
use crate::metrics::{BestF1, Curve, Pro, Ranking, ScoredMap, pro};
use oddspot::datasets::Label;
use oddspot::images::{ImageSize, Mask};
use oddspot::{Error, Result, Subject};

/// The false positive rate up to which AU-PRO integrates.
pub const MAX_FPR: f64 = 0.3;

/// The measures under one protocol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProtocolMeasures {
    /// Size of the smallest map, by its pixels.
    pub smallest: ImageSize,
    /// Size of the largest map, by its pixels.
    pub largest: ImageSize,
    /// Images whose mask is left without an anomalous pixel at this protocol's size: their
    /// defects are too thin to count there.
    pub vanished_masks: Vec<String>,
    /// The measures of each map.
    pub maps: BTreeMap<MapKind, MapMeasures>,
}

/// The measures of one map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapMeasures {
    /// Of all test images.
    pub overall: Measures,
    /// Of each defect's images together with all good ones.
    pub defects: BTreeMap<String, Measures>,
}

/// All measures of one group of images, each in [0, 1]; None where undefined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Area under the ROC curve of the image scores (each the maximum of its map).
    pub image_auc: Option<f64>,
    /// Average precision of the image scores.
    pub image_ap: Option<f64>,
    /// The best F1 of the image scores.
    pub image_f1: Option<OperatingPoint>,
    /// Area under the ROC curve of all pixels' scores.
    pub pixel_auc: Option<f64>,
    /// Average precision of all pixels' scores.
    pub pixel_ap: Option<f64>,
    /// The best F1 of all pixels' scores.
    pub pixel_f1: Option<OperatingPoint>,
    /// Area under the per-region-overlap curve up to [`MAX_FPR`], divided by it.
    pub au_pro: Option<f64>,
    /// Why a measure, by its field's name, is undefined.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub undefined: BTreeMap<&'static str, String>,
}

/// The decision "anomalous if and only if score ≥ threshold" with the largest F1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// In standard deviations, as the map.
    pub threshold: f32,
    /// Share of true ones among those called anomalous.
    pub precision: f64,
    /// Share of the anomalous ones that are called so.
    pub recall: f64,
}

impl From<BestF1> for OperatingPoint {
    fn from(best: BestF1) -> Self {
        Self {
            f1: best.f1,
            threshold: best.threshold,
            precision: best.precision,
            recall: best.recall,
        }
    }
}

/// Curves to draw, as (false positive rate, true positive rate or overlap); empty where
/// undefined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// ROC curve of the image scores.
    pub image_roc: Vec<(f64, f64)>,
    /// ROC curve of all pixels' scores.
    pub pixel_roc: Vec<(f64, f64)>,
    /// PRO curve up to [`MAX_FPR`].
    pub pro: Vec<(f64, f64)>,
}

/// Measures the given maps under both protocols, telling at the start and after each group of
/// images how many of how many are done; None if told to stop.
pub(super) fn measure(
    judged: &[Judged],
    maps: &[MapKind],
    image_size: ImageSize,
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Option<(BTreeMap<Protocol, ProtocolMeasures>, Curves)> {
    let defects: BTreeSet<&String> = judged.iter().filter_map(defect).collect();
    let total = Protocol::ALL.len() * maps.len() * (1 + defects.len());
    let mut steps = 0..;
    let mut step = || progress(steps.next()?, total).is_continue().then_some(());
    step()?;
    let mut protocols = BTreeMap::new();
    let mut curves = Curves::default();
    for protocol in Protocol::ALL {
        let truths: Vec<Truth> = (judged.par_iter())
            .map(|image| Truth::new(image, protocol, image_size))
            .collect();
        let mut of_maps = BTreeMap::new();
        for &kind in maps {
            let wanted = protocol == Protocol::Paper && kind == MapKind::Total;
            let overall = Stack::new(kind, truths.iter().collect());
            let overall = overall.measures(wanted.then_some(&mut curves));
            step()?;
            let mut of_defects = BTreeMap::new();
            for &name in &defects {
                let group = truths
                    .iter()
                    .filter(|truth| defect(truth.image).is_none_or(|defect| defect == name));
                let stack = Stack::new(kind, group.collect());
                of_defects.insert(name.clone(), stack.measures(None));
                step()?;
            }
            let defects = of_defects;
            of_maps.insert(kind, MapMeasures { overall, defects });
        }
        protocols.insert(protocol, summary(&truths, of_maps, image_size));
    }
    Some((protocols, curves))
}

fn summary(
    truths: &[Truth],
    maps: BTreeMap<MapKind, MapMeasures>,
    image_size: ImageSize,
) -> ProtocolMeasures {
    let sizes = || truths.iter().map(|truth| truth.size);
    let vanished = |truth: &&Truth| {
        defect(truth.image).is_some() && truth.mask.as_ref().is_some_and(|mask| !mask.any())
    };
    ProtocolMeasures {
        smallest: sizes().min_by_key(pixels).unwrap_or(image_size),
        largest: sizes().max_by_key(pixels).unwrap_or(image_size),
        vanished_masks: truths
            .iter()
            .filter(vanished)
            .map(|truth| truth.image.name.clone())
            .collect(),
        maps,
    }
}

fn defect(image: &Judged) -> Option<&String> {
    match &image.label {
        Label::Good => None,
        Label::Defect(name) => Some(name),
    }
}

fn pixels(size: &ImageSize) -> usize {
    size.width * size.height
}

/// An image's ground truth at a protocol's size.
struct Truth<'a> {
    image: &'a Judged,
    protocol: Protocol,
    size: ImageSize,
    mask: Option<Cow<'a, Mask>>,
}

impl<'a> Truth<'a> {
    fn new(image: &'a Judged, protocol: Protocol, image_size: ImageSize) -> Self {
        let mask = image.mask.as_ref();
        match protocol {
            Protocol::Paper => Self {
                image,
                protocol,
                size: image_size,
                mask: mask.map(|mask| Cow::Owned(mask.shrink(image_size))),
            },
            Protocol::Official => Self {
                image,
                protocol,
                size: mask.map_or(image.size, |mask| ImageSize {
                    width: mask.width,
                    height: mask.height,
                }),
                mask: mask.map(Cow::Borrowed),
            },
        }
    }
}

impl Truth<'_> {
    /// Whether it is known of its pixels what they show.
    fn has_pixels(&self) -> bool {
        self.mask.is_some() || defect(self.image).is_none()
    }
}

/// The maps of a group of images at a protocol's sizes, laid end to end so that all their
/// pixels can be ranked without another copy.
struct Stack<'a> {
    truths: Vec<&'a Truth<'a>>,
    scores: Vec<f32>,
    image_scores: Vec<f32>,
}

impl<'a> Stack<'a> {
    fn new(kind: MapKind, truths: Vec<&'a Truth<'a>>) -> Self {
        let place_of = |truth: &Truth| {
            if truth.has_pixels() {
                pixels(&truth.size)
            } else {
                0
            }
        };
        let all = truths.iter().map(|truth| place_of(truth)).sum();
        let mut scores = vec![0.0; all];
        let mut rest = scores.as_mut_slice();
        let mut places = Vec::with_capacity(truths.len());
        for truth in &truths {
            let (place, after) = rest.split_at_mut(place_of(truth));
            places.push(place);
            rest = after;
        }
        let image_scores = truths
            .par_iter()
            .zip(places)
            .map(|(truth, place)| {
                let ImageSize { width, height } = truth.size;
                // A term that says nothing of an image counts zero, as in the sum.
                let Some(map) = truth.image.map(kind) else {
                    return 0.0;
                };
                let map = match truth.protocol {
                    Protocol::Paper => map.resize_with_peaks(height, width),
                    Protocol::Official => map.resize_bilinear(height, width),
                };
                if truth.has_pixels() {
                    place.copy_from_slice(&map.values);
                }
                map.peak().0
            })
            .collect();
        Self {
            truths,
            scores,
            image_scores,
        }
    }

    fn measures(&self, mut curves: Option<&mut Curves>) -> Measures {
        let mut measures = Measures::default();
        self.measure_images(&mut measures, curves.as_deref_mut());
        self.measure_pixels(&mut measures, curves);
        measures
    }

    fn measure_images(&self, measures: &mut Measures, curves: Option<&mut Curves>) {
        let anomalous = self.truths.iter().map(|truth| defect(truth.image));
        let anomalous: Vec<bool> = anomalous.map(|defect| defect.is_some()).collect();
        let ranking = Ranking::new(&self.image_scores, &anomalous);
        let ranking = ranking.as_ref();
        measures.image_auc = measures.keep("image_auc", of(ranking, Ranking::roc_auc));
        measures.image_ap = measures.keep("image_ap", of(ranking, Ranking::average_precision));
        let best = measures.keep("image_f1", of(ranking, Ranking::best_f1));
        measures.image_f1 = best.map(OperatingPoint::from);
        if let Some(curves) = curves {
            curves.image_roc = points(of(ranking, Ranking::roc_curve).ok());
        }
    }

    fn measure_pixels(&self, measures: &mut Measures, curves: Option<&mut Curves>) {
        if let Some(reason) = self.unmasked() {
            for measure in ["pixel_auc", "pixel_ap", "pixel_f1", "au_pro"] {
                measures.undefined.insert(measure, reason.clone());
            }
            return;
        }
        let anomalous = self.anomalous_pixels();
        // Before the ranking, which is as large as the scores, and not beside it.
        let regions = self.pro(&anomalous).map_err(reason);
        let ranking = Ranking::new(&self.scores, &anomalous);
        drop(anomalous);
        let ranking = ranking.as_ref();
        measures.pixel_auc = measures.keep("pixel_auc", of(ranking, Ranking::roc_auc));
        measures.pixel_ap = measures.keep("pixel_ap", of(ranking, Ranking::average_precision));
        let best = measures.keep("pixel_f1", of(ranking, Ranking::best_f1));
        measures.pixel_f1 = best.map(OperatingPoint::from);
        let regions = measures.keep("au_pro", regions);
        measures.au_pro = regions.as_ref().map(|pro| pro.au_pro);
        if let Some(curves) = curves {
            curves.pixel_roc = points(of(ranking, Ranking::roc_curve).ok());
            curves.pro = points(regions.map(|pro| pro.curve));
        }
    }

    /// Why pixels cannot be measured, if no anomalous image has a mask.
    fn unmasked(&self) -> Option<String> {
        let mut defects = (self.truths.iter()).filter(|truth| defect(truth.image).is_some());
        let missing = defects.next()?;
        if missing.mask.is_some() || defects.any(|truth| truth.mask.is_some()) {
            return None;
        }
        Some(
            "there are no ground-truth masks; add them as \
             ground_truth/<defect>/<image>_mask.png"
                .to_owned(),
        )
    }

    /// The images whose pixels are stacked.
    fn with_pixels(&self) -> impl Iterator<Item = &'a Truth<'a>> {
        self.truths
            .iter()
            .copied()
            .filter(|truth| truth.has_pixels())
    }

    /// Which of the stacked pixels are anomalous.
    fn anomalous_pixels(&self) -> Vec<bool> {
        let mut anomalous = Vec::with_capacity(self.scores.len());
        for truth in self.with_pixels() {
            match &truth.mask {
                Some(mask) => anomalous.extend_from_slice(&mask.anomalous),
                None => anomalous.resize(anomalous.len() + pixels(&truth.size), false),
            }
        }
        anomalous
    }

    fn pro(&self, anomalous: &[bool]) -> Result<Pro> {
        let mut start = 0;
        let mut maps = Vec::with_capacity(self.truths.len());
        for truth in self.with_pixels() {
            let end = start + pixels(&truth.size);
            maps.push(ScoredMap {
                height: truth.size.height,
                width: truth.size.width,
                scores: &self.scores[start..end],
                anomalous: truth.mask.as_ref().map(|_| &anomalous[start..end]),
            });
            start = end;
        }
        pro(&maps, MAX_FPR)
    }
}

impl Measures {
    /// The value, or None with its reason noted.
    fn keep<T>(&mut self, name: &'static str, value: Result<T, String>) -> Option<T> {
        value
            .map_err(|reason| self.undefined.insert(name, reason))
            .ok()
    }
}

fn of<T>(
    ranking: Result<&Ranking, &Error>,
    measure: impl Fn(&Ranking) -> Result<T>,
) -> Result<T, String> {
    match ranking {
        Ok(ranking) => measure(ranking).map_err(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// What makes a measure undefined, without its name.
fn reason(error: Error) -> String {
    match error.subject() {
        Subject::Measure(_) => error.reason().to_owned(),
        _ => error.to_string(),
    }
}

fn points(curve: Option<Curve>) -> Vec<(f64, f64)> {
    curve.map_or_else(Vec::new, |curve| curve.x.into_iter().zip(curve.y).collect())
}

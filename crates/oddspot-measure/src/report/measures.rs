//! From maps, labels and masks to measures, without a detector.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::Serialize;

use super::{JudgedImages, MapKind, Protocol, TestImage};
use crate::metrics::{Asked, BestF1, Curve, PixelMaps, Ranking, Truth, measure_pixels};
use oddspot::datasets::Label;
use oddspot::images::ImageSize;
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
///
/// # Errors
/// Maps that cannot be read.
pub(super) fn measure(
    judged: &JudgedImages,
    maps: &[MapKind],
    image_size: ImageSize,
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<(BTreeMap<Protocol, ProtocolMeasures>, Curves)>> {
    let defects: BTreeSet<&String> = judged.images().filter_map(defect).collect();
    let total = Protocol::ALL.len() * maps.len() * (1 + defects.len());
    let mut done = 0;
    let mut flow = progress(done, total);
    let mut protocols = BTreeMap::new();
    let mut curves = Curves::default();
    for protocol in Protocol::ALL {
        let mut of_maps = BTreeMap::new();
        for &kind in maps {
            let maps = MapsOf {
                judged,
                protocol,
                kind,
            };
            let scores = maps.image_scores()?;
            let mut step = |name: Option<&String>, curves| {
                if flow.is_break() {
                    return Ok(None);
                }
                let is_in = |&at: &usize| match (name, defect(judged.image(at))) {
                    (Some(name), Some(defect)) => defect == name,
                    _ => true,
                };
                let group = Group {
                    members: (0..judged.count()).filter(is_in).collect(),
                    maps: &maps,
                    scores: &scores,
                };
                let measures = group.measures(curves)?;
                done += 1;
                flow = progress(done, total);
                Ok::<_, Error>(Some(measures))
            };
            let wanted = protocol == Protocol::Paper && kind == MapKind::Total;
            let Some(overall) = step(None, wanted.then_some(&mut curves))? else {
                return Ok(None);
            };
            let mut of_defects = BTreeMap::new();
            for &name in &defects {
                let Some(measures) = step(Some(name), None)? else {
                    return Ok(None);
                };
                of_defects.insert(name.clone(), measures);
            }
            let defects = of_defects;
            of_maps.insert(kind, MapMeasures { overall, defects });
        }
        protocols.insert(protocol, summary((judged, protocol), of_maps, image_size));
    }
    Ok((!flow.is_break()).then_some((protocols, curves)))
}

fn summary(
    (judged, protocol): (&JudgedImages, Protocol),
    maps: BTreeMap<MapKind, MapMeasures>,
    image_size: ImageSize,
) -> ProtocolMeasures {
    let sizes = || (0..judged.count()).map(|at| judged.size(at, protocol));
    let vanished = |&at: &usize| {
        let is_marked = defect(judged.image(at)).is_some() && judged.has_mask(at);
        is_marked && judged.runs(at, protocol) == 0
    };
    ProtocolMeasures {
        smallest: sizes().min_by_key(pixels).unwrap_or(image_size),
        largest: sizes().max_by_key(pixels).unwrap_or(image_size),
        vanished_masks: (0..judged.count())
            .filter(vanished)
            .map(|at| judged.image(at).name.clone())
            .collect(),
        maps,
    }
}

fn defect(image: &TestImage) -> Option<&String> {
    match &image.label {
        Label::Good => None,
        Label::Defect(name) => Some(name),
    }
}

fn pixels(size: &ImageSize) -> usize {
    size.width * size.height
}

/// All images' maps of a kind, at the sizes of a protocol.
struct MapsOf<'a> {
    judged: &'a JudgedImages,
    protocol: Protocol,
    kind: MapKind,
}

impl MapsOf<'_> {
    /// Gives the rows of an image's map; of a term that says nothing of an image it counts zero, as in the sum.
    fn rows(&self, at: usize, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        let ImageSize { width, height } = self.judged.size(at, self.protocol);
        let map = self.judged.map(at, self.kind)?;
        match (map, self.protocol) {
            (None, _) => {
                let zeros = vec![0.0; width];
                (0..height).for_each(|_| each(&zeros));
            }
            (Some(map), Protocol::Official) => map.resize_rows(height, width, each),
            (Some(map), Protocol::Paper) => {
                let map = map.resize_with_peaks(height, width);
                map.values.chunks_exact(width.max(1)).for_each(each);
            }
        }
        Ok(())
    }

    /// The maximum of each image's map.
    fn image_scores(&self) -> Result<Vec<f32>> {
        let score = |at: usize| {
            let mut peak = f32::NEG_INFINITY;
            self.rows(at, &mut |row| {
                peak = row.iter().fold(peak, |peak, &value| match value > peak {
                    true => value,
                    false => peak,
                });
            })?;
            Ok(peak)
        };
        (0..self.judged.count())
            .into_par_iter()
            .map(score)
            .collect()
    }
}

/// The maps of some of the images.
struct Group<'a> {
    members: Vec<usize>,
    maps: &'a MapsOf<'a>,
    /// Of all images.
    scores: &'a [f32],
}

impl Group<'_> {
    fn measures(&self, mut curves: Option<&mut Curves>) -> Result<Measures> {
        let mut measures = Measures::default();
        self.measure_images(&mut measures, curves.as_deref_mut());
        self.measure_pixels(&mut measures, curves)?;
        Ok(measures)
    }

    fn measure_images(&self, measures: &mut Measures, curves: Option<&mut Curves>) {
        let anomalous: Vec<bool> = (self.members.iter())
            .map(|&at| self.is_anomalous(at))
            .collect();
        let scores: Vec<f32> = self.members.iter().map(|&at| self.scores[at]).collect();
        let ranking = Ranking::new(&scores, &anomalous);
        let ranking = ranking.as_ref();
        measures.image_auc = measures.keep("image_auc", of(ranking, Ranking::roc_auc));
        measures.image_ap = measures.keep("image_ap", of(ranking, Ranking::average_precision));
        let best = measures.keep("image_f1", of(ranking, Ranking::best_f1));
        measures.image_f1 = best.map(OperatingPoint::from);
        if let Some(curves) = curves {
            curves.image_roc = points(of(ranking, Ranking::roc_curve).ok());
        }
    }

    fn measure_pixels(&self, measures: &mut Measures, curves: Option<&mut Curves>) -> Result<()> {
        let asked = Asked {
            max_fpr: MAX_FPR,
            curves: curves.is_some(),
        };
        let found = match self.unmasked() {
            Some(reason) => Err(reason),
            None => match measure_pixels(&self.with_pixels(), asked) {
                Ok(found) => Ok(found),
                Err(error) if matches!(error.subject(), Subject::Measure(_)) => Err(reason(error)),
                Err(error) => return Err(error),
            },
        };
        let found = match found {
            Ok(found) => found,
            Err(reason) => {
                for measure in ["pixel_auc", "pixel_ap", "pixel_f1", "au_pro"] {
                    measures.undefined.insert(measure, reason.clone());
                }
                return Ok(());
            }
        };
        measures.pixel_auc = measures.keep("pixel_auc", found.auc.map_err(reason));
        measures.pixel_ap = measures.keep("pixel_ap", found.ap.map_err(reason));
        let best = measures.keep("pixel_f1", found.best_f1.map_err(reason));
        measures.pixel_f1 = best.map(OperatingPoint::from);
        let regions = measures.keep("au_pro", found.pro.map_err(reason));
        measures.au_pro = regions.as_ref().map(|pro| pro.au_pro);
        if let Some(curves) = curves {
            curves.pixel_roc = points(found.roc_curve.ok());
            curves.pro = points(regions.map(|pro| pro.curve));
        }
        Ok(())
    }

    fn is_anomalous(&self, at: usize) -> bool {
        defect(self.maps.judged.image(at)).is_some()
    }

    /// Why pixels cannot be measured, if no anomalous image has a mask.
    fn unmasked(&self) -> Option<String> {
        let mut defects = (self.members.iter()).filter(|&&at| self.is_anomalous(at));
        let has_mask = |&at: &usize| self.maps.judged.has_mask(at);
        if has_mask(defects.next()?) || defects.any(has_mask) {
            return None;
        }
        Some(
            "there are no ground-truth masks; add them as \
             ground_truth/<defect>/<image>_mask.png"
                .to_owned(),
        )
    }

    /// Those of which it is known what their pixels show.
    fn with_pixels(&self) -> Pixels<'_> {
        let known = |&at: &usize| self.maps.judged.has_mask(at) || !self.is_anomalous(at);
        Pixels {
            members: self.members.iter().copied().filter(known).collect(),
            maps: self.maps,
        }
    }
}

/// The pixels of some of the images.
struct Pixels<'a> {
    members: Vec<usize>,
    maps: &'a MapsOf<'a>,
}

impl PixelMaps for Pixels<'_> {
    fn count(&self) -> usize {
        self.members.len()
    }

    fn truth(&self, index: usize) -> Result<Truth> {
        let MapsOf {
            judged, protocol, ..
        } = self.maps;
        judged.truth(self.members[index], *protocol)
    }

    fn rows(&self, index: usize, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        self.maps.rows(self.members[index], each)
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

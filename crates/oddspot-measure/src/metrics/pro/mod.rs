//! Per-region overlap (PRO): how much of each defect the score maps cover, defects of every size
//! counting the same.
//!
//! The definition of the MVTec AD benchmark: P. Bergmann, K. Batzner, M. Fauser, D. Sattlegger,
//! C. Steger, *The MVTec Anomaly Detection Dataset*, IJCV 2021, section 5.2, as its published
//! evaluation code computes it.

use rayon::prelude::*;

use super::ranking::Ranking;
use super::{Curve, descending_key};
use oddspot::maps::components;
use oddspot::{Error, Result};

const MEASURE: &str = "AU-PRO";

/// A score map with its ground truth.
#[derive(Clone, Copy, Debug)]
pub struct ScoredMap<'a> {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[height, width]`, row-major; larger is more anomalous.
    pub scores: &'a [f32],
    /// `[height, width]`, row-major: which pixels are defects; `None` for a good image.
    pub anomalous: Option<&'a [bool]>,
}

/// The area under the PRO curve, and the curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Pro {
    /// Area under the curve up to the limit, divided by the limit: in 0..=1, exact.
    pub au_pro: f64,
    /// Mean overlap (`y`) over false positive rate (`x`), from (0, 0) to the limit, for drawing:
    /// of points closer than a thousandth of both axes one is kept, about 2000 at most.
    pub curve: Curve,
}

/// The area under the PRO curve of a whole data set's maps, good images included.
///
/// At a threshold `t` (a pixel is called anomalous when its score ≥ t):
/// - `FPR(t)` is the share of the normal pixels of all maps that are called anomalous;
/// - `PRO(t) = 1/K · Σ_k |called ∩ C_k| / |C_k|` over all maps' ground-truth components `C_k`
///   (8-connected), each with the same weight.
///
/// Every distinct score is one point. The trapezoid area under PRO over FPR from 0 to `max_fpr`
/// (above 0, up to 1; customarily 0.3), linearly interpolated exactly there, is divided by
/// `max_fpr`.
///
/// Takes time O(n log n) on all cores for `n` pixels, mostly less: a histogram finds a score below
/// which the limit is surely passed, and only the pixels above it are sorted. Memory beyond the
/// maps: about 8 bytes per normal pixel that is sorted (a share of about `max_fpr`; all of them
/// when the scores hardly differ), 20 bytes per anomalous pixel, and 4 bytes per pixel of the maps
/// being labelled, one per core. For 105 million pixels (100 maps of 1024×1024) up to FPR 0.3
/// that is about 0.3 GB.
pub fn pro(maps: &[ScoredMap], max_fpr: f64) -> Result<Pro> {
    if !(max_fpr > 0.0 && max_fpr <= 1.0) {
        let reason = format!(
            "the limit of the false positive rate is {max_fpr}; give one above 0 and up to 1"
        );
        return Err(Error::measure(MEASURE, reason));
    }
    let defects = defects(maps)?;
    let counts = count_normal_pixels(maps);
    let normal_pixels: usize = counts.iter().sum();
    if normal_pixels == 0 {
        let reason = "no pixel is normal; add good images or correct the ground truth";
        return Err(Error::measure(MEASURE, reason));
    }
    let last_bucket = bucket_reaching(max_fpr * normal_pixels as f64, &counts);
    let (ranking, weights) = rank(maps, defects, last_bucket);
    Ok(integrate(&ranking, &weights, normal_pixels, max_fpr))
}

/// The ground-truth components of one map or of all.
#[derive(Default)]
struct Defects {
    /// Per component, its number of pixels.
    areas: Vec<usize>,
    /// Per pixel of a component, `key << 32 | component`: sorts by falling score.
    pixels: Vec<u64>,
}

/// Checks every map and collects the components of all of them.
fn defects(maps: &[ScoredMap]) -> Result<Defects> {
    let of_maps: Vec<Defects> = maps
        .par_iter()
        .enumerate()
        .map(|(index, map)| {
            map.check(index)?;
            Ok(map.defects())
        })
        .collect::<Result<_>>()?;
    let mut all = Defects::default();
    for of_map in of_maps {
        let first = all.areas.len() as u64;
        all.pixels
            .extend(of_map.pixels.iter().map(|pixel| pixel + first));
        all.areas.extend(of_map.areas);
    }
    if all.areas.is_empty() {
        let reason = "no map's ground truth marks a defect; add images of defects with masks";
        return Err(Error::measure(MEASURE, reason));
    }
    Ok(all)
}

impl ScoredMap<'_> {
    fn check(&self, index: usize) -> Result<()> {
        let Self { height, width, .. } = self;
        let fail = |what: String| -> Result<(), Error> {
            Err(Error::measure(
                MEASURE,
                format!("map {index} of {height}x{width} {what}"),
            ))
        };
        let pixels = height.checked_mul(*width);
        if pixels != Some(self.scores.len()) {
            let scores = self.scores.len();
            return fail(format!("has {scores} scores; give one per pixel"));
        }
        if let Some(mask) = self.anomalous
            && mask.len() != self.scores.len()
        {
            let values = mask.len();
            return fail(format!(
                "has a mask of {values} values; resize it to the map"
            ));
        }
        if self.scores.iter().any(|score| score.is_nan()) {
            return fail("has a score that is NaN; check the model and its input".into());
        }
        Ok(())
    }

    fn defects(&self) -> Defects {
        let Some(mask) = self.anomalous else {
            return Defects::default();
        };
        let components = components::label(mask, self.height, self.width);
        let pixels = components
            .labels
            .iter()
            .zip(self.scores)
            .filter(|&(&label, _)| label > 0)
            .map(|(&label, &score)| u64::from(descending_key(score)) << 32 | u64::from(label - 1));
        Defects {
            pixels: pixels.collect(),
            areas: components
                .regions
                .iter()
                .map(|region| region.area)
                .collect(),
        }
    }

    fn for_each_normal_key(&self, mut visit: impl FnMut(u32)) {
        match self.anomalous {
            None => self
                .scores
                .iter()
                .for_each(|&score| visit(descending_key(score))),
            Some(mask) => {
                for (&score, _) in self.scores.iter().zip(mask).filter(|(_, a)| !**a) {
                    visit(descending_key(score));
                }
            }
        }
    }
}

/// The bucket of a key in a coarse histogram: the larger the bucket, the smaller the score.
fn bucket(key: u32) -> usize {
    (key >> 16) as usize
}

/// Numbers of normal pixels per [`bucket`].
fn count_normal_pixels(maps: &[ScoredMap]) -> Vec<usize> {
    let empty = || vec![0; 1 << 16];
    maps.par_iter()
        .fold(empty, |mut counts, map| {
            map.for_each_normal_key(|key| counts[bucket(key)] += 1);
            counts
        })
        .reduce(empty, |mut sum, counts| {
            sum.iter_mut().zip(counts).for_each(|(s, c)| *s += c);
            sum
        })
}

/// The first bucket by whose end at least `limit` normal pixels have been counted.
fn bucket_reaching(limit: f64, counts: &[usize]) -> usize {
    let mut seen = 0;
    counts
        .iter()
        .position(|count| {
            seen += count;
            seen as f64 >= limit
        })
        .unwrap_or(counts.len())
}

/// Ranks the pixels of the buckets up to the given one; also, for each anomalous pixel in that
/// order, the share of its component that it is.
fn rank(maps: &[ScoredMap], defects: Defects, last_bucket: usize) -> (Ranking, Vec<f64>) {
    let Defects { areas, mut pixels } = defects;
    let kept: Vec<Vec<u32>> = maps
        .par_iter()
        .map(|map| {
            let mut keys = Vec::new();
            map.for_each_normal_key(|key| {
                if bucket(key) <= last_bucket {
                    keys.push(key);
                }
            });
            keys
        })
        .collect();
    let mut normal = kept.concat();
    drop(kept);
    normal.par_sort_unstable();

    pixels.retain(|pixel| bucket((pixel >> 32) as u32) <= last_bucket);
    pixels.par_sort_unstable();
    let anomalous = pixels.iter().map(|pixel| (pixel >> 32) as u32).collect();
    let weights = pixels
        .iter()
        .map(|pixel| 1.0 / (areas[*pixel as u32 as usize] * areas.len()) as f64)
        .collect();
    (Ranking::of_sorted(anomalous, normal), weights)
}

/// The area and the curve up to `max_fpr`, from each anomalous pixel's weight in the order of the
/// ranking.
fn integrate(ranking: &Ranking, weights: &[f64], normal_pixels: usize, max_fpr: f64) -> Pro {
    let limit = max_fpr * normal_pixels as f64;
    let mut curve = ThinnedCurve::new(max_fpr);
    let (mut area, mut found) = (0.0, 0);
    let (mut fp, mut overlap) = (0.0, 0.0);
    for at in ranking.thresholds() {
        let mut next_fp = at.false_positives as f64;
        let gained: f64 = weights[found..at.true_positives].iter().sum();
        let mut next_overlap = overlap + gained;
        let reached = next_fp >= limit;
        if reached {
            next_overlap = overlap + gained * (limit - fp) / (next_fp - fp);
            next_fp = limit;
        }
        area += (next_fp - fp) * (overlap + next_overlap) / 2.0;
        (fp, overlap, found) = (next_fp, next_overlap, at.true_positives);
        if reached {
            break;
        }
        curve.offer(fp / normal_pixels as f64, overlap.min(1.0));
    }
    Pro {
        au_pro: (area / limit).min(1.0),
        curve: curve.end(max_fpr, overlap.min(1.0)),
    }
}

/// A growing curve that leaves out points too close to the last kept one to be seen.
struct ThinnedCurve {
    curve: Curve,
    last: (f64, f64),
    apart: (f64, f64),
}

impl ThinnedCurve {
    /// Starts at (0, 0), to be drawn up to `x_max` and 1.
    fn new(x_max: f64) -> Self {
        let mut curve = Curve::default();
        curve.push(0.0, 0.0);
        Self {
            curve,
            last: (0.0, 0.0),
            apart: (x_max / 1000.0, 1.0 / 1000.0),
        }
    }

    fn offer(&mut self, x: f64, y: f64) {
        if x - self.last.0 >= self.apart.0 || y - self.last.1 >= self.apart.1 {
            self.curve.push(x, y);
            self.last = (x, y);
        }
    }

    fn end(mut self, x: f64, y: f64) -> Curve {
        self.curve.push(x, y);
        self.curve
    }
}

#[cfg(test)]
mod tests;

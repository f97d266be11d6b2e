//! Per-region overlap (PRO): how much of each defect the score maps cover, defects of every size
//! counting the same.
//!
//! The definition of the MVTec AD benchmark: P. Bergmann, K. Batzner, M. Fauser, D. Sattlegger,
//! C. Steger, *The MVTec Anomaly Detection Dataset*, IJCV 2021, section 5.2, as its published
//! evaluation code computes it.

use super::Curve;
use super::pixels::{Asked, PixelMaps, Truth, measure_pixels};
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
/// Memory beyond the maps: as [`measure_pixels`] takes.
pub fn pro(maps: &[ScoredMap], max_fpr: f64) -> Result<Pro> {
    for (index, map) in maps.iter().enumerate() {
        map.check(index)?;
    }
    let asked = Asked {
        max_fpr,
        curves: false,
    };
    measure_pixels(maps, asked)?.pro
}

impl PixelMaps for [ScoredMap<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn truth(&self, index: usize) -> Result<Truth> {
        let ScoredMap { height, width, .. } = self[index];
        let anomalous = self[index].anomalous;
        Ok(anomalous.map_or_else(
            || Truth::good(height, width),
            |mask| Truth::of(mask, height, width),
        ))
    }

    fn rows(&self, index: usize, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        let rows = self[index].scores.chunks_exact(self[index].width.max(1));
        rows.for_each(each);
        Ok(())
    }
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
}

/// The area and the curve up to a limit, threshold by threshold from the largest score on.
pub(super) struct ProSum {
    max_fpr: f64,
    normal_pixels: f64,
    /// In normal pixels.
    limit: f64,
    reached: bool,
    area: Sum,
    false_positives: f64,
    overlap: Sum,
    curve: ThinnedCurve,
}

impl ProSum {
    /// Of so many normal pixels and components.
    ///
    /// # Errors
    /// A limit that is none; nothing to measure.
    pub fn new(max_fpr: f64, normal_pixels: u64, components: usize) -> Result<Self> {
        if !(max_fpr > 0.0 && max_fpr <= 1.0) {
            let reason = format!(
                "the limit of the false positive rate is {max_fpr}; give one above 0 and up to 1"
            );
            return Err(Error::measure(MEASURE, reason));
        }
        if components == 0 {
            let reason = "no map's ground truth marks a defect; add images of defects with masks";
            return Err(Error::measure(MEASURE, reason));
        }
        if normal_pixels == 0 {
            let reason = "no pixel is normal; add good images or correct the ground truth";
            return Err(Error::measure(MEASURE, reason));
        }
        Ok(Self {
            max_fpr,
            normal_pixels: normal_pixels as f64,
            limit: max_fpr * normal_pixels as f64,
            reached: false,
            area: Sum::default(),
            false_positives: 0.0,
            overlap: Sum::default(),
            curve: ThinnedCurve::new(max_fpr),
        })
    }

    /// The next threshold: how many normal pixels lie above it by now, and what the mean overlap gains.
    pub fn step(&mut self, false_positives: f64, gained: f64) {
        if self.reached {
            return;
        }
        let (mut next_fp, mut gained) = (false_positives, gained);
        self.reached = next_fp >= self.limit;
        if self.reached {
            gained *= (self.limit - self.false_positives) / (next_fp - self.false_positives);
            next_fp = self.limit;
        }
        let before = self.overlap.value();
        self.overlap.add(gained);
        let overlap = self.overlap.value();
        (self.area).add((next_fp - self.false_positives) * (before + overlap) / 2.0);
        self.false_positives = next_fp;
        if !self.reached {
            let rate = self.false_positives / self.normal_pixels;
            self.curve.offer(rate, overlap.min(1.0));
        }
    }

    pub fn finish(self) -> Pro {
        Pro {
            au_pro: (self.area.value() / self.limit).min(1.0),
            curve: (self.curve).end(self.max_fpr, self.overlap.value().min(1.0)),
        }
    }
}

/// A sum of many small numbers that loses nothing of them (Neumaier, 1974).
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += match self.sum.abs() >= value.abs() {
            true => (self.sum - sum) + value,
            false => (value - sum) + self.sum,
        };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
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

//! Per-region overlap (PRO): how much of each defect the score maps cover, defects of every size
//! counting the same.
//!
//! The definition of the MVTec AD benchmark: P. Bergmann, K. Batzner, M. Fauser, D. Sattlegger,
//! C. Steger, *The MVTec Anomaly Detection Dataset*, IJCV 2021, section 5.2, as its published
//! evaluation code computes it.

use rayon::prelude::*;

use super::ranking::Ranking;
use super::{Curve, descending_key, undefined};
use crate::components;
use crate::error::{Error, Result};

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
        return Err(undefined(MEASURE, reason));
    }
    let defects = defects(maps)?;
    let counts = count_normal_pixels(maps);
    let normal_pixels: usize = counts.iter().sum();
    if normal_pixels == 0 {
        let reason = "no pixel is normal; add good images or correct the ground truth";
        return Err(undefined(MEASURE, reason));
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
        return Err(undefined(MEASURE, reason));
    }
    Ok(all)
}

impl ScoredMap<'_> {
    fn check(&self, index: usize) -> Result<()> {
        let Self { height, width, .. } = self;
        let fail = |what: String| -> Result<(), Error> {
            Err(undefined(
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
mod tests {
    use super::*;

    /// A map that owns its pixels.
    struct Owned {
        height: usize,
        width: usize,
        scores: Vec<f32>,
        mask: Option<Vec<bool>>,
    }

    impl Owned {
        /// One row: `#` is a defect.
        fn row(scores: &[f32], mask: &str) -> Self {
            Self {
                height: 1,
                width: scores.len(),
                scores: scores.to_vec(),
                mask: Some(mask.bytes().map(|b| b == b'#').collect()),
            }
        }

        fn view(&self) -> ScoredMap<'_> {
            ScoredMap {
                height: self.height,
                width: self.width,
                scores: &self.scores,
                anomalous: self.mask.as_deref(),
            }
        }
    }

    fn au_pro(maps: &[Owned], max_fpr: f64) -> f64 {
        let views: Vec<ScoredMap> = maps.iter().map(Owned::view).collect();
        pro(&views, max_fpr).unwrap().au_pro
    }

    /// Maps of several sizes, every third one good, with blobs that score a little higher.
    fn random_maps(seed: u64, count: usize, levels: u64) -> Vec<Owned> {
        let mut state = seed;
        let mut next = move |below: u64| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        (0..count)
            .map(|i| {
                let (height, width) = (8 + i % 3, 11 - i % 2);
                let mask: Vec<bool> = (0..height * width).map(|_| next(9) == 0).collect();
                let good = i % 3 == 2;
                let scores = mask
                    .iter()
                    .map(|&a| (next(levels) + if a && !good { levels / 4 } else { 0 }) as f32)
                    .map(|score| score / levels as f32 - 0.5)
                    .collect();
                Owned {
                    height,
                    width,
                    scores,
                    mask: (!good).then_some(mask),
                }
            })
            .collect()
    }

    /// The definition, threshold by threshold.
    fn au_pro_by_definition(maps: &[Owned], max_fpr: f64) -> f64 {
        let mut thresholds: Vec<f32> = maps.iter().flat_map(|m| m.scores.clone()).collect();
        thresholds.sort_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let mut regions: Vec<Vec<f32>> = Vec::new();
        let mut normal: Vec<f32> = Vec::new();
        for map in maps {
            let none = vec![false; map.scores.len()];
            let mask = map.mask.as_ref().unwrap_or(&none);
            let found = components::label(mask, map.height, map.width);
            let first = regions.len();
            regions.resize(first + found.regions.len(), Vec::new());
            for (&label, &score) in found.labels.iter().zip(&map.scores) {
                match label {
                    0 => normal.push(score),
                    label => regions[first + label as usize - 1].push(score),
                }
            }
        }
        let share = |of: &[f32], threshold: f32| {
            of.iter().filter(|&&s| s >= threshold).count() as f64 / of.len() as f64
        };
        let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
        for threshold in thresholds {
            let next_x = share(&normal, threshold);
            let overlaps = regions.iter().map(|region| share(region, threshold));
            let next_y = overlaps.sum::<f64>() / regions.len() as f64;
            if next_x > max_fpr {
                let cut_y = y + (next_y - y) * (max_fpr - x) / (next_x - x);
                return (area + (max_fpr - x) * (y + cut_y) / 2.0) / max_fpr;
            }
            area += (next_x - x) * (y + next_y) / 2.0;
            (x, y) = (next_x, next_y);
        }
        area / max_fpr
    }

    #[test]
    fn the_sort_agrees_with_the_definition_at_every_limit() {
        for (seed, levels) in [(1, 4), (2, 50), (3, 1 << 20)] {
            let maps = random_maps(seed, 7, levels);
            for max_fpr in [1e-4, 0.05, 0.3, 0.77, 1.0] {
                let (fast, slow) = (au_pro(&maps, max_fpr), au_pro_by_definition(&maps, max_fpr));
                assert!(
                    (fast - slow).abs() < 1e-12,
                    "{levels} {max_fpr}: {fast} {slow}"
                );
            }
        }
    }

    #[test]
    fn a_map_that_puts_every_defect_first_scores_one_and_last_scores_zero() {
        let scores = [5.0, 9.0, 0.0, 1.0, 8.0, 2.0];
        let found = [Owned::row(&scores, "##..#.")];
        let missed = [Owned::row(&scores.map(|s| -s), "##..#.")];
        assert!((au_pro(&found, 0.3) - 1.0).abs() < 1e-12);
        assert_eq!(au_pro(&missed, 0.3), 0.0);
    }

    #[test]
    fn equal_scores_draw_the_diagonal() {
        assert!((au_pro(&[Owned::row(&[1.0; 7], "..##..#")], 0.3) - 0.15).abs() < 1e-12);
    }

    #[test]
    fn a_small_defect_counts_as_much_as_a_large_one() {
        // The single pixel is found at once, the block of four only after all normal pixels.
        let scores = [9.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0, 5.0];
        assert!((au_pro(&[Owned::row(&scores, "#..####.")], 0.3) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn components_do_not_join_across_maps() {
        let apart = [
            Owned::row(&[0.0, 9.0], ".#"),
            Owned::row(&[1.0, 1.0, 2.0], "##."),
        ];
        // Half of the components is found at no false alarm, the other one never below FPR 1/2.
        assert!((au_pro(&apart, 0.5) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn good_images_add_normal_pixels_and_an_empty_mask_is_a_good_image() {
        let defect = || Owned::row(&[3.0, 1.0, 2.0, 0.0], "..#.");
        let mut good = Owned::row(&[4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], ".......");
        let alone = au_pro(&[defect()], 0.5);
        let with_mask = au_pro(&[defect(), good], 0.5);
        good = Owned::row(&[4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], ".......");
        good.mask = None;
        let without_mask = au_pro(&[good, defect()], 0.5);
        assert!((alone - 1.0 / 3.0).abs() < 1e-12, "{alone}");
        assert!((with_mask - 0.6).abs() < 1e-12, "{with_mask}");
        assert_eq!(with_mask, without_mask);
    }

    #[test]
    fn the_curve_is_thinned_ends_at_the_limit_and_keeps_its_area() {
        let maps = random_maps(5, 300, 1 << 22);
        let views: Vec<ScoredMap> = maps.iter().map(Owned::view).collect();
        let Pro { au_pro, curve } = pro(&views, 0.3).unwrap();
        assert!((500..=2002).contains(&curve.x.len()), "{}", curve.x.len());
        assert_eq!((curve.x[0], curve.y[0]), (0.0, 0.0));
        assert_eq!(curve.x.last(), Some(&0.3));
        assert!(curve.x.is_sorted() && curve.y.is_sorted());
        let area: f64 = (1..curve.x.len())
            .map(|i| (curve.x[i] - curve.x[i - 1]) * (curve.y[i] + curve.y[i - 1]) / 2.0)
            .sum();
        assert!((area / 0.3 - au_pro).abs() < 1e-3);
    }

    #[test]
    fn unusable_maps_are_named() {
        let good = Owned::row(&[1.0, 2.0, 3.0], ".#.");
        let fails = |bad: ScoredMap, text: &str| {
            let error = pro(&[good.view(), bad], 0.3).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        let nan = Owned::row(&[0.0, f32::NAN], "..");
        fails(nan.view(), "map 1 of 1x2 has a score that is NaN");
        let short = ScoredMap {
            width: 4,
            ..good.view()
        };
        fails(short, "map 1 of 1x4 has 3 scores");
        let wide = ScoredMap {
            height: usize::MAX,
            ..good.view()
        };
        fails(wide, "has 3 scores");
        let mask = ScoredMap {
            anomalous: Some(&[true]),
            ..good.view()
        };
        fails(mask, "map 1 of 1x3 has a mask of 1 values");
    }

    #[test]
    fn without_defects_normal_pixels_or_a_limit_there_is_no_pro() {
        let fails = |maps: &[ScoredMap], max_fpr: f64, text: &str| {
            let error = pro(maps, max_fpr).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        let mixed = Owned::row(&[1.0, 2.0], ".#");
        fails(&[], 0.3, "marks a defect");
        fails(
            &[Owned::row(&[1.0, 2.0], "..").view()],
            0.3,
            "marks a defect",
        );
        fails(
            &[Owned::row(&[1.0, 2.0], "##").view()],
            0.3,
            "no pixel is normal",
        );
        for max_fpr in [0.0, -0.1, 1.1, f64::NAN] {
            fails(&[mixed.view()], max_fpr, "limit of the false positive rate");
        }
    }
}

//! Measures of the pixels of many maps, in memory that does not grow with them.
//!
//! Every measure changes only where an anomalous pixel is found. So it is enough to know, for each score that an
//! anomalous pixel has, how many normal ones score more and how many the same: an exact histogram over these
//! scores' own values. Where there are too many of them, they are taken in parts, from the largest score down.

mod slots;
mod sweep;
mod truth;

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::descending_key;
use oddspot::{Error, Result};
use slots::Slots;
pub use sweep::PixelMeasures;
use sweep::Sweep;
pub use truth::{Run, Truth};

/// Anomalous pixels that are in memory at a time: of each 40 bytes.
const MOST: usize = 4 << 20;

/// The keys of all scores.
const ALL: RangeInclusive<u32> = 0..=u32::MAX;

/// Maps with their ground truth, of which each can be gone through several times.
pub trait PixelMaps: Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The ground truth of a map.
    ///
    /// # Errors
    /// It cannot be read.
    fn truth(&self, index: usize) -> Result<Truth>;

    /// Gives the rows of a map one after the other.
    ///
    /// # Errors
    /// It cannot be read.
    fn rows(&self, index: usize, each: &mut dyn FnMut(&[f32])) -> Result<()>;
}

/// What is measured, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The false positive rate up to which the per-region overlap is integrated.
    pub max_fpr: f64,
    /// Whether curves are wanted.
    pub curves: bool,
}

/// Measures all pixels. A measure that is undefined says why.
///
/// # Errors
/// Maps that cannot be read; a score that is NaN.
pub fn measure_pixels(maps: &(impl PixelMaps + ?Sized), asked: Asked) -> Result<PixelMeasures> {
    measure_in_parts(maps, asked, MOST)
}

fn measure_in_parts(
    maps: &(impl PixelMaps + ?Sized),
    asked: Asked,
    most: usize,
) -> Result<PixelMeasures> {
    let known = Known::of(maps)?;
    let mut sweep = Sweep::new(asked, &known);
    if known.anomalous == 0 {
        // Nothing is to be counted, but what cannot be scores is told.
        let slots = Slots::new(Vec::new());
        count_normal(maps, &slots, &ALL)?;
    }
    for keys in parts(maps, known.anomalous, most)? {
        let found = anomalous(maps, &known, &keys)?;
        let slots = Slots::new(found);
        count_normal(maps, &slots, &keys)?;
        sweep.add(&slots);
    }
    Ok(sweep.finish())
}

/// What is known of the ground truth of all maps.
struct Known {
    /// Pixels that are normal.
    normal: u64,
    /// Pixels that are anomalous.
    anomalous: usize,
    /// What each pixel of a component adds to the mean overlap, component by component.
    shares: Vec<f64>,
    /// The number of each map's first component.
    firsts: Vec<u32>,
}

impl Known {
    fn of(maps: &(impl PixelMaps + ?Sized)) -> Result<Self> {
        let areas: Vec<(u64, Vec<usize>)> = (0..maps.count())
            .into_par_iter()
            .map(|index| {
                let truth = maps.truth(index)?;
                Ok((truth.pixels(), truth.areas()))
            })
            .collect::<Result<_>>()?;
        let components: usize = areas.iter().map(|(_, areas)| areas.len()).sum();
        let mut known = Self {
            normal: areas.iter().map(|(pixels, _)| pixels).sum(),
            anomalous: 0,
            shares: Vec::with_capacity(components),
            firsts: Vec::with_capacity(areas.len()),
        };
        for (_, of_map) in areas {
            known.firsts.push(known.shares.len() as u32);
            let of_all = |area: &usize| 1.0 / (area * components) as f64;
            known.shares.extend(of_map.iter().map(of_all));
            known.anomalous += of_map.iter().sum::<usize>();
        }
        known.normal -= known.anomalous as u64;
        Ok(known)
    }
}

/// Goes through the runs of a map, whether each is of a component, and its scores.
fn for_each_run(
    maps: &(impl PixelMaps + ?Sized),
    index: usize,
    mut each: impl FnMut(Option<u32>, &[f32]),
) -> Result<()> {
    let truth = maps.truth(index)?;
    let mut runs = truth.runs().iter().peekable();
    let mut row = 0;
    maps.rows(index, &mut |scores| {
        let mut at = 0;
        while let Some(run) = runs.next_if(|run| run.row as usize == row) {
            let [start, end] = [run.start, run.end].map(|at| at as usize);
            each(None, &scores[at..start]);
            each(Some(run.component), &scores[start..end]);
            at = end;
        }
        each(None, &scores[at..]);
        row += 1;
    })
}

/// Ranges of keys, one after the other, of each of which so many pixels are anomalous, or a few more.
fn parts(
    maps: &(impl PixelMaps + ?Sized),
    anomalous: usize,
    most: usize,
) -> Result<Vec<RangeInclusive<u32>>> {
    if anomalous <= most {
        return Ok(if anomalous == 0 {
            Vec::new()
        } else {
            vec![ALL]
        });
    }
    let empty = || vec![0_u64; 1 << 16];
    let counts = (0..maps.count())
        .into_par_iter()
        .try_fold(empty, |mut counts, index| {
            for_each_run(maps, index, |component, scores| {
                if component.is_some() {
                    for &score in scores {
                        counts[(descending_key(score) >> 16) as usize] += 1;
                    }
                }
            })?;
            Ok::<_, Error>(counts)
        })
        .try_reduce(empty, |mut sum, counts| {
            sum.iter_mut().zip(counts).for_each(|(s, c)| *s += c);
            Ok(sum)
        })?;
    let (mut parts, mut first, mut sum) = (Vec::new(), 0, 0);
    for (bucket, count) in (0_u32..).zip(counts) {
        if sum > 0 && sum + count > most as u64 {
            parts.push(first..=(bucket << 16) - 1);
            (first, sum) = (bucket << 16, 0);
        }
        sum += count;
    }
    parts.push(first..=u32::MAX);
    Ok(parts)
}

/// The anomalous pixels with these keys, in the order of falling scores: each as its key, and what it adds to
/// the mean overlap.
fn anomalous(
    maps: &(impl PixelMaps + ?Sized),
    known: &Known,
    keys: &RangeInclusive<u32>,
) -> Result<Vec<(u32, f64)>> {
    let mut found = (0..maps.count())
        .into_par_iter()
        .try_fold(Vec::new, |mut found, index| {
            let first = known.firsts[index];
            for_each_run(maps, index, |component, scores| {
                let Some(component) = component else {
                    return;
                };
                let number = first + component;
                let of_run = scores.iter().map(|&score| (descending_key(score), number));
                found.extend(of_run.filter(|(key, _)| keys.contains(key)));
            })?;
            Ok::<_, Error>(found)
        })
        .try_reduce(Vec::new, |mut all, some| {
            all.extend(some);
            Ok(all)
        })?;
    // By component too, so that sums come out the same.
    found.par_sort_unstable();
    let share = |(key, number): (u32, u32)| (key, known.shares[number as usize]);
    Ok(found.into_iter().map(share).collect())
}

/// Counts the normal pixels with these keys where they lie among the anomalous ones.
fn count_normal(
    maps: &(impl PixelMaps + ?Sized),
    slots: &Slots,
    keys: &RangeInclusive<u32>,
) -> Result<()> {
    (0..maps.count()).into_par_iter().try_for_each(|index| {
        let mut counting = slots.counting();
        let mut is_number = true;
        for_each_run(maps, index, |component, scores| {
            is_number &= !scores.iter().any(|score| score.is_nan());
            if component.is_none() && is_number {
                for &score in scores {
                    let key = descending_key(score);
                    if keys.contains(&key) {
                        counting.add(key);
                    }
                }
            }
        })?;
        match is_number {
            true => Ok(()),
            false => Err(Error::measure(
                "pixels' scores",
                format!("map {index} has a score that is NaN; check the model and its input"),
            )),
        }
    })
}

#[cfg(test)]
mod tests;

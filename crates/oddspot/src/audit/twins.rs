//! Images of the same part: the same pixels twice, or photographed again.
//!
//! Parts of a kind look alike, so that likeness alone says little. What is compared is what an image has
//! of its own: its texture, less that of the images that are most like it.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::looks::Looks;
use super::texture::{Texture, coarse};

/// Images that are asked whether one is the twin.
const LIKEST: usize = 3;
/// Images whose texture is no image's own.
const OTHERS: usize = 8;
/// The least correlation of coarse textures between an image and its likest.
const COARSE_LIKE: f32 = 0.3;
/// The least correlation of two twins' own textures. Other parts of a kind reach 0.68, rarely 0.75; the same one
/// under another light 0.72 and more.
const LIKE: f32 = 0.72;
/// The same of pictures that have little of their own: made of few pixels, ...
const SMALL_LIKE: f32 = 0.9;
/// ... their longer side below this one.
const SMALL: usize = 160;
/// Deviations above the mean of what images have in common with those that are much like them and not the
/// same, that twins lie.
const FAR: f32 = 2.5;
/// What is asked of twins at most where such images are hard to tell apart.
const MOST_LIKE: f32 = 0.92;
/// Which of an image's likest is taken for such a one: the first may be its twins.
const STRANGER: usize = 4;
/// Images that are asked, at most.
const ASKED: usize = 64;
/// The same where there is no third image to say what is common.
const ALIKE: f32 = 0.95;

/// In what way images are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Likeness {
    /// The same pixels.
    Exact,
    /// The same part photographed again, or the same picture under another exposure, with other noise,
    /// shifted a little, or saved in another way.
    Near,
}

/// Images that are the same, two or more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Twins {
    /// In what way.
    pub likeness: Likeness,
    /// The images, by their places in the audit's list.
    #[serde(skip)]
    pub images: Vec<usize>,
    /// Their names.
    #[serde(rename = "images")]
    pub names: Vec<String>,
    /// Correlation of what pairs of them have of their own: the least that joined them, in [0, 1].
    pub correlation: f32,
    /// Whether some were learned from and some held out: what is trained knows the held-out ones.
    pub across_halves: bool,
}

/// Groups of the same images by their places: of the same pixels, then those of the same part.
pub(super) fn twins(looks: &[Looks]) -> Vec<Twins> {
    let mut by_pixels: BTreeMap<&[u8; 32], Vec<usize>> = BTreeMap::new();
    for (at, one) in looks.iter().enumerate() {
        by_pixels.entry(&one.pixels).or_default().push(at);
    }
    // Of each group one is compared with the others.
    let mut single: Vec<usize> = by_pixels.values().map(|group| group[0]).collect();
    single.sort_unstable();
    let mut exact: Vec<Vec<usize>> = by_pixels.into_values().collect();
    exact.retain(|group| group.len() > 1);
    exact.sort();
    let pairs = near(&single.iter().map(|&at| &looks[at]).collect::<Vec<_>>());
    let near = joined(single.len(), &pairs).into_iter().map(|group| {
        let of_group = pairs.iter().filter(|(a, _, _)| group.contains(a));
        let least = of_group.map(|&(_, _, like)| like).fold(1.0, f32::min);
        let images = group.iter().map(|&at| single[at]).collect();
        Twins::new(Likeness::Near, images, least)
    });
    let exact = exact.into_iter();
    let exact = exact.map(|images| Twins::new(Likeness::Exact, images, 1.0));
    exact.chain(near).collect()
}

impl Twins {
    fn new(likeness: Likeness, images: Vec<usize>, correlation: f32) -> Self {
        Self {
            likeness,
            images,
            names: Vec::new(),
            correlation,
            across_halves: false,
        }
    }
}

/// Groups of two or more of so many things, joined by pairs.
fn joined(count: usize, pairs: &[(usize, usize, f32)]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..count).collect();
    for &(a, b, _) in pairs {
        let (keep, gone) = (group[a].min(group[b]), group[a].max(group[b]));
        group
            .iter_mut()
            .filter(|one| **one == gone)
            .for_each(|one| *one = keep);
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, first) in group.into_iter().enumerate() {
        members.entry(first).or_default().push(at);
    }
    members
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

/// Pairs of the same part and the correlation of what they have of their own.
fn near(looks: &[&Looks]) -> Vec<(usize, usize, f32)> {
    let likest = likest(looks);
    let is_likest = |of: usize, other: usize| {
        let first = likest[of].iter().take(LIKEST);
        first
            .filter(|(_, like)| *like >= COARSE_LIKE)
            .any(|&(at, _)| at == other)
    };
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (a, likest) in likest.iter().enumerate() {
        for &(b, _) in likest.iter().take(LIKEST) {
            if a < b && is_likest(a, b) && is_likest(b, a) {
                pairs.push((a, b));
            }
        }
    }
    if pairs.is_empty() {
        return Vec::new();
    }
    let textures: Vec<Texture> = looks
        .par_iter()
        .map(|one| Texture::of(&one.small))
        .collect();
    let like = |a: usize, b: usize| {
        let others = likest[a].iter().map(|&(at, _)| at).filter(|&at| at != b);
        let others: Vec<&Texture> = others.take(OTHERS).map(|at| &textures[at]).collect();
        let like = of_their_own((&textures[a], &textures[b]), &others);
        (like, others.is_empty())
    };
    let usual = of_strangers(&likest, &like);
    let judged = pairs.par_iter().map(|&(a, b)| {
        let (like, alone) = like(a, b);
        let small = [a, b]
            .map(|at| looks[at].size)
            .iter()
            .any(|size| size.width.max(size.height) < SMALL);
        let least = match small {
            _ if alone => ALIKE,
            true => SMALL_LIKE.max(usual),
            false => LIKE.max(usual),
        };
        (like >= least).then_some((a, b, like))
    });
    judged.flatten().collect()
}

/// What two images must have of their own in common at least, that others of the set nowhere reach by chance:
/// plain parts that differ in little only are hard to tell apart. Asked of every so many of all images.
fn of_strangers(
    likest: &[Vec<(usize, f32)>],
    like: &(impl Fn(usize, usize) -> (f32, bool) + Sync),
) -> f32 {
    let step = likest.len().div_ceil(ASKED).max(1);
    let asked = likest.par_iter().enumerate().step_by(step);
    let found: Vec<f32> = asked
        .filter_map(|(at, likest)| Some(like(at, likest.get(STRANGER - 1)?.0).0))
        .collect();
    let count = found.len().max(1) as f32;
    let mean = found.iter().sum::<f32>() / count;
    let variance = found.iter().map(|one| (one - mean).powi(2)).sum::<f32>() / count;
    (mean + FAR * variance.sqrt()).min(MOST_LIKE)
}

/// Of each image those most like it by their coarse textures, less the mean of all, the likest first.
fn likest(looks: &[&Looks]) -> Vec<Vec<(usize, f32)>> {
    let mut own: Vec<Vec<f32>> = looks.par_iter().map(|one| coarse(&one.small)).collect();
    let values = own.first().map_or(0, Vec::len);
    let count = own.len() as f32;
    let mean = |at: usize| own.iter().map(|one| one[at]).sum::<f32>() / count;
    // Of two images the mean would make opposites.
    let mean: Vec<f32> = match own.len() {
        0..=3 => vec![0.0; values],
        _ => (0..values).into_par_iter().map(mean).collect(),
    };
    own.par_iter_mut().for_each(|one| {
        for (value, mean) in one.iter_mut().zip(&mean) {
            *value -= mean;
        }
        let norm = dot(one, one).sqrt().max(1e-6);
        one.iter_mut().for_each(|value| *value /= norm);
    });
    let of = |at: usize| {
        let others = (0..own.len()).filter(|&other| other != at);
        let mut others: Vec<(usize, f32)> = others
            .map(|other| (other, dot(&own[at], &own[other])))
            .collect();
        others.sort_by(|a, b| b.1.total_cmp(&a.1));
        others.truncate(LIKEST.max(OTHERS + 1));
        others
    };
    (0..own.len()).into_par_iter().map(of).collect()
}

/// The correlation of two textures, each less what `others` have there in the median, all moved to fit the
/// first.
fn of_their_own((one, twin): (&Texture, &Texture), others: &[&Texture]) -> f32 {
    let moved: Vec<Vec<i8>> = (others.iter())
        .map(|other| other.moved(one.shift_of(other)))
        .collect();
    let twin = twin.moved(one.shift_of(twin));
    let mut at_place = Vec::with_capacity(others.len());
    let (mut product, mut squares) = (0.0_f64, [0.0_f64; 2]);
    for (at, (&a, &b)) in one.inner().iter().zip(&twin).enumerate() {
        at_place.clear();
        at_place.extend(moved.iter().map(|other| other[at]));
        let common = median(&mut at_place);
        let [a, b] = [a, b].map(|value| f64::from(value) - common);
        product += a * b;
        squares[0] += a * a;
        squares[1] += b * b;
    }
    (product / (squares[0] * squares[1]).sqrt().max(1e-9)) as f32
}

/// The middle of some values, between the two middle ones of an even number; 0 of none.
fn median(values: &mut [i8]) -> f64 {
    values.sort_unstable();
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => f64::from(values[odd / 2]),
        even => 0.5 * (f64::from(values[even / 2 - 1]) + f64::from(values[even / 2])),
    }
}

/// A scalar product, in eight sums that a processor makes at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests;

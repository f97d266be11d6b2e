//! From the terms' errors to one normalised anomaly map, from the map to a score.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::shares::{Shares, TermShare};
use crate::maps::{Moments, ScoreMap, around_peak, image_level, quantile, usual_difference};
use crate::terms::{Fusing, Kind, Side};
use crate::view::{Evidence, Move};

/// Pixels that the quartile of a map is taken of, at least.
const QUARTILE_PIXELS: usize = 1 << 13;

/// μ and σ of a term, and of images' levels in it, over the training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TermStatistics {
    /// The term's name.
    pub term: String,
    /// Of its error, over all valid pixels.
    pub moments: Moments,
    /// Of the levels of the training images, in units of the error; absent if levels are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_level: Option<Moments>,
    /// What it reaches in good images that it was not fitted to, in standard deviations: the upper
    /// quartile of its map's maximum. Absent where terms are measured in standard deviations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<f64>,
}

/// A term's part of the anomaly map.
#[derive(Clone, Debug, PartialEq)]
pub struct TermMap {
    /// Which term.
    pub kind: &'static Kind,
    /// `w (e − μ) / σ`, less what is usual of the image's level, not below its floor, over its unit if it
    /// has one, smoothed; 0 without evidence.
    pub map: ScoreMap,
}

/// The anomaly map of one image and its parts, of which it is the sum: in units of what good images
/// reach, or in standard deviations of their pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct AnomalyMaps {
    /// `e`.
    pub total: ScoreMap,
    /// Its summands, in the order of the terms.
    pub terms: Vec<TermMap>,
}

/// A term's error at the image's size, NaN where there is no evidence, and how it is fused.
pub struct TermError<'a> {
    /// Which term.
    pub kind: &'static Kind,
    /// The error.
    pub error: &'a ScoreMap,
    /// What is usual of it.
    pub statistics: &'a TermStatistics,
    /// How it goes into the sum.
    pub fusing: Fusing,
    /// Which pixels are inspected; all where there is none. The others count 0.
    pub inspected: Option<&'a [bool]>,
}

impl AnomalyMaps {
    /// Normalises, weighs, smooths and adds the terms' errors.
    pub fn fuse<'a>(errors: impl IntoIterator<Item = TermError<'a>>) -> Self {
        let terms = errors.into_iter().map(|term| TermMap {
            kind: term.kind,
            map: term.map(),
        });
        Self::of(terms.collect())
    }

    /// The sum of parts.
    pub fn of(terms: Vec<TermMap>) -> Self {
        let total = sum(terms.iter().map(|term| &term.map));
        Self {
            total: total.map_or_else(|| ScoreMap::filled(0, 0, 0.0), Cow::into_owned),
            terms,
        }
    }

    /// The same as far as each pixel is evidence; −∞ where another piece of the image judges, or nothing is
    /// inspected.
    #[must_use]
    pub fn within(self, evidence: &Evidence) -> Self {
        if *evidence == Evidence::EVERYWHERE {
            return self;
        }
        let terms = self.terms.into_iter().map(|term| TermMap {
            kind: term.kind,
            map: evidence.of(term.map),
        });
        Self::of(terms.collect())
    }

    /// The same as it lies in the image that was moved to be seen.
    #[must_use]
    pub fn back(self, to_image: &Move) -> Self {
        if *to_image == Move::NONE {
            return self;
        }
        let terms = self.terms.iter().map(|term| TermMap {
            kind: term.kind,
            map: to_image.back(&term.map),
        });
        Self::of(terms.collect())
    }

    /// The same with the least value of each part where there is −∞, so that it can be drawn; and where there is
    /// none, if there is any.
    #[must_use]
    pub fn grounded(self) -> (Self, Option<Vec<bool>>) {
        let inspected: Vec<bool> = (self.total.values.iter())
            .map(|&value| value != f32::NEG_INFINITY)
            .collect();
        if !inspected.contains(&false) {
            return (self, None);
        }
        let ground = |mut map: ScoreMap| {
            let values = map.values.iter().zip(&inspected);
            let kept = values.filter(|(_, inspected)| **inspected);
            let least = kept.map(|(value, _)| *value).reduce(f32::min);
            for (value, inspected) in map.values.iter_mut().zip(&inspected) {
                if !inspected {
                    *value = least.unwrap_or_default();
                }
            }
            map
        };
        let terms = self.terms.into_iter().map(|term| TermMap {
            kind: term.kind,
            map: ground(term.map),
        });
        (Self::of(terms.collect()), Some(inspected))
    }

    /// All maps, changed alike by what keeps their sum the sum of its parts.
    #[must_use]
    pub fn each(&self, change: impl Fn(&ScoreMap) -> ScoreMap) -> Self {
        let changed = |term: &TermMap| TermMap {
            kind: term.kind,
            map: change(&term.map),
        };
        Self {
            total: change(&self.total),
            terms: self.terms.iter().map(changed).collect(),
        }
    }

    /// The image's score: the maximum of `e`.
    pub fn score(&self) -> f32 {
        self.total.peak().0
    }

    /// How unlike good images it is nearly everywhere: the lower quartile of `e` where there is evidence, of every
    /// so many pixels.
    pub fn nearly_everywhere(&self) -> f32 {
        let every = (self.total.values.len() / QUARTILE_PIXELS).max(1);
        let seen = self.total.values.iter().step_by(every).copied();
        let mut seen: Vec<f32> = seen.filter(|value| value.is_finite()).collect();
        quantile(&mut seen, 0.25)
    }

    /// A term's part, by its name.
    pub fn term(&self, name: &str) -> Option<&ScoreMap> {
        let term = self.terms.iter().find(|term| term.kind.name == name);
        term.map(|term| &term.map)
    }

    /// The sum of the terms of a side; None where the model has none.
    pub fn side(&self, side: Side) -> Option<Cow<'_, ScoreMap>> {
        let of_side = self.terms.iter().filter(|term| term.kind.side == side);
        sum(of_side.map(|term| &term.map))
    }

    /// What the map of a side shows, in words; where nothing but terms of the closed form is in it, what these
    /// say.
    pub fn words(&self, side: Side) -> &'static str {
        let of_side = self.terms.iter().map(|term| term.kind);
        let of_side: Vec<&Kind> = of_side.filter(|kind| kind.side == side).collect();
        match of_side.iter().all(|kind| kind.closed_form) {
            true => of_side.first().map_or(side.words(), |kind| kind.words()),
            false => side.words(),
        }
    }

    /// How much each side has to do with the peak: its terms over what stands out with the peak, since a
    /// single pixel would say what happens to be strongest there. Those of the closed form tell what is
    /// unusual at a place: it looks wrong as far as it is new to good images, in [0, 1], and is in the wrong
    /// place as far as they show it elsewhere.
    pub fn shares(&self, novelty: f64) -> Shares {
        let peak = around_peak(&self.total);
        let mut sides = [0.0; Side::ALL.len()];
        for term in &self.terms {
            let part = f64::from(term.map.mean_of(&peak).max(0.0));
            let looks_wrong = match (term.kind.closed_form, term.kind.side) {
                (true, _) => novelty,
                (false, Side::LooksWrong) => 1.0,
                (false, Side::WrongPlace) => 0.0,
            };
            sides[0] += looks_wrong * part;
            sides[1] += (1.0 - looks_wrong) * part;
        }
        let [looks_wrong, wrong_place] = sides.map(|side| side as f32);
        Shares::of(looks_wrong, wrong_place)
    }

    /// The same term by term.
    pub fn term_shares(&self) -> Vec<TermShare> {
        let peak = around_peak(&self.total);
        TermShare::of(
            self.terms
                .iter()
                .map(|term| (term.kind, term.map.mean_of(&peak))),
        )
    }

    /// All maps resized to an image of the given size.
    pub fn resized(&self, height: usize, width: usize) -> Self {
        self.each(|map| map.resize_bilinear(height, width))
    }
}

/// The sum of maps of one size, in their order; None of none.
fn sum<'a>(mut maps: impl Iterator<Item = &'a ScoreMap>) -> Option<Cow<'a, ScoreMap>> {
    let mut sum = Cow::Borrowed(maps.next()?);
    for map in maps {
        for (sum, value) in sum.to_mut().values.iter_mut().zip(&map.values) {
            *sum += value;
        }
    }
    Some(sum)
}

impl TermError<'_> {
    /// Its part of the anomaly map.
    pub(crate) fn map(&self) -> ScoreMap {
        let Fusing {
            weight,
            least,
            smoothing,
            without_evidence,
            ..
        } = self.fusing;
        let weight = weight / self.statistics.unit.unwrap_or(1.0);
        let moments = self.statistics.moments;
        let usual = (self.statistics.image_level.as_ref()).map_or(0.0, |usual| {
            usual_difference(image_level(self.error, self.inspected), usual)
        });
        let levelled = Moments {
            mean: moments.mean + usual,
            ..moments
        };
        smoothed(
            (self.error, self.inspected),
            smoothing,
            |value| match value.is_nan() {
                true if without_evidence => 0.0,
                // A fault, and it stays one.
                true => f64::NAN,
                false => weight * levelled.normalise(value).max(least),
            },
        )
    }
}

/// A map of an error, each value normalised, smoothed by a Gaussian of `smoothing` pixels of a 256-pixel
/// image.
fn smoothed(
    (map, inspected): (&ScoreMap, Option<&[bool]>),
    smoothing: f64,
    normalise: impl Fn(f32) -> f64,
) -> ScoreMap {
    let normalised = |&value: &f32| normalise(value) as f32;
    let mut normalised = ScoreMap {
        values: map.values.iter().map(normalised).collect(),
        ..*map
    };
    // Before it is smoothed, so that nothing of what is ignored reaches what is inspected.
    let ignored = inspected.into_iter().flatten().map(|inspected| !inspected);
    for (value, ignored) in normalised.values.iter_mut().zip(ignored) {
        if ignored {
            *value = 0.0;
        }
    }
    let sigma = |side: usize| smoothing * side as f64 / 256.0;
    normalised.smooth(sigma(map.height), sigma(map.width))
}

#[cfg(test)]
mod tests;

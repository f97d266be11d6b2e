//! Images of another kind than the rest: of another size, depth, or colour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::looks::Looks;
use crate::images::ImageSize;

/// Spreads from the median beyond which a value is far off.
const FAR: f32 = 6.0;
/// Levels of brightness that are never far off.
const BRIGHTNESS: f32 = 20.0;
/// Levels between two channels' means that are never far off.
const COLOUR: f32 = 12.0;
/// Sides' logarithms that are never far off: a fifth wider.
const ASPECT: f32 = 0.2;

/// In what an image is unlike the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unlike", rename_all = "snake_case")]
pub enum Unlike {
    /// Its size, where most have one and the same.
    Size {
        /// That of most.
        usual: String,
    },
    /// Width over height, far from all others where sizes vary.
    Aspect {
        /// The median of all.
        usual: f32,
    },
    /// Bits of a sample.
    Depth {
        /// Those of most.
        usual: u8,
    },
    /// Grey, where most are in colour.
    Grey,
    /// In colour, where most are grey.
    Coloured,
    /// The mean brightness, in levels of 255.
    Brightness {
        /// Its own.
        own: f32,
        /// The median of all.
        usual: f32,
    },
    /// The mean colour.
    Colour {
        /// Its own red, green and blue, in levels of 255.
        own: [f32; 3],
        /// The median of all.
        usual: [f32; 3],
    },
}

impl Unlike {
    /// In words, as after the image's name.
    pub fn words(&self) -> String {
        match self {
            Self::Size { usual } => format!("of another size: most are {usual}"),
            Self::Aspect { usual } => {
                format!("of another shape: width over height is {usual:.2} in the others")
            }
            Self::Depth { usual } => format!("of another depth: most have {usual} bits"),
            Self::Grey => "grey, where most are in colour".to_owned(),
            Self::Coloured => "in colour, where most are grey".to_owned(),
            Self::Brightness { own, usual } => {
                let way = if own > usual { "brighter" } else { "darker" };
                format!("much {way}: {own:.0} of 255 in the mean, the others {usual:.0}")
            }
            Self::Colour { own, usual } => {
                let text = |[red, green, blue]: &[f32; 3]| format!("{red:.0}/{green:.0}/{blue:.0}");
                format!(
                    "of another colour: red/green/blue {} in the mean, the others {}",
                    text(own),
                    text(usual)
                )
            }
        }
    }
}

/// In what each image is unlike the others.
pub(super) fn unlike(looks: &[Looks]) -> Vec<Vec<Unlike>> {
    let usual_size = most(looks.iter().map(|one| (one.size.width, one.size.height)));
    let usual_bits = most(looks.iter().map(|one| one.bits));
    let usual_grey = most(looks.iter().map(|one| one.grey));
    let spread = |value: &dyn Fn(&Looks) -> f32, least: f32| {
        Spread::of(looks.iter().map(value).collect(), least)
    };
    let aspect = spread(&aspect, ASPECT);
    let bright = spread(&brightness, BRIGHTNESS);
    let colours = [0, 2].map(|channel| spread(&|one| tint(one, channel), COLOUR));
    let median = |channel: usize| spread(&|one| one.mean[channel], 0.0).median;
    let usual_colour = [0, 1, 2].map(median);
    let of = |one: &Looks| {
        let mut found = Vec::new();
        match usual_size {
            Some((width, height)) if (one.size.width, one.size.height) != (width, height) => {
                let usual = ImageSize { width, height }.to_string();
                found.push(Unlike::Size { usual });
            }
            None if aspect.is_far(self::aspect(one)) => found.push(Unlike::Aspect {
                usual: aspect.median.exp(),
            }),
            _ => {}
        }
        if let Some(usual) = usual_bits.filter(|&usual| usual != one.bits) {
            found.push(Unlike::Depth { usual });
        }
        match usual_grey {
            Some(true) if !one.grey => found.push(Unlike::Coloured),
            Some(false) if one.grey => found.push(Unlike::Grey),
            _ if [0, 2]
                .iter()
                .zip(&colours)
                .any(|(&channel, spread)| spread.is_far(tint(one, channel))) =>
            {
                found.push(Unlike::Colour {
                    own: one.mean,
                    usual: usual_colour,
                });
            }
            _ => {}
        }
        if bright.is_far(brightness(one)) {
            found.push(Unlike::Brightness {
                own: brightness(one),
                usual: bright.median,
            });
        }
        found
    };
    looks.iter().map(of).collect()
}

/// The value that more than half of them have.
fn most<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts = BTreeMap::new();
    let mut all = 0;
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
        all += 1;
    }
    let (value, count) = counts.into_iter().max_by_key(|&(_, count)| count)?;
    (2 * count > all).then_some(value)
}

fn aspect(one: &Looks) -> f32 {
    (one.size.width as f32 / one.size.height.max(1) as f32).ln()
}

fn brightness(one: &Looks) -> f32 {
    one.mean.iter().sum::<f32>() / 3.0
}

/// How far a channel's mean lies above green's.
fn tint(one: &Looks, channel: usize) -> f32 {
    one.mean[channel] - one.mean[1]
}

/// What is usual of a value.
struct Spread {
    median: f32,
    /// What is not far off yet.
    allowed: f32,
}

impl Spread {
    fn of(mut values: Vec<f32>, least: f32) -> Self {
        let middle = |values: &mut Vec<f32>| {
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        let median = middle(&mut values);
        let mut away: Vec<f32> = values.iter().map(|value| (value - median).abs()).collect();
        // The standard deviation of as wide a normal distribution.
        let spread = 1.4826 * middle(&mut away);
        Self {
            median,
            allowed: (FAR * spread).max(least),
        }
    }

    fn is_far(&self, value: f32) -> bool {
        (value - self.median).abs() > self.allowed
    }
}

#[cfg(test)]
mod tests;

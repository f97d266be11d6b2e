//! What is usual of good images, and what lies beyond all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lie::{Cells, Lie, Usual};
use super::measure::Measure;
use super::vitals::{Glance, Vitals};
use super::{Beyond, Health};
use crate::maps::quantile_between;

/// How far beyond the least and the most of good images, as a share of their distance from the middle, an
/// image may lie.
const MARGIN: f64 = 0.5;
/// Good images that count for one more such distance: few images show little of what there is.
const FEW: f64 = 20.0;
/// The fewest good images that say what is usual.
const FEWEST: usize = 10;

/// The health of good images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GoodHealth {
    /// Measure by measure.
    measures: BTreeMap<Measure, Vec<f32>>,
    /// What all of them show, [`SIDE`]² values in 64ths of a level.
    ///
    /// [`SIDE`]: super::lie::SIDE
    picture: Vec<i16>,
}

impl Health {
    fn of(vitals: Vitals, lie: &Lie, unlike: f32) -> Self {
        Self {
            vitals,
            light: lie.lighter,
            right: lie.right,
            down: lie.down,
            larger: lie.larger,
            turned: lie.turned,
            unlike,
            beyond: Vec::new(),
        }
    }
}

impl GoodHealth {
    /// Of good images, and how unlike the others those are that the model judged without having seen them.
    pub fn of(good: &[Glance], unlike: &[f32]) -> Self {
        let mean = Cells::mean(good.iter().map(|one| &one.cells));
        let mut health = Self {
            measures: BTreeMap::new(),
            picture: mean.steps(),
        };
        // Each against what the others show.
        let others = |one: &Glance| Usual::of(mean.without(&one.cells, good.len()));
        let lies: Vec<Lie> = good
            .iter()
            .map(|one| one.cells.lies(&others(one)))
            .collect();
        health.take(good, &lies, unlike);
        health
    }

    /// Takes in more of them.
    pub fn add(&mut self, good: &[Glance], unlike: &[f32]) {
        let usual = self.shown();
        let lies: Vec<Lie> = good.iter().map(|one| one.cells.lies(&usual)).collect();
        self.take(good, &lies, unlike);
    }

    /// The same of images that were judged.
    pub fn add_judged<'a>(&mut self, good: impl Iterator<Item = &'a Health>) {
        for health in good {
            for measure in Measure::ALL {
                let values = self.measures.entry(measure).or_default();
                values.push(health.get(measure));
            }
        }
    }

    fn take(&mut self, good: &[Glance], lies: &[Lie], unlike: &[f32]) {
        for (one, lie) in good.iter().zip(lies) {
            let health = Health::of(one.vitals, lie, 0.0);
            for measure in Measure::ALL {
                if measure != Measure::Unlike {
                    let values = self.measures.entry(measure).or_default();
                    values.push(health.get(measure));
                }
            }
        }
        let finite = unlike.iter().filter(|one| one.is_finite());
        self.measures
            .entry(Measure::Unlike)
            .or_default()
            .extend(finite);
    }

    /// What an image may reach of a measure: the least and the most; None where too few good images are known.
    pub fn usual(&self, measure: Measure) -> Option<[f64; 2]> {
        let values = self.measures.get(&measure)?;
        if values.len() < FEWEST {
            return None;
        }
        let [least, middle, most] = [0.0, 0.5, 1.0].map(|share| quantile_between(values, share));
        let margin = MARGIN + FEW / values.len() as f64;
        let reach = |distance: f64| (margin * distance).max(measure.least(middle));
        Some([least - reach(middle - least), most + reach(most - middle)])
    }

    /// What all of them show.
    fn shown(&self) -> Usual {
        Usual::of(Cells::of_steps(&self.picture))
    }

    /// Made ready to judge images by, so that no image pays for it.
    pub fn ready(&self) -> UsualHealth {
        let bounds = Measure::ALL.into_iter();
        UsualHealth {
            shown: self.shown(),
            bounds: bounds
                .filter_map(|measure| Some((measure, self.usual(measure)?)))
                .collect(),
        }
    }
}

/// What is usual of good images, made ready to judge others by.
pub struct UsualHealth {
    shown: Usual,
    /// What an image may reach of each measure that enough good images are known of.
    bounds: Vec<(Measure, [f64; 2])>,
}

impl UsualHealth {
    /// The health of an image by what is seen of it, and how unlike good ones it is.
    pub fn judge(&self, image: &Glance, unlike: f32) -> Health {
        let lie = image.cells.lies(&self.shown);
        // Of an image without any evidence nothing is unlike.
        let unlike = if unlike.is_finite() { unlike } else { 0.0 };
        let mut health = Health::of(image.vitals, &lie, unlike);
        let mut found: Vec<(f64, Beyond)> = Vec::new();
        for &(measure, [least, most]) in &self.bounds {
            let value = f64::from(health.get(measure));
            let far = (least - value).max(value - most);
            let Some(words) = measure.words(value > most).filter(|_| far > 0.0) else {
                continue;
            };
            let beyond = Beyond {
                measure,
                value: value as f32,
                usual: [least as f32, most as f32],
                words: words.to_owned(),
            };
            found.push((far / (most - least), beyond));
        }
        // What is known of the cause is said before that the whole is unlike good images: dark, moved and blurred
        // ones are so too. And colours that are gone explain a cast, and are said first however far it goes.
        let is_faded =
            |(_, one): &(f64, Beyond)| one.measure == Measure::Colour && one.value < one.usual[0];
        let is_faded = found.iter().any(is_faded);
        let explained =
            |one: &Beyond| one.measure == Measure::Unlike || is_faded && one.measure.is_cast();
        found.sort_by(|a, b| {
            let order = explained(&a.1).cmp(&explained(&b.1));
            order.then(b.0.total_cmp(&a.0))
        });
        health.beyond = found.into_iter().map(|(_, beyond)| beyond).collect();
        health
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// A plate of some brightness, in levels of 200.
    fn plate(level: f32) -> Glance {
        Glance::of(&RgbImage::from_fn(64, 64, |x, y| {
            let part = (16..48).contains(&x) && (20..40).contains(&y);
            let value = if part { 160.0 } else { 80.0 } + ((x * 7 + y * 13) % 11) as f32;
            Rgb([
                (value * level) as u8,
                (value * level) as u8,
                (0.8 * value * level) as u8,
            ])
        }))
    }

    fn good() -> GoodHealth {
        let images: Vec<Glance> = (0..20).map(|i| plate(0.98 + 0.002 * i as f32)).collect();
        GoodHealth::of(&images, &[0.1; 20])
    }

    #[test]
    fn good_images_are_healthy_and_another_light_is_told() {
        let good = good();
        assert!(good.ready().judge(&plate(1.01), 0.1).is_trusted());
        let dark = good.ready().judge(&plate(0.6), 0.1);
        assert!(dark.words().unwrap().starts_with("darker"), "{dark:?}");
        let bright = good.ready().judge(&plate(1.4), 0.1);
        assert!(
            bright
                .beyond
                .iter()
                .any(|one| one.words.starts_with("brighter"))
        );
    }

    #[test]
    fn colours_that_are_gone_are_said_before_the_cast_that_comes_of_it() {
        let tinted = |[red, blue]: [f32; 2]| {
            Glance::of(&RgbImage::from_fn(64, 64, |x, y| {
                let level = (60 + x + y) as u8;
                let tint = |share: f32| (f32::from(level) * share) as u8;
                Rgb([tint(red), level, tint(blue)])
            }))
        };
        let good: Vec<Glance> = (0..20)
            .map(|i| tinted([0.5 + 0.001 * i as f32, 0.6]))
            .collect();
        let usual = GoodHealth::of(&good, &[0.1; 20]).ready();
        let found = usual.judge(&tinted([1.0, 1.0]), 0.1);
        let measures: Vec<Measure> = found.beyond.iter().map(|one| one.measure).collect();
        assert!(measures.contains(&Measure::RedCast), "{measures:?}");
        assert_eq!(measures[0], Measure::Colour);
        // What is too colourful is said as far as it goes.
        let found = usual.judge(&tinted([0.0, 0.6]), 0.1);
        assert!(found.beyond[0].measure.is_cast(), "{found:?}");
    }

    #[test]
    fn what_is_unlike_everywhere_is_told_and_quiet_images_are_not() {
        let good = good();
        let other = good.ready().judge(&plate(1.0), 5.0);
        assert_eq!(other.beyond.len(), 1);
        assert_eq!(other.beyond[0].measure, Measure::Unlike);
        assert!(good.ready().judge(&plate(1.0), -3.0).is_trusted());
        // A cause that is known is said first, however far it is from the others.
        let dark = good.ready().judge(&plate(0.6), 500.0);
        assert!(dark.words().unwrap().starts_with("darker"), "{dark:?}");
        assert_eq!(dark.beyond.last().unwrap().measure, Measure::Unlike);
    }

    #[test]
    fn a_handful_of_images_says_nothing_and_few_say_less() {
        let few = GoodHealth::of(&vec![plate(1.0); 9], &[]);
        assert!(few.ready().judge(&plate(0.2), 9.0).is_trusted());
        let at = |count: usize| {
            let images: Vec<Glance> = (0..count)
                .map(|i| plate(0.9 + 0.2 * (i % 2) as f32))
                .collect();
            GoodHealth::of(&images, &[])
                .usual(Measure::Brightness)
                .unwrap()
        };
        assert!(at(10)[1] > at(60)[1]);
    }

    #[test]
    fn it_goes_through_files_and_takes_in_more() {
        let mut good = good();
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<GoodHealth>(&text).unwrap(), good);
        good.add(&[plate(0.6)], &[]);
        assert!(good.ready().judge(&plate(0.62), 0.1).is_trusted());
    }

    #[test]
    fn another_place_and_another_size_are_told() {
        let scene = |right: f32, larger: f32| {
            Glance::of(&RgbImage::from_fn(128, 128, |x, y| {
                let u = (x as f32 - 63.5 - right) / larger;
                let v = (y as f32 - 63.5) / larger;
                let part = u.abs() < 36.0 && v.abs() < 24.0 && u + v < 40.0;
                // A ground that moves along: else it were the part alone that lies otherwise.
                let ground = 40.0 * ((u / 9.0).sin() + (v / 7.0).cos());
                Rgb([(if part { 170.0 } else { 100.0 } + ground) as u8; 3])
            }))
        };
        let images: Vec<Glance> = (0..20).map(|i| scene(0.05 * i as f32, 1.0)).collect();
        let good = GoodHealth::of(&images, &[0.1; 20]);
        let told = |image: &Glance| good.ready().judge(image, 0.1).words().map(str::to_owned);
        assert_eq!(told(&scene(0.6, 1.0)), None);
        let moved = good.ready().judge(&scene(6.0, 1.0), 0.1);
        let right = |one: &Beyond| one.words.starts_with("farther to the right");
        assert!(moved.beyond.iter().any(right), "{moved:?}");
        let health = good.ready().judge(&scene(0.0, 1.1), 0.1);
        assert!(
            health
                .beyond
                .iter()
                .any(|one| one.words.starts_with("larger")),
            "{health:?}"
        );
    }
}

//! What thresholds would have meant: false alarms and misses among labelled parts, each with an interval.

use oddspot::verdict::{GoodScores, interval};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::history::{Labelled, Truth};

/// A share that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// So many.
    pub counted: usize,
    /// Of so many.
    pub of: usize,
    /// Where the share lies, with 95 % confidence (Clopper–Pearson): from ...
    pub low: f64,
    /// ... to.
    pub high: f64,
}

/// What a threshold would have meant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Price {
    /// Labelled good, and above it.
    pub false_alarms: Share,
    /// Labelled bad, and not above it.
    pub misses: Share,
    /// The share of good images that is expected above it, by the model's own.
    pub rate: f64,
    /// Of the model's own good images, so many lie above it.
    pub above: usize,
}

impl Share {
    /// So many of so many.
    pub fn of(counted: usize, of: usize) -> Self {
        let [low, high] = interval(counted, of);
        Self {
            counted,
            of,
            low,
            high,
        }
    }
}

/// False alarms among parts that are labelled good, and misses among those labelled bad, by a threshold.
pub fn counted(threshold: f64, labelled: &[Labelled]) -> (Share, Share) {
    // An image that cannot be trusted is stopped by any threshold.
    let is_stopped = |one: &&Labelled| one.is_untrusted || one.score > threshold;
    let count = |truth: Truth, stopped: bool| {
        let all = labelled.iter().filter(|one| one.truth == truth);
        all.filter(|one| is_stopped(one) == stopped).count()
    };
    let of = |truth: Truth| labelled.iter().filter(|one| one.truth == truth).count();
    (
        Share::of(count(Truth::Good, true), of(Truth::Good)),
        Share::of(count(Truth::Bad, false), of(Truth::Bad)),
    )
}

impl Price {
    /// Of a threshold, by what is labelled and by the scores of the model's good images.
    pub fn of(threshold: f64, labelled: &[Labelled], own: &GoodScores) -> Self {
        let (false_alarms, misses) = counted(threshold, labelled);
        Self {
            false_alarms,
            misses,
            rate: own.rate(threshold),
            above: own.above(threshold),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(truth: Truth, score: f64, is_untrusted: bool) -> Labelled {
        Labelled {
            truth,
            score,
            is_untrusted,
            name: String::new(),
            image: String::new(),
        }
    }

    #[test]
    fn false_alarms_and_misses_follow_from_the_threshold() {
        let labelled = [
            part(Truth::Good, 1.0, false),
            part(Truth::Good, 5.0, false),
            part(Truth::Bad, 2.0, false),
            part(Truth::Bad, 2.0, true),
            part(Truth::Bad, 9.0, false),
        ];
        let own = GoodScores::new(&[1.0, 2.0, 3.0], &[], 0.0);
        let price = Price::of(2.5, &labelled, &own);
        assert_eq!((price.false_alarms.counted, price.false_alarms.of), (1, 2));
        assert_eq!((price.misses.counted, price.misses.of), (1, 3));
        assert_eq!(price.above, 1);
        assert!(price.misses.low < 1.0 / 3.0 && price.misses.high > 1.0 / 3.0);
        let none = Price::of(2.5, &[], &own).misses;
        assert_eq!((none.low, none.high), (0.0, 1.0));
    }
}

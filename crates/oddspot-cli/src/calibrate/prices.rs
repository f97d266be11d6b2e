//! What thresholds cost: good images above them, bad ones below.

use oddspot::judge::Scored;
use oddspot::verdict::Thresholds;

use crate::described::{four_digits, in_percent};

/// The false-alarm rates that are offered.
const RATES: [f64; 8] = [0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002];

/// What thresholds make of images.
pub struct Prices {
    image: f64,
    check: f64,
    /// The thresholds so far.
    before: [f64; 2],
    /// Thresholds for other rates, the lowest threshold first.
    others: Vec<(f64, f64)>,
    good: Vec<f32>,
    bad: Vec<f32>,
}

impl Prices {
    /// Of thresholds, of those before, and of others near them.
    pub fn new(
        thresholds: &Thresholds,
        before: &Thresholds,
        good: &[Scored],
        bad: &[Scored],
    ) -> Self {
        let scores = |images: &[Scored]| images.iter().map(|image| image.score).collect();
        let other = |rate| (rate, thresholds.scores.threshold(rate));
        Self {
            image: thresholds.image,
            check: thresholds.check,
            before: [before.image, before.check],
            others: RATES.map(other).into(),
            good: scores(good),
            bad: scores(bad),
        }
    }

    /// As "at 12.8: 6 of 40 missed, 2 of 60 false alarms".
    pub fn sentence(&self) -> String {
        let between = |scores: &[f32]| above(scores, self.check) - above(scores, self.image);
        let mut parts = Vec::new();
        if !self.bad.is_empty() {
            let missed = self.bad.len() - above(&self.bad, self.image);
            parts.push(format!(
                "{missed} of {} missed ({} of them to be checked)",
                self.bad.len(),
                between(&self.bad)
            ));
        }
        parts.push(format!(
            "{} of {} false alarms ({} more to be checked)",
            above(&self.good, self.image),
            self.good.len(),
            between(&self.good)
        ));
        format!("at {}: {}", four_digits(self.image), parts.join(", "))
    }

    /// A line for each threshold, the chosen ones marked.
    pub fn table(&self) -> Vec<String> {
        let mut rows: Vec<(f64, String)> = (self.others.iter())
            .map(|&(rate, threshold)| (threshold, format!("{} %", in_percent(rate))))
            .chain([
                (self.image, "anomalous above".to_owned()),
                (self.check, "to check above".to_owned()),
            ])
            .collect();
        for (before, now, what) in [
            (self.before[0], self.image, "anomalous so far"),
            (self.before[1], self.check, "to check so far"),
        ] {
            if before != now {
                rows.push((before, what.to_owned()));
            }
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut lines = vec![format!(
            "  {:>9}  {:16}  {:>12}  {:>12}",
            "threshold", "for a rate of", "false alarms", "missed"
        )];
        lines.extend(rows.into_iter().map(|(threshold, what)| {
            let alarms = format!("{} of {}", above(&self.good, threshold), self.good.len());
            let missed = match self.bad.len() {
                0 => "–".to_owned(),
                bad => format!("{} of {bad}", bad - above(&self.bad, threshold)),
            };
            format!(
                "  {:>9}  {what:16}  {alarms:>12}  {missed:>12}",
                four_digits(threshold)
            )
        }));
        lines
    }
}

fn above(scores: &[f32], threshold: f64) -> usize {
    let above = |score: &&f32| f64::from(**score) > threshold;
    scores.iter().filter(above).count()
}

#[cfg(test)]
mod tests {
    use oddspot::health::Health;
    use oddspot::model::ImageRecord;
    use oddspot::verdict::{GoodScores, Rates};

    use super::*;

    fn scored(scores: impl Iterator<Item = f32>) -> Vec<Scored> {
        let image = |score| Scored {
            record: ImageRecord {
                name: String::new(),
                sha256: String::new(),
            },
            score,
            health: Health::default(),
            pixels: Vec::new(),
        };
        scores.map(image).collect()
    }

    #[test]
    fn a_threshold_is_told_with_what_it_misses_and_what_its_neighbours_would() {
        let good = scored((1..=99).map(|score| score as f32));
        let bad = scored([50.0, 92.0, 97.0, 99.0, 120.0].into_iter());
        let scores: Vec<f32> = good.iter().map(|image| image.score).collect();
        let rates = Rates {
            anomalous: 0.02,
            check: 0.1,
        };
        let thresholds = Thresholds::of(GoodScores::new(&scores, &scores, 0.0), rates);
        let before = Thresholds {
            image: 110.0,
            ..thresholds.clone()
        };
        let prices = Prices::new(&thresholds, &before, &good, &bad);
        assert_eq!(
            prices.sentence(),
            "at 98.00: 3 of 5 missed (2 of them to be checked), 1 of 99 false alarms (8 more to be \
             checked)"
        );
        let table = prices.table();
        assert!(
            table
                .iter()
                .any(|line| line.contains("anomalous above") && line.contains("3 of 5"))
        );
        assert!(
            table
                .iter()
                .any(|line| line.contains(" 20 %") && line.contains("19 of 99"))
        );
        assert!(table.iter().any(|line| {
            line.contains("110.0") && line.contains("anomalous so far") && line.contains("4 of 5")
        }));
        assert!(!table.iter().any(|line| line.contains("to check so far")));
        let without = Prices::new(&thresholds, &thresholds, &good, &[]);
        assert!(
            without
                .sentence()
                .starts_with("at 98.00: 1 of 99 false alarms")
        );
    }
}

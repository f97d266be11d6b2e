//! What was said of known images, held to what must be said.

use oddspot::judge::Example;
use oddspot::verdict::{Finding, Verdict};

use super::golden::{Expected, Known};
use crate::printing::counted;

/// What was said of the known images.
pub struct Judged {
    threshold: f64,
    images: usize,
    misses: usize,
    /// Of the misses.
    to_check: usize,
    false_alarms: usize,
    others: usize,
    /// Of all that is wrong, what another model noted.
    by_others: usize,
    moved: usize,
    scored: usize,
    unjudged: usize,
    /// A line for each image of which something else was said.
    pub lines: Vec<String>,
}

impl Judged {
    /// Of none yet, by a model with this threshold.
    pub fn new(threshold: f64) -> Self {
        Self {
            threshold,
            images: 0,
            misses: 0,
            to_check: 0,
            false_alarms: 0,
            others: 0,
            by_others: 0,
            moved: 0,
            scored: 0,
            unjudged: 0,
            lines: Vec::new(),
        }
    }

    /// Takes in what was said of the next one.
    pub fn add(&mut self, known: &Known, finding: &Finding) {
        self.images += 1;
        let kept_back = matches!(finding.verdict, Verdict::Anomalous | Verdict::Untrusted);
        let wrong = match known.expected {
            Expected::Good if kept_back => {
                self.false_alarms += 1;
                Some("false alarm")
            }
            Expected::Anomalous if !kept_back => {
                self.misses += 1;
                self.to_check += usize::from(finding.verdict == Verdict::Check);
                Some("missed")
            }
            Expected::This(verdict) if verdict != finding.verdict => {
                self.others += 1;
                Some("other verdict")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.by_others += usize::from(known.is_by_other);
            let line = finding.line(&known.image);
            self.lines.push(format!("{wrong}: {line}"));
        }
        let Some(noted) = known.score else {
            return;
        };
        self.scored += 1;
        let score = Example {
            recorded: noted,
            now: finding.score,
        };
        if !score.agrees(self.threshold) {
            self.moved += 1;
            let image = &known.image;
            self.lines.push(format!(
                "other score: {image} {:.4}, noted {noted:.4}",
                finding.score
            ));
        }
    }

    /// Takes in that the next one could not be judged.
    pub fn add_unjudged(&mut self, known: &Known, reason: &str) {
        self.unjudged += 1;
        self.lines
            .push(format!("not judged: line {}: {reason}", known.line));
    }

    /// How many were judged or could not be.
    pub fn count(&self) -> usize {
        self.images + self.unjudged
    }

    /// Whether it is as it must be.
    pub fn passes(&self, max_misses: usize, max_false_alarms: usize) -> bool {
        self.misses <= max_misses
            && self.false_alarms <= max_false_alarms
            && self.others == 0
            && self.moved == 0
            && self.unjudged == 0
    }

    /// Whether all that is not as it must be are verdicts that another model noted.
    pub fn differs_from_others_alone(&self) -> bool {
        let wrong = self.misses + self.false_alarms + self.others;
        self.moved == 0 && self.unjudged == 0 && wrong == self.by_others
    }

    /// What came of it, in a line.
    pub fn summary(&self, max_misses: usize, max_false_alarms: usize) -> String {
        let mut text = format!(
            "{}: {} missed{} (at most {max_misses}), {} false alarms (at most {max_false_alarms})",
            counted(self.images, "known image"),
            self.misses,
            match self.to_check {
                0 => String::new(),
                some => format!(", {some} of them to be checked,"),
            },
            self.false_alarms
        );
        if self.unjudged > 0 {
            text += &format!(", {} more could not be judged", self.unjudged);
        }
        if self.others > 0 {
            text += &format!(", {} of another verdict", self.others);
        }
        if self.scored > 0 {
            text += &format!(
                ", {} of {} scores are not those noted",
                self.moved, self.scored
            );
        }
        text
    }
}

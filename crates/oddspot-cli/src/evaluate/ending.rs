//! What an evaluation ends with: what it means at the line, and what to do next.

use oddspot::verdict::Thresholds;
use oddspot_measure::report::{Count, Verdicts};

use super::EvaluateArgs;
use crate::printing::quoted;

/// Alarms beyond so many times what was asked for are too many.
const TOO_MANY: f64 = 2.0;

/// What the verdicts mean, and what follows, a line each.
pub fn lines(verdicts: &Verdicts, thresholds: &Thresholds, args: &EvaluateArgs) -> Vec<String> {
    let model = quoted(&args.model);
    let (alarms, missed) = (verdicts.false_alarms, verdicts.missed());
    let mut lines = vec!["At the line".to_owned()];
    if alarms.of > 0 {
        lines.push(format!(
            "  good parts: {} would be called anomalous, {} more looked at",
            of(alarms),
            verdicts.good_to_check.count + verdicts.good_untrusted.count
        ));
    }
    if missed.of > 0 {
        lines.push(format!(
            "  bad parts: {} would not be called anomalous, {} of these looked at",
            of(missed),
            verdicts.misses_to_check.count
        ));
    }
    lines.push("Next".to_owned());
    let first = lines.len();
    let share = alarms.share().unwrap_or(0.0);
    // One alarm of few images says nothing.
    if alarms.count > 1 && share > TOO_MANY * thresholds.false_alarms.target {
        lines.push(format!(
            "  more alarms than were asked for: learn good images as the line gives them now: oddspot extend {model} MORE_GOOD_IMAGES"
        ));
    }
    if verdicts.good_untrusted.count > 0 {
        lines.push(
            "  good images are untrusted: their light, focus or colours are not those of the training; detect says which"
                .to_owned(),
        );
    }
    if missed.count > 0 {
        if args.html.is_none() {
            lines.push("  see what is missed: add --html report.html".to_owned());
        }
        lines.push(format!(
            "  what fewer misses would cost: oddspot calibrate {model} GOOD_IMAGES --bad BAD_IMAGES --dry-run"
        ));
    }
    if lines.len() == first {
        lines.push(format!(
            "  hold it to these images on the machine of the line (oddspot verify), then judge there: oddspot watch FOLDER -m {model} -o results"
        ));
    }
    lines
}

fn of(count: Count) -> String {
    format!("{} of {}", count.count, count.of)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser;
    use oddspot::verdict::{GoodScores, Rates};

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: EvaluateArgs,
    }

    fn said(alarms: usize, missed: usize, untrusted: usize) -> String {
        let args = Command::parse_from(["", "my model.oddspot", "data"]).args;
        let rates = Rates {
            anomalous: 0.03,
            check: 0.05,
        };
        let scores: Vec<f32> = (0..100_u8).map(f32::from).collect();
        let thresholds = Thresholds::of(GoodScores::new(&scores, &[], 0.0), rates);
        let count = |count, of| Count { count, of };
        let verdicts = Verdicts {
            false_alarms: count(alarms, 50),
            misses: BTreeMap::from([("cut".to_owned(), count(missed, 20))]),
            good_untrusted: count(untrusted, 50),
            ..Verdicts::of_images(&thresholds, std::iter::empty())
        };
        lines(&verdicts, &thresholds, &args).join("\n")
    }

    #[test]
    fn what_to_do_next_follows_from_what_went_wrong() {
        let fine = said(1, 0, 0);
        assert!(fine.contains("good parts: 1 of 50 would be called anomalous, 0 more looked at"));
        assert!(fine.contains("bad parts: 0 of 20 would not be called anomalous"));
        assert!(
            fine.ends_with("oddspot watch FOLDER -m 'my model.oddspot' -o results"),
            "{fine}"
        );
        let alarms = said(5, 0, 0);
        assert!(
            alarms.contains("oddspot extend") && !alarms.contains("watch"),
            "{alarms}"
        );
        let missed = said(0, 3, 0);
        assert!(
            missed.contains("--html report.html") && missed.contains("--bad"),
            "{missed}"
        );
        assert!(said(0, 0, 2).contains("good images are untrusted"));
    }
}

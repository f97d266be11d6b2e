//! What a training ends with: what the model does, and what to do next.

use std::path::Path;

use oddspot::Model;
use oddspot::verdict::{Rates, Thresholds};

use crate::described::{
    describe_false_alarms, describe_images, describe_position_classifier, describe_source,
};
use crate::output::beside;
use crate::printing::{are, quoted};
use crate::region::describe_share;
use crate::voice::Voice;

/// Good images below which no rate can be known.
const FEW: usize = 20;

/// Tells what the model does, first in words of the line, then in detail.
pub fn summarise(model: &Model, output: &Path, voice: Voice) {
    let header = &model.header;
    let thresholds = &header.thresholds;
    report!(voice, "model {}", output.display());
    if let Some(words) = describe_share(model.inspected_share()) {
        report!(voice, "{words}");
    }
    let [anomalous, check] =
        [thresholds.false_alarms, thresholds.checks].map(|alarms| 100.0 * alarms.target);
    let alarms = &thresholds.false_alarms;
    let is_known = thresholds.scores.is_conformal(alarms.target);
    let guess = match (alarms.images < FEW, is_known) {
        (true, _) => "; from so few images that is a guess".to_owned(),
        (false, false) => format!(
            "; it may be up to {:.0}, which more good images would narrow down",
            (100.0 * alarms.upper_bound()).ceil()
        ),
        (false, true) => String::new(),
    };
    report!(
        voice,
        "of 100 good parts like these about {} are called anomalous, and {}{guess}",
        parts(anomalous),
        match thresholds.check == thresholds.image {
            true => none_to_check(thresholds),
            false => format!(
                "{} more are to be checked",
                parts((check - anomalous).max(0.0))
            ),
        }
    );
    for line in describe_images(header) {
        report!(voice, "{line}");
    }
    report!(voice, "details:");
    report!(
        voice,
        "  an image is anomalous above the score {:.2}, to be checked above {:.2}",
        thresholds.image,
        thresholds.check
    );
    report!(voice, "  {}", describe_false_alarms(header));
    if thresholds.check == thresholds.image {
        report!(voice, "  both are the same: no image is to be checked");
    } else {
        report!(
            voice,
            "  {} of {} good images were to be checked or anomalous",
            thresholds.checks.left_out_alarms,
            thresholds.checks.images
        );
    }
    report!(voice, "  {}", describe_source(header));
    if let Some(sureness) = describe_position_classifier(header) {
        report!(voice, "  {sureness}");
    }
}

/// Why no part is to be checked.
fn none_to_check(thresholds: &Thresholds) -> String {
    let Rates { anomalous, check } = thresholds.rates();
    match check > anomalous {
        true => format!(
            "none is to be checked: {} too few to tell {} % from {} %",
            are(thresholds.scores.good.len(), "good image"),
            parts(100.0 * anomalous),
            parts(100.0 * check)
        ),
        false => "none is to be checked, since --check-rate asks for no more".to_owned(),
    }
}

/// How many of 100 parts, with a digit only where it says something.
fn parts(count: f64) -> String {
    let rounded = (10.0 * count).round() / 10.0;
    rounded.to_string()
}

/// Tells what to do with the model.
pub fn tell_what_next(output: &Path, has_page: bool, voice: Voice) {
    let model = quoted(output);
    report!(voice, "next:");
    if has_page {
        let page = beside(output, "audit.html");
        report!(
            voice,
            "  look at {}: leave out what is not good with --exclude, and train again",
            page.display()
        );
    }
    report!(
        voice,
        "  judge new images: oddspot detect {model} FOLDER -o found"
    );
    report!(
        voice,
        "  too many alarms, or too few: oddspot calibrate {model} MORE_GOOD_IMAGES"
    );
}

#[cfg(test)]
mod tests {
    use oddspot::verdict::GoodScores;

    use super::*;

    #[test]
    fn why_nothing_is_to_be_checked_is_said() {
        let said = |check| {
            let scores = GoodScores::new(&[1.0, 1.1, 1.2, 1.3], &[], 0.0);
            let anomalous = 0.03;
            none_to_check(&Thresholds::of(scores, Rates { anomalous, check }))
        };
        let few = "none is to be checked: 4 good images are too few to tell 3 % from 5 %";
        assert_eq!(said(0.05), few);
        assert!(said(0.03).contains("--check-rate"));
    }

    #[test]
    fn parts_have_a_digit_where_it_says_something() {
        assert_eq!(
            [3.0, 0.5, 2.0000000001, 0.0].map(parts),
            ["3", "0.5", "2", "0"]
        );
    }
}

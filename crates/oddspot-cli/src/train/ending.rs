//! What a training ends with: what the model does, and what to do next.

use std::path::Path;

use oddspot::Model;

use crate::described::{
    describe_false_alarms, describe_images, describe_position_classifier, describe_source,
};
use crate::output::beside;
use crate::printing::quoted;
use crate::region::describe_share;

/// Good images below which no rate can be known.
const FEW: usize = 20;

/// Tells what the model does, first in words of the line, then in detail.
pub fn summarise(model: &Model, output: &Path) {
    let header = &model.header;
    let thresholds = &header.thresholds;
    say!("model {}", output.display());
    if let Some(words) = describe_share(model.inspected_share()) {
        say!("{words}");
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
    say!(
        "of 100 good parts like these about {} are called anomalous, and {} more are to be checked{guess}",
        parts(anomalous),
        match thresholds.check == thresholds.image {
            true => "0".to_owned(),
            false => parts((check - anomalous).max(0.0)),
        }
    );
    for line in describe_images(header) {
        say!("{line}");
    }
    say!("details:");
    say!(
        "  an image is anomalous above the score {:.2}, to be checked above {:.2}",
        thresholds.image,
        thresholds.check
    );
    say!("  {}", describe_false_alarms(header));
    if thresholds.check == thresholds.image {
        say!("  both are the same: no image is to be checked");
    } else {
        say!(
            "  {} of {} good images were to be checked or anomalous",
            thresholds.checks.left_out_alarms,
            thresholds.checks.images
        );
    }
    say!("  {}", describe_source(header));
    if let Some(sureness) = describe_position_classifier(header) {
        say!("  {sureness}");
    }
}

/// How many of 100 parts, with a digit only where it says something.
fn parts(count: f64) -> String {
    let rounded = (10.0 * count).round() / 10.0;
    rounded.to_string()
}

/// Tells what to do with the model.
pub fn tell_what_next(output: &Path, has_page: bool) {
    let model = quoted(output);
    say!("next:");
    if has_page {
        let page = beside(output, "audit.html");
        say!(
            "  look at {}: leave out what is not good with --exclude, and train again",
            page.display()
        );
    }
    say!("  judge new images: oddspot detect {model} FOLDER -o found");
    say!("  too many alarms, or too few: oddspot calibrate {model} MORE_GOOD_IMAGES");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_a_digit_where_it_says_something() {
        assert_eq!(
            [3.0, 0.5, 2.0000000001, 0.0].map(parts),
            ["3", "0.5", "2", "0"]
        );
    }
}

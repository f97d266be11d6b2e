//! What a training ends with: what the model does, and what to do next.

use std::path::Path;

use oddspot::Model;
use oddspot::train::remarks;

use crate::described::{describe_false_alarms, describe_images, option};
use crate::output::beside;
use crate::printing::quoted;
use crate::region::describe_share;
use crate::voice::Voice;

/// Tells what the model does, first in words of the line, then in detail.
pub fn summarise(model: &Model, output: &Path, voice: Voice) {
    let header = &model.header;
    let thresholds = &header.thresholds;
    report!(voice, "model {}", output.display());
    if let Some(words) = describe_share(model.inspected_share()) {
        report!(voice, "{words}");
    }
    report!(voice, "{}", remarks::expected(header, &option).words);
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
    report!(voice, "  {}", remarks::source(header).words);
    if let Some(sureness) = remarks::sureness(header, &option) {
        report!(voice, "  {}", sureness.words);
    }
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

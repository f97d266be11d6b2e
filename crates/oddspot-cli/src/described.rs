//! What a model says of its thresholds and its position classifier, in sentences.

use oddspot::model::Header;
use oddspot::settings::Tile;
use oddspot::verdict::{FalseAlarms, Thresholds};
use oddspot::view::GoodAlignment;

use crate::printing::escaped;

/// Images that a sentence names.
const NAMED: usize = 3;

/// What is promised of a model's thresholds, or that nothing is, and what they come from, a sentence each.
pub fn describe_thresholds(header: &Header) -> Vec<String> {
    let thresholds = &header.thresholds;
    let calibration = header.calibration.as_ref();
    let mut told = match calibration.is_some_and(|one| one.given) {
        true => {
            let mut told = vec![
                "the threshold was given: no rate is promised of it".to_owned(),
                describe_amount(&thresholds.false_alarms),
            ];
            told.extend(describe_images(header));
            told
        }
        false => {
            let mut told = vec![describe_false_alarms(header)];
            told.extend(describe_scores(header));
            told
        }
    };
    if calibration.is_some_and(|one| one.check_given) {
        told.push("the threshold of images to be checked was given".to_owned());
    }
    told
}

/// Where the image threshold comes from, and which good images may be none, a sentence each.
pub fn describe_scores(header: &Header) -> Vec<String> {
    let mut told = vec![describe_source(header)];
    told.extend(describe_images(header));
    told
}

/// Where the image threshold comes from, in a sentence.
pub fn describe_source(header: &Header) -> String {
    let Thresholds {
        false_alarms,
        scores,
        ..
    } = &header.thresholds;
    let (images, rate) = (scores.good.len(), false_alarms.target);
    let enough = (1.0 / rate - 1e-9).ceil() - 1.0;
    match scores.is_conformal(rate) {
        true => format!("the threshold is one of the scores of {images} good images"),
        false if (images as f64) < enough => format!(
            "the threshold is extrapolated from the scores of {images} good images: {enough} would do without"
        ),
        false => format!(
            "the threshold is extrapolated from the scores of {images} good images: those that could be it lie far \
             above all others"
        ),
    }
}

/// Which good images are remembered, and which may be none, a sentence each.
pub fn describe_images(header: &Header) -> Vec<String> {
    let mut told: Vec<String> = describe_remembered(header).into_iter().collect();
    let suspicious = header.suspicious_images();
    if !suspicious.is_empty() {
        let names = named(suspicious.iter().map(|record| record.name.as_str()));
        told.push(format!(
            "warning: far above all other good images: {names}; look whether they are good, for they \
             raise the threshold"
        ));
    }
    told
}

/// How many of the good images, or of their pieces, are remembered, if not all; none without such a term.
fn describe_remembered(header: &Header) -> Option<String> {
    let settings = &header.settings;
    let (all, most) = (header.good_pieces(), settings.remembered());
    let option = match settings.tile.is_none() {
        true => "--remembered",
        false => "--remembered-pieces",
    };
    (settings.closed_form.memory_weight > 0.0 && all > most).then(|| {
        format!(
            "the nearest good image is looked for among {most} of {all}: {option} has the number"
        )
    })
}

/// How the good images lie, a sentence each; `None` of images that have too little in common.
pub fn describe_alignment(good: Option<&GoodAlignment>) -> Vec<String> {
    let Some(good) = good else {
        return vec![
            "warning: the good images have too little in common to be aligned: they are looked at as they are"
                .to_owned(),
        ];
    };
    let ([moved, farthest], [turned, most]) = (good.moved, good.turned);
    let mut text = format!(
        "aligned: good images are moved by {moved:.1} pixels (median), {farthest:.1} at most"
    );
    if most > 0.0 {
        text += &format!(", and turned by {turned:.1}°, {most:.1}° at most");
    }
    let mut told = vec![
        text,
        format!(
            "an image could not be aligned if its edges agree with theirs by less than {:.2}; good ones reach \
             {:.2} (median)",
            good.bound, good.correlation
        ),
    ];
    if !good.not_aligned.is_empty() {
        let names = named(good.not_aligned.iter().map(String::as_str));
        told.push(format!(
            "warning: these good images could not be aligned: {names}; look whether they show the same"
        ));
    }
    told
}

/// How many pieces images are looked at in, and what that costs.
pub fn describe_pieces(tile: Tile, fewest: usize, most: usize) -> String {
    let Tile::Of(size) = tile else {
        return String::new();
    };
    match (fewest, most) {
        (_, ..=1) => {
            format!("each image is no larger than a piece of {size} pixels: --tile changes nothing")
        }
        (fewest, most) if fewest == most => format!(
            "each image is looked at in {most} pieces of {size} pixels: judging one takes {most} times as long"
        ),
        (fewest, most) => format!(
            "images are looked at in {fewest} to {most} pieces of {size} pixels: judging one takes as many \
             times as long"
        ),
    }
}

/// The first few names, and how many more there are.
fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names: Vec<String> = names
        .take(NAMED)
        .map(|name| escaped(name).to_string())
        .collect();
    names.join(", ") + &more
}

/// What the good images say of the false-alarm rate, in a sentence, and how many of them the networks know.
pub fn describe_false_alarms(header: &Header) -> String {
    let alarms = &header.thresholds.false_alarms;
    let mut text = describe_alarms(alarms);
    let seen = header.scores_of_seen();
    if seen > 0 && alarms.images > 1 {
        text += &format!(
            "; its networks have learned from {seen} of these images, whose scores are rescaled for that"
        );
    }
    text
}

fn describe_alarms(alarms: &FalseAlarms) -> String {
    if alarms.images < 2 {
        return "one good image is too few to tell the false-alarm rate: train on more images"
            .to_owned();
    }
    // Rounded up, so that the bound still holds as printed.
    let bound = (1000.0 * alarms.upper_bound()).ceil() / 10.0;
    format!(
        "{} of {} good images {} above the threshold set by the others; with 95 % \
         confidence the false-alarm rate is below {bound:.1} %",
        alarms.left_out_alarms,
        alarms.images,
        if alarms.left_out_alarms == 1 {
            "was"
        } else {
            "were"
        },
    )
}

/// What a threshold of the user's own amounts to, in a sentence.
pub fn describe_amount(alarms: &FalseAlarms) -> String {
    // A quantile of ever so few images says nothing of ever smaller rates.
    let rate = match 100.0 * alarms.target {
        tiny if tiny < 0.1 => "less than 0.1 %".to_owned(),
        rate => format!("{rate:.1} %"),
    };
    format!(
        "{} of {} good images lie above it; by their scores it amounts to a false-alarm rate of {rate}",
        alarms.left_out_alarms, alarms.images,
    )
}

/// How sure the position classifier is of the images learned from, in a sentence, and what that means
/// where it is little; None where there is none.
pub fn describe_position_classifier(header: &Header) -> Option<String> {
    // μ of `e_pos`: one minus its average probability of the true place, pairs weighed as in `e_pos`.
    header
        .term("position")
        .map(|term| describe_sureness(term.moments.mean))
}

fn describe_sureness(mean: f64) -> String {
    /// Transistors and circuit boards give 96 % and more after the whole training, boards 84 % after
    /// a quarter of it, and a texture 33 %.
    const SURE: f64 = 0.9;
    let probability = 1.0 - mean;
    let mut text = format!(
        "the position classifier gives a neighbour's true place {:.1} % on average over the images \
         learned from (chance: 12.5 %)",
        100.0 * probability
    );
    if probability < SURE {
        text += "; that is little: what is in the wrong place may be missed, or be said to look \
                 wrong. More --iterations help, unless the images have no arrangement in common";
    }
    text
}

/// A share in percent, without the binary noise of the product.
pub fn in_percent(share: f64) -> f64 {
    (1e6 * share).round() / 1e4
}

/// A number with four significant digits, or all of its whole ones.
pub fn four_digits(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().max(1e-9).log10().floor();
    format!("{number:.*}", (3.0 - magnitude).max(0.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(images: usize, left_out_alarms: usize) -> String {
        describe_alarms(&FalseAlarms {
            images,
            target: 0.01,
            left_out_alarms,
        })
    }

    #[test]
    fn the_false_alarm_bound_is_rounded_up_and_one_image_is_too_few() {
        // Clopper–Pearson: 13.2946 % for 0 of 21, 25.8866 % for 0 of 10.
        assert!(described(21, 0).ends_with("the false-alarm rate is below 13.3 %"));
        assert!(described(10, 0).ends_with("below 25.9 %"));
        assert!(described(10, 1).starts_with("1 of 10 good images was above"));
        assert!(described(1, 0).contains("too few"));
    }

    #[test]
    fn an_unsure_position_classifier_is_told_with_what_helps() {
        let sure = describe_sureness(0.003);
        assert!(
            sure.ends_with("99.7 % on average over the images learned from (chance: 12.5 %)"),
            "{sure}"
        );
        let unsure = describe_sureness(0.16);
        assert!(
            unsure.contains("84.0 %") && unsure.contains("--iterations"),
            "{unsure}"
        );
    }
}

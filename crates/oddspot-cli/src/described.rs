//! What a model says of its thresholds, in sentences.

use oddspot::model::Header;
use oddspot::settings::{self, Tile};
use oddspot::train::remarks::{self, Remark};
use oddspot::verdict::FalseAlarms;

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
    let mut told = vec![remarks::source(header).words];
    told.extend(describe_images(header));
    told
}

/// Which good images are remembered, and which may be none, a sentence each.
pub fn describe_images(header: &Header) -> Vec<String> {
    let told = remarks::of_good_images(header, &option);
    told.iter().map(Remark::line).collect()
}

/// A setting as an option.
pub fn option(name: &str, value: Option<&str>) -> String {
    let option = settings::row(name).map_or(name, |row| row.option);
    match value {
        Some(value) => format!("--{option} {value}"),
        None => format!("--{option}"),
    }
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
}

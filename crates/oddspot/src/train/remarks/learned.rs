//! What is said of a model once it has learned: what its thresholds do and come from, and which images to look at.

use super::{Naming, Remark, named};
use crate::model::Header;
use crate::terms::{self, Side};
use crate::verdict::{Rates, TermStatistics, Thresholds};

/// Good images below which no rate can be known.
const FEW: usize = 20;
/// How sure a position classifier is that has learned: transistors and circuit boards give 96 % and more after the
/// whole training, boards 84 % after a quarter of it, and a texture 33 %.
const SURE: f64 = 0.9;

/// All that somebody should know, or wants to, but how many images are called what.
pub fn of_learned(header: &Header, naming: Naming) -> Vec<Remark> {
    let mut told = vec![expected(header, naming), source(header)];
    told.extend(of_good_images(header, naming));
    told.extend(sureness(header, naming));
    told
}

/// How many of 100 good parts are called what; of few images that it is a guess.
pub fn expected(header: &Header, naming: Naming) -> Remark {
    let thresholds = &header.thresholds;
    let alarms = &thresholds.false_alarms;
    let [anomalous, check] =
        [thresholds.false_alarms, thresholds.checks].map(|alarms| 100.0 * alarms.target);
    let is_known = thresholds.scores.is_conformal(alarms.target);
    let is_few = alarms.images < FEW;
    let guess = match (is_few, is_known) {
        (true, _) => "; from so few images that is a guess".to_owned(),
        (false, false) => format!(
            "; it may be up to {:.0}, which more good images would narrow down",
            (100.0 * alarms.upper_bound()).ceil()
        ),
        (false, true) => String::new(),
    };
    let words = format!(
        "of 100 good parts like these about {} are called anomalous, and {}{guess}",
        parts(anomalous),
        match thresholds.check == thresholds.image {
            true => none_to_check(thresholds, naming),
            false => format!(
                "{} more are to be checked",
                parts((check - anomalous).max(0.0))
            ),
        }
    );
    match is_few {
        true => Remark::advice(words),
        false => Remark::note(words),
    }
}

/// Why no part is to be checked.
fn none_to_check(thresholds: &Thresholds, naming: Naming) -> String {
    let Rates { anomalous, check } = thresholds.rates();
    match (check > anomalous, thresholds.scores.good.len()) {
        (false, _) => format!(
            "none is to be checked, since {} asks for no more",
            naming("detection.check_rate", None)
        ),
        (true, images) => format!(
            "none is to be checked: the scores of {images} good image{} do not tell {} % from {} %",
            if images == 1 { "" } else { "s" },
            parts(100.0 * anomalous),
            parts(100.0 * check)
        ),
    }
}

/// How many of 100 parts, with a digit only where it says something.
fn parts(count: f64) -> String {
    let rounded = (10.0 * count).round() / 10.0;
    rounded.to_string()
}

/// Where the image threshold comes from.
pub fn source(header: &Header) -> Remark {
    let Thresholds {
        false_alarms,
        scores,
        ..
    } = &header.thresholds;
    let (images, rate) = (scores.good.len(), false_alarms.target);
    let enough = (1.0 / rate - 1e-9).ceil() - 1.0;
    match scores.is_conformal(rate) {
        true => Remark::note(format!(
            "the threshold is one of the scores of {images} good images"
        )),
        false if (images as f64) < enough => Remark::advice(format!(
            "the threshold is extrapolated from the scores of {images} good images: {enough} would do without"
        )),
        false => Remark::advice(format!(
            "the threshold is extrapolated from the scores of {images} good images: those that could be it lie far \
             above all others"
        )),
    }
}

/// Which good images are remembered, and which may be none.
pub fn of_good_images(header: &Header, naming: Naming) -> Vec<Remark> {
    let mut told: Vec<Remark> = remembered(header, naming).into_iter().collect();
    let suspicious = header.suspicious_images();
    if !suspicious.is_empty() {
        let names = named(suspicious.iter().map(|record| record.name.as_str()));
        told.push(Remark::warning(format!(
            "far above all other good images: {names}; look whether they are good, for they raise the threshold"
        )));
    }
    told
}

/// How many of the good images, or of their pieces, are remembered, if not all; none without such a term.
fn remembered(header: &Header, naming: Naming) -> Option<Remark> {
    let settings = &header.settings;
    let (all, most) = (header.good_pieces(), settings.remembered());
    let setting = match settings.tile.is_none() {
        true => "closed_form.remembered",
        false => "closed_form.remembered_pieces",
    };
    (settings.closed_form.memory_weight > 0.0 && all > most).then(|| {
        Remark::note(format!(
            "the nearest good image is looked for among {most} of {all}: {} has the number",
            naming(setting, None)
        ))
    })
}

/// How sure the position classifier is of the images learned from, and what that means where it is little; None where
/// there is none.
pub fn sureness(header: &Header, naming: Naming) -> Option<Remark> {
    let is_of_places = |term: &&TermStatistics| {
        let kind = terms::kind(&term.term);
        kind.is_some_and(|kind| kind.side == Side::WrongPlace && !kind.closed_form)
    };
    // Its μ: one minus its average probability of the true place, pairs weighed as in its error.
    let of_places = header.terms.iter().find(is_of_places);
    of_places.map(|term| of_probability(1.0 - term.moments.mean, naming))
}

fn of_probability(probability: f64, naming: Naming) -> Remark {
    let text = format!(
        "the position classifier gives a neighbour's true place {:.1} % on average over the images \
         learned from (chance: 12.5 %)",
        100.0 * probability
    );
    match probability < SURE {
        false => Remark::note(text),
        true => Remark::advice(format!(
            "{text}; that is little: what is in the wrong place may be missed, or be said to look wrong. More {} help, \
             unless the images have no arrangement in common",
            naming("training.iterations", None)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Weight;
    use super::*;
    use crate::verdict::GoodScores;

    #[test]
    fn why_nothing_is_to_be_checked_is_said() {
        let said = |check| {
            let scores = GoodScores::new(&[1.0, 1.1, 1.2, 1.3], &[], 0.0);
            let anomalous = 0.03;
            let thresholds = Thresholds::of(scores, Rates { anomalous, check });
            none_to_check(&thresholds, &|name, _| format!("<{name}>"))
        };
        let few = "none is to be checked: the scores of 4 good images do not tell 3 % from 5 %";
        assert_eq!(said(0.05), few);
        assert!(said(0.03).contains("<detection.check_rate>"));
    }

    #[test]
    fn parts_have_a_digit_where_it_says_something() {
        assert_eq!(
            [3.0, 0.5, 2.0000000001, 0.0].map(parts),
            ["3", "0.5", "2", "0"]
        );
    }

    #[test]
    fn an_unsure_position_classifier_is_told_with_what_helps() {
        let naming = |name: &str, _: Option<&str>| format!("<{name}>");
        let sure = of_probability(0.997, &naming);
        assert_eq!(sure.weight, Weight::Note);
        let end = "99.7 % on average over the images learned from (chance: 12.5 %)";
        assert!(sure.words.ends_with(end), "{sure:?}");
        let unsure = of_probability(0.84, &naming);
        assert_eq!(unsure.weight, Weight::Advice);
        let helps = unsure.words.contains("84.0 %")
            && unsure.words.contains("More <training.iterations> help");
        assert!(helps, "{unsure:?}");
    }
}

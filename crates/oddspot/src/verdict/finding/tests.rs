//! What is said of an image in a line, and above its sheet.

use super::*;
use crate::health::{Beyond, Measure};

fn finding(verdict: Verdict, score: f32) -> Finding {
    let shares = Shares {
        looks_wrong: 0.1,
        wrong_place: 0.9,
    };
    Finding {
        verdict,
        score,
        threshold: 6.16,
        check_threshold: 5.0,
        why: shares.why(),
        looks_wrong_share: shares.looks_wrong,
        wrong_place_share: shares.wrong_place,
        terms: Vec::new(),
        peak: Point { x: 1, y: 2 },
        place: None,
        alignment: None,
        health: Health::default(),
        width: 90,
        height: 60,
        regions: Vec::new(),
    }
}

fn bright(score: f32) -> Finding {
    let mut bright = finding(Verdict::Untrusted, score);
    bright.why = None;
    bright.health.beyond.push(Beyond {
        measure: Measure::Light,
        value: 0.4,
        usual: [-0.1, 0.1],
        words: "brighter than any good image: check the lamp".to_owned(),
    });
    bright
}

#[test]
fn an_untrusted_image_says_that_its_score_is_an_anomalous_one_too() {
    let ill =
        "brighter than any good image: check the lamp (light 0.400, good images -0.100 to 0.100)";
    let odd = "its score is above 6.16 too: a part may be missing or wrong";
    let both = bright(11.41);
    let line = format!("UNTRUSTED    11.41  a.png  {ill}; {odd}");
    assert_eq!(both.line("a.png"), line);
    let heading = format!("UNTRUSTED: score 11.41; {ill}; {odd}");
    assert_eq!(both.heading(), heading);
    let alone = bright(5.5);
    assert_eq!(
        alone.line("a.png"),
        format!("UNTRUSTED     5.50  a.png  {ill}")
    );
    let heading =
        format!("UNTRUSTED: score 5.50, between 5.00 and 6.16, but not to be trusted; {ill}");
    assert_eq!(alone.heading(), heading);
    assert!(!finding(Verdict::Anomalous, 9.0).is_odd_too());
}

#[test]
fn a_sheet_says_where_the_reason_comes_from_if_no_map_of_places_shows_it() {
    let mut swapped = finding(Verdict::Anomalous, 9.0);
    let term = |term: &str, share| TermShare {
        term: term.to_owned(),
        share,
    };
    swapped.terms = vec![term("position", 0.05), term("gaussian", 0.95)];
    let said = "ANOMALOUS: score 9.00, above 6.16; in the wrong place (90 %)";
    let from = ": known from elsewhere in good images";
    assert_eq!(swapped.heading(), format!("{said}{from}"));
    swapped.terms = vec![term("position", 0.9), term("gaussian", 0.1)];
    assert_eq!(swapped.heading(), said);
}

#[test]
fn what_a_file_differs_in_is_said_before_what_may_come_of_it() {
    let size = Some("of another size than the good ones (512x512)");
    let line = bright(5.5).line_after("a.png", size);
    let said = "a.png  of another size than the good ones (512x512); brighter than any";
    assert!(line.contains(said), "{line}");
    let good = finding(Verdict::Good, 1.0);
    assert_eq!(good.line("a.png"), "good          1.00  a.png");
    let line = good.line_after("a.png", size);
    assert!(
        line.ends_with("a.png  of another size than the good ones (512x512)"),
        "{line}"
    );
}

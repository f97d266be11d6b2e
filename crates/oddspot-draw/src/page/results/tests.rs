//! What is said of images on the page, and in which order.

use image::{Rgb, RgbImage};
use oddspot::health::{Beyond, Health, Measure};
use oddspot::judge::Inspection;
use oddspot::maps::ScoreMap;
use oddspot::verdict::{AnomalyMaps, Point, Shares};

use super::*;

fn finding(verdict: Verdict, score: f32) -> Finding {
    let shares = Shares {
        looks_wrong: 0.9,
        wrong_place: 0.1,
    };
    Finding {
        verdict,
        score,
        threshold: 4.0,
        check_threshold: 3.0,
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
        regions: vec![Region {
            left: 70,
            top: 4,
            width: 10,
            height: 8,
            area: 60,
            peak: score,
        }],
    }
}

fn line(image: &str, found: std::result::Result<Finding, String>) -> ResultLine {
    ResultLine {
        image: image.to_owned(),
        found,
        differs: Vec::new(),
        files: vec![
            format!("figure/{image}.png"),
            format!("page/{image}.jpg"),
            format!("page/{image}{OUTLINED}"),
            format!("page/{image}{MARKED}"),
        ],
    }
}

/// Untrusted for its light.
fn dark(score: f32) -> Finding {
    let mut dark = finding(Verdict::Untrusted, score);
    dark.health.beyond.push(Beyond {
        measure: Measure::Light,
        value: -0.4,
        usual: [-0.1, 0.1],
        words: "darker than any good image: check the lamp".to_owned(),
    });
    dark
}

#[test]
fn the_worst_stands_first_and_names_cannot_break_the_page() {
    let lines = [
        line("good.png", Ok(finding(Verdict::Good, 1.0))),
        line("<b>&\"'.png", Ok(finding(Verdict::Anomalous, 5.0))),
        line("worse.png", Ok(finding(Verdict::Anomalous, 50.0))),
        line("broken.png", Err("damaged".to_owned())),
        line("dark.png", Ok(dark(2.0))),
    ];
    let page = results_page("part.oddspot", &lines, 0).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("worse.png") < at("&#60;b&#62;"));
    assert!(at("&#60;b&#62;") < at("dark.png"));
    assert!(at("dark.png") < at("broken.png") && at("broken.png") < at("good.png</h3>"));
    assert!(!page.contains("<b>&"), "a name is no markup");
    assert!(page.contains("page/%3Cb%3E%26%22%27.png.jpg"));
    assert!(page.contains("Darker than any good image: check the lamp"));
    assert!(page.contains("at the top, on the right (10×8 pixels)"));
    assert!(page.contains("2 anomalous, 1 untrusted, 1 that could not be judged, 1 good."));
}

#[test]
fn a_run_without_pictures_has_a_page_too() {
    let mut only = line("a.png", Ok(finding(Verdict::Check, 3.5)));
    only.files.clear();
    let page = results_page("m", &[only], 0).unwrap();
    assert!(!page.contains("<img") && page.contains("1 to be checked."));
    // The badge has the verdict's colour, and the words of the card have none.
    assert!(page.contains("<span class=\"badge check\">check</span>"));
    assert!(page.contains("<article class=\"card result\" "), "{page}");
    assert!(!page.contains(",.check{") && !page.contains("}.check{"));
    assert!(
        results_page("m", &[], 0)
            .unwrap()
            .contains("No image was judged.")
    );
}

#[test]
fn the_outline_is_shown_first_and_the_map_only_where_it_is_chosen() {
    let odd = || line("odd", Ok(finding(Verdict::Anomalous, 5.0)));
    let page = results_page("m", &[odd()], 0).unwrap();
    let first = "<img src=\"page/odd.outline.jpg\" data-plain=\"page/odd.jpg\" data-marked=\"page/odd.odd.jpg\"";
    assert!(page.contains(first), "{page}");
    let views = ["outlined", "marked", "plain"].map(|view| page.find(&format!("value=\"{view}\"")));
    assert!(views.is_sorted() && views[0].is_some(), "{views:?}");
    for key in ["key outline", "key glow"] {
        assert!(page.contains(key), "no legend of {key}");
    }
    // Of a run before there were outlines.
    let mut earlier = odd();
    earlier.files.retain(|file| !file.ends_with(OUTLINED));
    let page = results_page("m", &[earlier], 0).unwrap();
    assert!(page.contains("<img src=\"page/odd.odd.jpg\""), "{page}");
}

#[test]
fn what_is_untrusted_and_odd_says_both_and_stands_among_the_anomalous() {
    let lines = [
        line("less.png", Ok(finding(Verdict::Anomalous, 5.0))),
        line("dim.png", Ok(dark(2.0))),
        line("both.png", Ok(dark(7.5))),
        line("more.png", Ok(finding(Verdict::Anomalous, 9.0))),
    ];
    let mut lines = lines;
    lines[2].differs = vec!["of another size".to_owned()];
    let page = results_page("m", &lines, 0).unwrap();
    // What a file differs in may be why.
    assert!(page.contains("<p>Of another size</p>\n<p>Darker than any good image"));
    let at = |image: &str| page.find(&format!("<h3>{image}")).unwrap();
    assert!(at("more.png") < at("both.png") && at("both.png") < at("less.png"));
    assert!(at("less.png") < at("dim.png"));
    let said =
        "Its score is above 4.00 too: a part may be missing or wrong, at the top, on the right";
    assert_eq!(page.matches(said).count(), 1);
    assert_eq!(page.matches("Darker than any good image").count(), 2);
    assert!(page.contains("2 anomalous, 2 untrusted (1 of them anomalous by the score too)."));
}

#[test]
fn what_is_odd_can_be_switched_on_whether_or_not_the_picture_is_trusted() {
    let marked = |finding: Finding| {
        let inspection = Inspection {
            finding,
            maps: AnomalyMaps {
                total: ScoreMap::filled(8, 8, 1.0),
                terms: Vec::new(),
            },
            mask: vec![true; 24 * 16],
            placement: None,
            scale: [1.0, 1.0],
            inspected: None,
        };
        let panels = Panels {
            image: &RgbImage::from_pixel(24, 16, Rgb([90; 3])),
            inspection: &inspection,
            name: "a.png",
        };
        let (_, marked) = result_pictures(&panels, Scale::around(4.0)).unwrap();
        let outlined = outlined_picture(&panels).unwrap();
        assert_eq!(outlined.is_some(), marked.is_some());
        assert!(outlined != marked || outlined.is_none());
        marked.is_some()
    };
    assert!(marked(dark(5.0)) && marked(finding(Verdict::Anomalous, 5.0)));
    assert!(!marked(dark(2.0)) && !marked(finding(Verdict::Good, 2.0)));
}

//! What is said of images on the page, and in which order.

use oddspot::health::{Beyond, Health, Measure};
use oddspot::verdict::{Point, Shares};

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
            format!("page/{image}{MARKED}"),
        ],
    }
}

#[test]
fn the_worst_stands_first_and_names_cannot_break_the_page() {
    let mut dark = finding(Verdict::Untrusted, 2.0);
    dark.health.beyond.push(Beyond {
        measure: Measure::Light,
        value: -0.4,
        usual: [-0.1, 0.1],
        words: "darker than any good image: check the lamp".to_owned(),
    });
    let lines = [
        line("good.png", Ok(finding(Verdict::Good, 1.0))),
        line("<b>&\"'.png", Ok(finding(Verdict::Anomalous, 5.0))),
        line("worse.png", Ok(finding(Verdict::Anomalous, 50.0))),
        line("broken.png", Err("damaged".to_owned())),
        line("dark.png", Ok(dark)),
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

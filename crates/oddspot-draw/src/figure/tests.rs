//! What stands where on a sheet.

use oddspot::maps::ScoreMap;
use oddspot::terms;
use oddspot::verdict::{AnomalyMaps, Finding, Point, Shares, TermMap, Verdict};

use super::*;

const UNIT: Scale = Scale {
    low: 0.0,
    high: 1.0,
};
const TEAL: Rgb<u8> = Rgb([0, 90, 80]);
const PANEL_TOP: usize = MARGIN + 32 + 10 + 32;

fn flat(value: f32) -> ScoreMap {
    ScoreMap::filled(8, 8, value)
}

/// A good image's, its threshold in the middle of [`UNIT`].
fn inspection(total: ScoreMap, terms: Vec<TermMap>, mask: Vec<bool>) -> Inspection {
    Inspection {
        finding: Finding {
            verdict: Verdict::Good,
            score: 0.1,
            threshold: 0.5,
            check_threshold: 0.4,
            why: None,
            looks_wrong_share: 1.0,
            wrong_place_share: 0.0,
            terms: Vec::new(),
            peak: Point { x: 0, y: 0 },
            place: None,
            alignment: None,
            health: oddspot::health::Health::default(),
            width: 64,
            height: 64,
            regions: Vec::new(),
        },
        maps: AnomalyMaps { total, terms },
        mask,
        placement: None,
        scale: [1.0, 1.0],
        inspected: None,
    }
}

/// All terms, each with this map.
fn all_terms(map: &ScoreMap) -> Vec<TermMap> {
    let term = |&kind: &&'static terms::Kind| TermMap {
        kind,
        map: map.clone(),
    };
    terms::ALL.iter().map(term).collect()
}

fn sheet_of(width: u32, height: u32, mask: &[bool], total: &ScoreMap) -> RgbImage {
    let other = ScoreMap::filled(4, 4, 0.0);
    let panels = Panels {
        image: &RgbImage::from_pixel(width, height, TEAL),
        inspection: &inspection(total.clone(), all_terms(&other), mask.to_vec()),
        name: "image.png",
    };
    figure(&panels, UNIT)
}

#[test]
fn the_sheet_shows_the_image_and_three_maps_of_its_proportions() {
    for (width, height) in [(16, 16), (640, 480), (300, 400)] {
        let sheet = sheet_of(width, height, &[], &flat(1.0));
        let count = |colour| sheet.pixels().filter(|&&pixel| pixel == colour).count();
        let panel = 512 * 512 * width.min(height) / width.max(height);
        assert_eq!(count(TEAL), panel as usize);
        assert!(count(Rgb(heatmap::colour_map(1.0))) >= panel as usize);
        assert!(count(Rgb(heatmap::colour_map(0.0))) >= 2 * panel as usize);
    }
}

#[test]
fn a_side_that_no_term_speaks_for_has_no_panel() {
    let image = RgbImage::from_pixel(64, 64, TEAL);
    let width = |terms| {
        let panels = Panels {
            image: &image,
            inspection: &inspection(flat(1.0), terms, Vec::new()),
            name: "image.png",
        };
        figure(&panels, UNIT).width()
    };
    let of_one_side = all_terms(&flat(1.0))
        .into_iter()
        .filter(|term| term.kind.side == Side::LooksWrong);
    assert_eq!(
        width(all_terms(&flat(1.0))) - width(of_one_side.collect()),
        512 + 20
    );
}

#[test]
fn terms_of_one_side_share_a_panel() {
    let image = RgbImage::from_pixel(64, 64, TEAL);
    let half = flat(0.5);
    let mut terms = all_terms(&half);
    terms.retain(|term| term.kind.side == Side::LooksWrong);
    let doubled = TermMap {
        kind: terms[0].kind,
        map: half.clone(),
    };
    terms.truncate(1);
    terms.push(doubled);
    let panels = Panels {
        image: &image,
        inspection: &inspection(flat(0.0), terms, Vec::new()),
        name: "image.png",
    };
    let sheet = figure(&panels, UNIT);
    assert_eq!(sheet.width() as usize, 2 * MARGIN + 3 * 512 + 2 * GUTTER);
    let middle = (MARGIN + 2 * (512 + GUTTER) + 256) as u32;
    let pixel = sheet.get_pixel(middle, (PANEL_TOP + 256) as u32);
    assert_eq!(pixel.0, heatmap::colour_map(1.0));
}

#[test]
fn the_threshold_is_marked_where_it_lies_on_the_bar_and_nowhere_beyond_it() {
    let image = RgbImage::from_pixel(64, 64, TEAL);
    let with = |threshold: f64| {
        let mut inspection = inspection(flat(0.0), all_terms(&flat(0.0)), Vec::new());
        inspection.finding.threshold = threshold;
        let panels = Panels {
            image: &image,
            inspection: &inspection,
            name: "image.png",
        };
        figure(&panels, UNIT)
    };
    let below_heading = |sheet: &RgbImage| {
        let top = (PANEL_TOP - LINE) as u32;
        imageops::crop_imm(sheet, 0, top, sheet.width(), sheet.height() - top).to_image()
    };
    let without = with(2.0);
    assert_eq!(below_heading(&without), below_heading(&with(-1.0)));
    // The middle of the bar's height, and its ends, from the panel of "total" on.
    let row = (PANEL_TOP + 512 + GUTTER + HEIGHT / 2) as u32;
    let marks = |threshold: f64| -> Vec<u32> {
        let sheet = with(threshold);
        let changed = |&x: &u32| sheet.get_pixel(x, row) != without.get_pixel(x, row);
        (0..sheet.width()).filter(changed).collect()
    };
    let (quarter, half) = (marks(0.25), marks(0.5));
    assert_eq!((quarter.len(), half.len()), (4, 4));
    let middle = (MARGIN + 512 + GUTTER + (3 * 512 + 2 * GUTTER) / 2) as u32;
    assert!(half[0].abs_diff(middle) < 3, "{half:?} {middle}");
    assert!(quarter[0] < half[0] - 300);
    // Its text is below, centred under it.
    let inked: Vec<u32> = (with(0.5).enumerate_pixels().zip(without.pixels()))
        .filter(|((_, y, pixel), bare)| *y > row + 20 && pixel != bare)
        .map(|((x, ..), _)| x)
        .collect();
    let (first, last) = (inked.iter().min().unwrap(), inked.iter().max().unwrap());
    let width = text_width("threshold 0.50") as u32;
    assert!(last - first > width - 20 && last - first < width);
    assert!(((first + last) / 2).abs_diff(half[0] + 2) < 10);
}

#[test]
fn headings_fit_a_narrow_image_and_long_ones_are_cut() {
    let image = RgbImage::from_pixel(10, 1000, TEAL);
    let name = "a/path/without/end".repeat(20);
    let sheet = |threshold: f64, scale| {
        let terms = all_terms(&flat(0.0));
        let mut inspection = inspection(flat(0.0), terms, Vec::new());
        let finding = &mut inspection.finding;
        (finding.verdict, finding.score, finding.threshold) =
            (Verdict::Anomalous, f32::MAX, threshold);
        finding.why = Shares::of(1.0, 1.0).why();
        assert!(finding.heading().len() > 80);
        let panels = Panels {
            image: &image,
            inspection: &inspection,
            name: &name,
        };
        figure(&panels, scale)
    };
    let unit = sheet(0.5, UNIT);
    let huge = sheet(9e29, Scale::around(9e29));
    for sheet in [unit, huge] {
        assert!(sheet.width() < 4 * 512);
        let margin = sheet.width() - MARGIN as u32;
        let beyond =
            (sheet.enumerate_pixels()).filter(|(x, _, pixel)| *x >= margin && **pixel != PAPER);
        assert_eq!(beyond.count(), 0);
    }
}

#[test]
fn a_single_odd_pixel_of_a_large_image_is_still_outlined() {
    let mut mask = vec![false; 1000 * 750];
    mask[350 * 1000 + 501] = true;
    let (with, without) = (
        sheet_of(1000, 750, &mask, &flat(0.0)),
        sheet_of(1000, 750, &[], &flat(0.0)),
    );
    let changed: Vec<_> = (with.enumerate_pixels())
        .filter(|(x, y, pixel)| *pixel != without.get_pixel(*x, *y))
        .map(|(x, y, _)| (x as usize, y as usize))
        .collect();
    let middle = (MARGIN + 256, PANEL_TOP + 179);
    assert!(changed.len() > 20);
    for (x, y) in changed {
        assert!(x.abs_diff(middle.0) < 8 && y.abs_diff(middle.1) < 8);
    }
}

#[test]
fn empty_images_and_maps_make_a_sheet_of_paper() {
    let empty = ScoreMap::filled(0, 0, 0.0);
    let sheet = sheet_of(0, 0, &[], &empty);
    assert!(sheet.width() > 0 && sheet.height() > 0);
}

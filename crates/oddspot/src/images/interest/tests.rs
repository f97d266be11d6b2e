use ::image::{GrayImage, Luma, LumaA};

use super::*;

/// A file in a folder that lasts as long as the test.
fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn size(width: usize, height: usize) -> ImageSize {
    ImageSize { width, height }
}

/// What is inspected, a letter a pixel.
fn picture(region: &RegionOfInterest, [width, height]: [usize; 2]) -> Vec<String> {
    let inspected = region.at(size(width, height)).unwrap();
    let row = |row: &[bool]| {
        let letters = row
            .iter()
            .map(|inspected| if *inspected { '#' } else { '.' });
        letters.collect()
    };
    inspected.chunks_exact(width).map(row).collect()
}

fn json(text: &str) -> Result<RegionOfInterest> {
    let folder = tempfile::tempdir().unwrap();
    RegionOfInterest::polygons(&file(&folder, "region.json", text))
}

fn svg(inside: &str) -> Result<RegionOfInterest> {
    let folder = tempfile::tempdir().unwrap();
    let text =
        format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 80 40'>{inside}</svg>");
    RegionOfInterest::polygons(&file(&folder, "region.svg", &text))
}

#[test]
fn masks_and_polygons_of_all_kinds_agree() {
    let folder = tempfile::tempdir().unwrap();
    let mask = folder.path().join("mask.png");
    let inside = |x, y| (20..60).contains(&x) && (10..30).contains(&y);
    let hole = |x, y| (30..40).contains(&x) && (20..30).contains(&y);
    let level = |x, y| Luma([if inside(x, y) && !hole(x, y) { 255 } else { 0 }]);
    GrayImage::from_fn(80, 40, level).save(&mask).unwrap();
    let mask = RegionOfInterest::mask(&mask, Limits::default()).unwrap();
    let expected = ["........", "..####..", "..#.##..", "........"];
    assert_eq!(picture(&mask, [8, 4]), expected);
    let in_pixels = r#"{"inspect": [[[20, 10], [60, 10], [60, 30], [20, 30]]],
        "ignore": [[[30, 20], [40, 20], [40, 40], [30, 40]]], "width": 80, "height": 40}"#;
    let in_shares = r#"{"inspect": [[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]],
        "ignore": [[[0.375, 0.5], [0.5, 0.5], [0.5, 0.75], [0.375, 0.75]]]}"#;
    let paths = "<path class='inspect' d='M20,10 h40 v20 H20 z m10 10 v10 h10 V20 Z'/>";
    let shapes = "<g id='inspect'><rect x='20' y='10' width='40' height='20'/></g>
        <polygon class='ignore' points='30,20 40,20 40,40 30,40'/>";
    for region in [json(in_pixels), json(in_shares), svg(paths), svg(shapes)] {
        let region = region.unwrap();
        for sides in [[8, 4], [80, 40], [16, 8], [40, 40]] {
            assert_eq!(picture(&region, sides), picture(&mask, sides));
        }
    }
}

#[test]
fn without_a_polygon_to_inspect_all_is_but_what_is_ignored() {
    let region = svg("<path id='ignore-lamp' d='M0 0 L40 0 L40 40 L0 40'/>").unwrap();
    assert_eq!(picture(&region, [4, 1]), ["..##"]);
}

#[test]
fn what_is_hidden_in_a_drawing_is_left_out() {
    let left = "<rect class='ignore' width='40' height='40'/>";
    let right =
        |how: &str| format!("{left}<rect class='ignore' x='40' width='20' height='40' {how}/>");
    for how in [
        "style='fill:red; display: none'",
        "display='none'",
        "style='display:inline;visibility:hidden'",
        "visibility='collapse'",
        "style='display:none !important'",
    ] {
        assert_eq!(
            picture(&svg(&right(how)).unwrap(), [4, 1]),
            ["..##"],
            "{how}"
        );
    }
    for how in [
        "",
        "style='display:inline'",
        "display='none' style='display:inline'",
    ] {
        assert_eq!(
            picture(&svg(&right(how)).unwrap(), [4, 1]),
            ["...#"],
            "{how}"
        );
    }
    // A layer that is switched off, whatever lies in it; and what shows itself in one that is hidden.
    let layer = |how: &str, shape: &str| svg(&format!("{left}<g {how}>{shape}</g>")).unwrap();
    let curve = "<path d='M0 0 C1 1 2 2 3 3Z' style='display:inline'/>";
    assert_eq!(
        picture(&layer("style='display:none'", curve), [4, 1]),
        ["..##"]
    );
    let shown = "<rect class='ignore' x='40' width='20' height='40' visibility='visible'/>";
    assert_eq!(
        picture(&layer("visibility='hidden'", shown), [4, 1]),
        ["...#"]
    );
    let none = svg("<rect class='ignore' width='40' height='40' display='none'/>");
    assert!(none.unwrap_err().to_string().contains("no polygon"));
}

#[test]
fn a_mask_in_the_alpha_of_a_white_picture_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    let mask = |pixel: fn(u32) -> [u8; 2]| {
        let image = ::image::GrayAlphaImage::from_fn(4, 1, |x, _| LumaA(pixel(x)));
        image.save(&path).unwrap();
        RegionOfInterest::mask(&path, Limits::default())
    };
    let in_alpha = mask(|x| [255, 255 * u8::from(x < 2)]).unwrap();
    assert_eq!(picture(&in_alpha, [4, 1]), ["##.."]);
    // Where the colours draw one too, they count; and an alpha that says nothing does not.
    let in_colours = mask(|x| [255 * u8::from(x > 0), 255 * u8::from(x < 2)]).unwrap();
    assert_eq!(picture(&in_colours, [4, 1]), [".###"]);
    for alpha in [0, 1, 255] {
        let all = match alpha {
            0 => mask(|_| [255, 0]),
            1 => mask(|x| [255, x as u8]),
            _ => mask(|_| [255, 255]),
        };
        assert_eq!(picture(&all.unwrap(), [4, 1]), ["####"]);
    }
    let black = mask(|x| [0, 255 * u8::from(x < 2)]).unwrap_err();
    assert!(black.to_string().contains("inspects nothing"), "{black}");
}

#[test]
fn several_drawings_hold_together() {
    let left = json(r#"{"inspect": [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]}"#).unwrap();
    let upper = json(r#"{"ignore": [[[0, 0.5], [1, 0.5], [1, 1], [0, 1]]]}"#).unwrap();
    let both = left.clone().and(upper);
    assert_eq!(picture(&both, [4, 2]), ["##..", "...."]);
    let right = json(r#"{"ignore": [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]}"#).unwrap();
    let error = left.and(right).at(size(8, 8)).unwrap_err().to_string();
    assert!(error.contains("nothing to inspect"), "{error}");
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let refused = |region: Result<RegionOfInterest>, why: &str| {
        let error = region.unwrap_err();
        assert_eq!(error.subject(), &Subject::Region);
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(
        svg("<path class='inspect' d='M0 0 C1 1 2 2 3 3Z'/>"),
        "curve (C)",
    );
    refused(svg("<circle class='inspect' r='4'/>"), "<circle>");
    refused(svg("<path id='p3' d='M0 0 L9 0 L9 9'/>"), "'p3'");
    let turned = "<g transform='rotate(9)'><path id='ignore' d='M0 0 L9 0 L9 9'/></g>";
    refused(svg(turned), "transformed");
    refused(
        svg("<rect id='inspect' width='9' height='9' x='200'/>"),
        "outside",
    );
    refused(svg(""), "no polygon");
    refused(json(r#"{"inspect": [[[3, 4], [90, 4], [9, 9]]]}"#), "width");
    refused(json(r#"{"inspct": []}"#), "inspct");
    refused(json(r#"{"inspect": [[[0, 0], [1, 1]]]}"#), "three");
    refused(json("hello"), "neither JSON nor SVG");
    let folder = tempfile::tempdir().unwrap();
    let black = folder.path().join("black.png");
    GrayImage::new(4, 4).save(&black).unwrap();
    refused(
        RegionOfInterest::mask(&black, Limits::default()),
        "inspects nothing",
    );
    let small = Limits {
        pixels: 15,
        ..Limits::default()
    };
    let error = RegionOfInterest::mask(&black, small).err().unwrap();
    assert!(error.to_string().contains("4x4 pixels"), "{error}");
}

#[test]
fn images_of_other_proportions_are_refused() {
    let region = svg("<path id='ignore' d='M0 0 L9 0 L9 9'/>").unwrap();
    for fits in [size(80, 40), size(1000, 495)] {
        region.check_fits(fits).unwrap();
    }
    let error = region.check_fits(size(640, 480)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("80x40"), "{error}");
}

#[test]
fn a_file_of_polygons_may_be_utf_16_as_editors_of_windows_save_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("region.json");
    let text = "{\"ignore\": [[[0, 0], [4, 0], [4, 4]]], \"width\": 8, \"height\": 8}";
    std::fs::write(&path, text).unwrap();
    let expected = RegionOfInterest::polygons(&path).unwrap();
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(order)
            .collect();
        std::fs::write(&path, wide).unwrap();
        let read = RegionOfInterest::polygons(&path).unwrap();
        assert_eq!(format!("{read:?}"), format!("{expected:?}"));
    }
}

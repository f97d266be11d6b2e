//! One sheet per image, as the paper's Figure 3: the image with what is odd outlined, and the
//! maps that say why.

use std::ops::Range;

use image::imageops;
use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::arrow::{self, Arrow};
use crate::heatmap::{self, Scale};
use crate::map::ScoreMap;
use crate::panel::{self, Size};

/// The longer side of each panel, whatever the image's size.
const PANEL: usize = 512;
const MARGIN: usize = 28;
const GUTTER: usize = 20;
const BAR_HEIGHT: usize = 20;
/// The bar is centred on the line of its end values.
const BAR_INSET: usize = (TEXT_HEIGHT.val() - BAR_HEIGHT) / 2;
/// How far the threshold's mark reaches below the bar.
const TAIL: usize = 6;
const TEXT_HEIGHT: RasterHeight = RasterHeight::Size24;
const PAPER: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([32; 3]);

/// What one sheet shows.
#[derive(Clone, Copy, Debug)]
pub struct Panels<'a> {
    /// The image.
    pub image: &'a RgbImage,
    /// The pixels to outline in it, `[height, width]` of the image, row-major.
    pub mask: &'a [bool],
    /// Arrows to draw on it, in pixels of the image.
    pub arrows: &'a [Arrow],
    /// An image is anomalous above it: marked on the colour bar, unless it lies outside the scale.
    pub threshold: f64,
    /// The verdict and what it follows from, at the left above all (ASCII).
    pub verdict: &'a str,
    /// The image's name, at the right above all.
    pub name: &'a str,
    /// `e`, of any size, as are the other maps.
    pub total: &'a ScoreMap,
    /// The normalised `e_rec`.
    pub looks_wrong: &'a ScoreMap,
    /// The normalised `e_pos`; none for a model without the position classifier.
    pub wrong_place: Option<&'a ScoreMap>,
}

/// The sheet: the verdict and the name, then panels side by side under their captions, each 512
/// pixels on its longer side and of the image's proportions, above a colour bar with the scale's end
/// values and the threshold.
pub fn figure(panels: &Panels, scale: Scale) -> RgbImage {
    let size = Size::of(panels.image, PANEL);
    let image = panel::image(panels.image, size);
    let mask = panel::mask(panels.image, panels.mask, size);
    let mut outlined = heatmap::contour(&image, &mask);
    arrow::draw(&mut outlined, &scaled_arrows(panels, size));
    let mut cells = vec![
        ("image", outlined),
        ("total", panel::map(panels.total, scale, size)),
        ("looks wrong", panel::map(panels.looks_wrong, scale, size)),
    ];
    if let Some(map) = panels.wrong_place {
        cells.push(("in the wrong place", panel::map(map, scale, size)));
    }

    let captions = cells.iter().map(|(caption, _)| text_width(caption));
    let cell_width = captions
        .max()
        .unwrap_or(0)
        .clamp(size.width, PANEL.max(size.width));
    let columns = cells.len();
    let line = TEXT_HEIGHT.val() + 8;
    let panel_top = MARGIN + line + GUTTER / 2 + line;
    let bar_top = panel_top + size.height + GUTTER;
    let mut sheet = RgbImage::from_pixel(
        (2 * MARGIN + columns * cell_width + (columns - 1) * GUTTER) as u32,
        (bar_top + 2 * line + MARGIN) as u32,
        PAPER,
    );
    let cell_left = |column: usize| MARGIN + column * (cell_width + GUTTER);
    let width = cell_left(columns) - GUTTER - MARGIN;
    draw_heading(&mut sheet, width, panels.verdict, panels.name);
    for (column, (caption, panel)) in cells.iter().enumerate() {
        let left = cell_left(column) + (cell_width - size.width) / 2;
        let fitting = fit(caption, cell_width);
        let indent = (cell_width - text_width(&fitting)) / 2;
        let caption_top = panel_top - line;
        draw_text(
            &mut sheet,
            cell_left(column) + indent,
            caption_top,
            &fitting,
        );
        imageops::replace(&mut sheet, panel, left as i64, panel_top as i64);
    }
    // The bar lies under the maps, which alone it explains.
    let bar_width = (columns - 1) * (cell_width + GUTTER) - GUTTER;
    let row = Row {
        left: cell_left(1),
        top: bar_top,
        width: bar_width,
    };
    let bar = draw_bar(&mut sheet, row, scale);
    draw_threshold(&mut sheet, row, bar, scale, panels.threshold);
    sheet
}

fn scaled_arrows(panels: &Panels, size: Size) -> Vec<Arrow> {
    let (width, height) = panels.image.dimensions();
    let scale = [
        size.width as f32 / width.max(1) as f32,
        size.height as f32 / height.max(1) as f32,
    ];
    panels
        .arrows
        .iter()
        .map(|arrow| arrow.scaled(scale))
        .collect()
}

/// The verdict from the left, the name up to the right; where both have no room, the name is
/// shortened by its head, which images of one folder share.
fn draw_heading(sheet: &mut RgbImage, width: usize, verdict: &str, name: &str) {
    let verdict = fit(verdict, width);
    draw_text(sheet, MARGIN, MARGIN, &verdict);
    let room = width.saturating_sub(text_width(&verdict) + 2 * character_width());
    let name = fit_tail(name, room);
    draw_text(sheet, MARGIN + width - text_width(&name), MARGIN, &name);
}

/// Where the colour bar with its end values lies.
#[derive(Clone, Copy)]
struct Row {
    left: usize,
    top: usize,
    width: usize,
}

/// The colour bar from `low` to `high`, its end values beside it; gives the bar's columns.
fn draw_bar(sheet: &mut RgbImage, row: Row, scale: Scale) -> Range<usize> {
    let Row { left, top, width } = row;
    let space = TEXT_HEIGHT.val() / 2;
    let [low, high] = (scale.ends()).map(|end| fit(&end, (width / 2).saturating_sub(space)));
    let bar_left = left + text_width(&low) + space;
    let bar_width = width.saturating_sub(text_width(&low) + text_width(&high) + 2 * space);
    draw_text(sheet, left, top, &low);
    draw_text(sheet, bar_left + bar_width + space, top, &high);
    for x in 0..bar_width {
        let colour = heatmap::colour_map((x as f32 + 0.5) / bar_width as f32);
        for y in 0..BAR_HEIGHT {
            sheet.put_pixel(
                (bar_left + x) as u32,
                (top + BAR_INSET + y) as u32,
                Rgb(colour),
            );
        }
    }
    bar_left..bar_left + bar_width
}

/// A mark at the threshold on the bar and its value below, unless it lies outside the scale.
fn draw_threshold(sheet: &mut RgbImage, row: Row, bar: Range<usize>, scale: Scale, threshold: f64) {
    let within = f64::from(scale.low) < threshold && threshold < f64::from(scale.high);
    if !within || bar.is_empty() {
        return;
    }
    let at = bar.start + (scale.position(threshold as f32) * bar.len() as f32) as usize;
    let bar_top = row.top + BAR_INSET;
    draw_mark(sheet, at, bar_top);
    let text = fit(&format!("threshold {}", scale.text(threshold)), row.width);
    let centred = at.saturating_sub(text_width(&text) / 2);
    let rightmost = (row.left + row.width).saturating_sub(text_width(&text));
    let text_left = centred.clamp(row.left, rightmost.max(row.left));
    draw_text(sheet, text_left, bar_top + BAR_HEIGHT + TAIL + 2, &text);
}

/// A line across the bar, of paper between ink, so that it shows on every colour, and a tail of ink
/// down to the text.
fn draw_mark(sheet: &mut RgbImage, at: usize, bar_top: usize) {
    let left = at.saturating_sub(2);
    for y in 0..BAR_HEIGHT + TAIL {
        let columns = match y < BAR_HEIGHT {
            true => [Some(INK), Some(PAPER), Some(PAPER), Some(INK)],
            false => [None, Some(INK), Some(INK), None],
        };
        for (x, colour) in (left..).zip(columns) {
            let pixel = sheet.get_pixel_mut_checked(x as u32, (bar_top + y) as u32);
            if let (Some(pixel), Some(colour)) = (pixel, colour) {
                *pixel = colour;
            }
        }
    }
}

/// The text, shortened by its end to a width in pixels.
fn fit(text: &str, width: usize) -> String {
    let room = width / character_width();
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(2)).collect();
    kept + ".."
}

/// The text, shortened by its head to a width in pixels; nothing where hardly any is left.
fn fit_tail(text: &str, width: usize) -> String {
    const LEAST: usize = 8;
    let room = width / character_width();
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    if room < LEAST {
        return String::new();
    }
    let kept: String = text.chars().skip(length + 2 - room).collect();
    format!("..{kept}")
}

fn character_width() -> usize {
    get_raster_width(FontWeight::Regular, TEXT_HEIGHT)
}

fn text_width(text: &str) -> usize {
    text.chars().count() * character_width()
}

/// Draws one line of text with its top-left corner at (left, top), cut at the sheet's border;
/// characters that the font lacks become "?".
fn draw_text(sheet: &mut RgbImage, left: usize, top: usize, text: &str) {
    let raster = |character| get_raster(character, FontWeight::Regular, TEXT_HEIGHT);
    let glyphs = text
        .chars()
        .filter_map(|c| raster(c).or_else(|| raster('?')));
    for (place, glyph) in glyphs.enumerate() {
        for (y, row) in glyph.rows().enumerate() {
            for (x, &intensity) in row.iter().enumerate() {
                let x = left + place * character_width() + x;
                if let Some(pixel) = sheet.get_pixel_mut_checked(x as u32, (top + y) as u32) {
                    heatmap::blend(pixel, INK, f32::from(intensity) / 255.0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Scale = Scale {
        low: 0.0,
        high: 1.0,
    };
    const TEAL: Rgb<u8> = Rgb([0, 90, 80]);
    const PANEL_TOP: usize = MARGIN + 32 + 10 + 32;

    fn sheet_of(width: u32, height: u32, mask: &[bool], total: &ScoreMap) -> RgbImage {
        let other = ScoreMap::filled(4, 4, 0.0);
        let panels = Panels {
            image: &RgbImage::from_pixel(width, height, TEAL),
            mask,
            arrows: &[],
            threshold: 0.5,
            verdict: "good",
            name: "image.png",
            total,
            looks_wrong: &other,
            wrong_place: Some(&other),
        };
        figure(&panels, UNIT)
    }

    #[test]
    fn the_sheet_shows_the_image_and_three_maps_of_its_proportions() {
        for (width, height) in [(16, 16), (640, 480), (300, 400)] {
            let map = ScoreMap::filled(8, 8, 1.0);
            let sheet = sheet_of(width, height, &[], &map);
            let count = |colour| sheet.pixels().filter(|&&pixel| pixel == colour).count();
            let panel = 512 * 512 * width.min(height) / width.max(height);
            assert_eq!(count(TEAL), panel as usize);
            assert!(count(Rgb(heatmap::colour_map(1.0))) >= panel as usize);
            assert!(count(Rgb(heatmap::colour_map(0.0))) >= 2 * panel as usize);
        }
    }

    #[test]
    fn without_a_position_classifier_there_are_three_panels() {
        let map = ScoreMap::filled(8, 8, 1.0);
        let image = RgbImage::from_pixel(64, 64, TEAL);
        let mut panels = Panels {
            image: &image,
            mask: &[],
            arrows: &[],
            threshold: 0.5,
            verdict: "good",
            name: "image.png",
            total: &map,
            looks_wrong: &map,
            wrong_place: Some(&map),
        };
        let four = figure(&panels, UNIT).width();
        panels.wrong_place = None;
        assert_eq!(four - figure(&panels, UNIT).width(), 512 + 20);
    }

    #[test]
    fn the_threshold_is_marked_where_it_lies_on_the_bar_and_nowhere_beyond_it() {
        let map = ScoreMap::filled(8, 8, 0.0);
        let image = RgbImage::from_pixel(64, 64, TEAL);
        let with = |threshold: f64| {
            let panels = Panels {
                image: &image,
                mask: &[],
                arrows: &[],
                threshold,
                verdict: "good",
                name: "image.png",
                total: &map,
                looks_wrong: &map,
                wrong_place: Some(&map),
            };
            figure(&panels, UNIT)
        };
        let without = with(2.0);
        assert_eq!(without, with(-1.0));
        // The middle of the bar's height, and its ends, from the panel of "total" on.
        let row = (PANEL_TOP + 512 + GUTTER + TEXT_HEIGHT.val() / 2) as u32;
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
        let map = ScoreMap::filled(8, 8, 0.0);
        let image = RgbImage::from_pixel(10, 1000, TEAL);
        let panels = Panels {
            image: &image,
            mask: &[],
            arrows: &[],
            threshold: 0.5,
            verdict: &"a verdict without end ".repeat(20),
            name: &"a/path/without/end".repeat(20),
            total: &map,
            looks_wrong: &map,
            wrong_place: None,
        };
        let sheet = figure(&panels, UNIT);
        assert!(sheet.width() < 4 * 512);
        let huge = 9e29;
        let panels = Panels {
            threshold: huge,
            ..panels
        };
        let sheet = figure(&panels, Scale::around(huge));
        let margin = sheet.width() - MARGIN as u32;
        let beyond =
            (sheet.enumerate_pixels()).filter(|(x, _, pixel)| *x >= margin && **pixel != PAPER);
        assert_eq!(beyond.count(), 0);
        assert_eq!(fit("caption", text_width("caption")), "caption");
        assert_eq!(fit("caption", text_width("capti")), "cap..");
        assert_eq!(fit("caption", 0), "..");
        assert_eq!(fit_tail("some/path", text_width("some/path")), "some/path");
        assert_eq!(fit_tail("some/path", text_width("8 letter")), "..e/path");
        assert_eq!(fit_tail("some/path", text_width("7 lette")), "");
    }

    #[test]
    fn a_single_odd_pixel_of_a_large_image_is_still_outlined() {
        let mut mask = vec![false; 1000 * 750];
        mask[350 * 1000 + 501] = true;
        let map = ScoreMap::filled(8, 8, 0.0);
        let (with, without) = (
            sheet_of(1000, 750, &mask, &map),
            sheet_of(1000, 750, &[], &map),
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
}

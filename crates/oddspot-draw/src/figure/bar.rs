//! The colour bar below the maps: what a colour means, and where the threshold lies.

use std::ops::Range;

use image::{Rgb, RgbImage};

use super::PAPER;
use super::text::{HEIGHT, INK, draw_text, fit, text_width};
use crate::heatmap::{Scale, colour_map};

const BAR_HEIGHT: usize = 20;
/// The bar is centred on the line of its end values.
const BAR_INSET: usize = (HEIGHT - BAR_HEIGHT) / 2;
/// How far the threshold's mark reaches below the bar.
const TAIL: usize = 6;

/// Where the colour bar with its end values lies.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
}

/// The colour bar with its end values, the lower and the higher, beside it; gives the bar's columns.
pub(super) fn draw_bar(sheet: &mut RgbImage, row: Row, ends: &[String; 2]) -> Range<usize> {
    let Row { left, top, width } = row;
    let space = HEIGHT / 2;
    let [low, high] = [0, 1].map(|end: usize| fit(&ends[end], (width / 2).saturating_sub(space)));
    let bar_left = left + text_width(&low) + space;
    let bar_width = width.saturating_sub(text_width(&low) + text_width(&high) + 2 * space);
    draw_text(sheet, left, top, &low);
    draw_text(sheet, bar_left + bar_width + space, top, &high);
    for x in 0..bar_width {
        let colour = colour_map((x as f32 + 0.5) / bar_width as f32);
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

/// A mark at the threshold on the bar and what is said of it below, unless it lies outside the scale.
pub(super) fn draw_threshold(
    sheet: &mut RgbImage,
    (row, bar): (Row, Range<usize>),
    scale: Scale,
    (threshold, said): (f64, &str),
) {
    let within = f64::from(scale.low) < threshold && threshold < f64::from(scale.high);
    if !within || bar.is_empty() {
        return;
    }
    let at = bar.start + (scale.position(threshold as f32) * bar.len() as f32) as usize;
    let bar_top = row.top + BAR_INSET;
    draw_mark(sheet, at, bar_top);
    let text = fit(said, row.width);
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

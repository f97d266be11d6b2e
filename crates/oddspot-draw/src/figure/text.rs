//! Lines of letters on a sheet, in one size.

use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::ink::blend;

/// Of a line of letters, in pixels.
pub(super) const HEIGHT: usize = RASTER.val();
const RASTER: RasterHeight = RasterHeight::Size24;
pub(super) const INK: Rgb<u8> = Rgb([32; 3]);

/// The text, shortened by its end to a width in pixels.
pub(super) fn fit(text: &str, width: usize) -> String {
    let room = width / character_width();
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(2)).collect();
    kept + ".."
}

/// The text, shortened by its head to a width in pixels; nothing where hardly any is left.
pub(super) fn fit_tail(text: &str, width: usize) -> String {
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

/// The text in lines of a width in pixels, the first of another; a word that is wider than a line is shortened.
pub(super) fn wrap(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = |lines: &[String]| if lines.len() > 1 { width } else { first };
        let line = lines.last().map_or("", String::as_str);
        let longer = match line {
            "" => word.to_owned(),
            line => format!("{line} {word}"),
        };
        let fits = text_width(&longer) <= room(&lines);
        if fits {
            lines.pop();
            lines.push(longer);
        } else {
            lines.push(fit(word, width));
        }
    }
    lines
}

pub(super) fn character_width() -> usize {
    get_raster_width(FontWeight::Regular, RASTER)
}

pub(super) fn text_width(text: &str) -> usize {
    text.chars().count() * character_width()
}

/// Draws one line of text with its top-left corner at (left, top), cut at the sheet's border;
/// characters that the font lacks become "?".
pub(super) fn draw_text(sheet: &mut RgbImage, left: usize, top: usize, text: &str) {
    let raster = |character| get_raster(character, FontWeight::Regular, RASTER);
    let glyphs = text
        .chars()
        .filter_map(|c| raster(c).or_else(|| raster('?')));
    for (place, glyph) in glyphs.enumerate() {
        for (y, row) in glyph.rows().enumerate() {
            for (x, &intensity) in row.iter().enumerate() {
                let x = left + place * character_width() + x;
                if let Some(pixel) = sheet.get_pixel_mut_checked(x as u32, (top + y) as u32) {
                    blend(pixel, INK, f32::from(intensity) / 255.0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_what_has_no_room() {
        assert_eq!(fit("caption", text_width("caption")), "caption");
        assert_eq!(fit("caption", text_width("capti")), "cap..");
        assert_eq!(fit("caption", 0), "..");
        assert_eq!(fit_tail("some/path", text_width("some/path")), "some/path");
        assert_eq!(fit_tail("some/path", text_width("8 letter")), "..e/path");
        assert_eq!(fit_tail("some/path", text_width("7 lette")), "");
    }
}

//! What stands above all panels: the verdict and the image's name.

use image::RgbImage;

use super::text::{character_width, draw_text, fit, fit_tail, text_width, wrap};
use super::{LINE, MARGIN};

/// Lines that the verdict takes at most.
const LINES: usize = 3;

/// The verdict from the left, the name up to the right of its first line.
pub(super) struct Heading {
    width: usize,
    verdict: Vec<String>,
    name: String,
}

impl Heading {
    /// In a width in pixels. Where both have no room in a line, the verdict goes on in another; a name that is
    /// longer than half of a line is shortened by its head, which images of one folder share.
    pub(super) fn new(width: usize, verdict: &str, name: &str) -> Self {
        let space = 2 * character_width();
        let left = width.saturating_sub(text_width(verdict) + space);
        let name = fit_tail(name, left.max(width / 2));
        let beside = match name.is_empty() {
            true => width,
            false => width.saturating_sub(text_width(&name) + space),
        };
        let mut lines = wrap(verdict, beside, width);
        if lines.len() > LINES {
            let rest = lines.split_off(LINES - 1).join(" ");
            lines.push(fit(&rest, width));
        }
        Self {
            width,
            verdict: lines,
            name,
        }
    }

    /// Of its lines, in pixels.
    pub(super) fn height(&self) -> usize {
        self.verdict.len() * LINE
    }

    /// Draws it at the top.
    pub(super) fn draw(&self, sheet: &mut RgbImage) {
        for (at, line) in self.verdict.iter().enumerate() {
            draw_text(sheet, MARGIN, MARGIN + at * LINE, line);
        }
        let left = MARGIN + self.width - text_width(&self.name);
        draw_text(sheet, left, MARGIN, &self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(characters: usize, verdict: &str, name: &str) -> Heading {
        Heading::new(characters * character_width(), verdict, name)
    }

    #[test]
    fn a_long_verdict_goes_on_in_another_line_and_the_name_stays() {
        let short = heading(40, "good: score 1", "a.png");
        assert_eq!((short.verdict.len(), &*short.name), (1, "a.png"));
        let long = heading(
            40,
            "UNTRUSTED: score 6.14; darker than any good image",
            "a.png",
        );
        assert_eq!(
            long.verdict,
            ["UNTRUSTED: score 6.14; darker", "than any good image"]
        );
        assert_eq!((long.height(), &*long.name), (2 * LINE, "a.png"));
    }

    #[test]
    fn what_no_lines_hold_is_cut() {
        let endless = heading(20, &"word ".repeat(50), &"folder/".repeat(20));
        assert_eq!(endless.verdict.len(), LINES);
        assert!(endless.verdict[LINES - 1].ends_with(".."));
        assert_eq!(endless.name, "../folder/");
        let fits = |line: &String| text_width(line) <= 20 * character_width();
        assert!(endless.verdict.iter().all(fits));
    }
}

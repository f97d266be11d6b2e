//! The frame of a drawing over time: lines across with their numbers, lines where another model began, and both ends.

use std::fmt::{Display, Write};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 24.0;
/// Between what two colours mean, and the side of a square of one.
const MEANING: (f64, f64) = (150.0, 11.0);

/// A drawing over time that is being made. Texts and labels are words and times of this program alone: nothing in them
/// must be escaped.
pub struct Frame {
    svg: String,
    height: f64,
    top: f64,
}

impl Frame {
    /// An empty one, so many units high, with a label for who does not see it and so much room at its top.
    pub fn new(label: impl Display, height: f64, top: f64) -> Self {
        let svg =
            format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">");
        Self { svg, height, top }
    }

    /// How wide the space between both ends is.
    pub fn width(&self) -> f64 {
        WIDTH - LEFT - RIGHT
    }

    /// Where a share of the way from the first end to the last lies.
    pub fn x(&self, share: f64) -> f64 {
        LEFT + self.width() * share
    }

    /// Where a share of the way from the bottom to the top lies.
    pub fn y(&self, share: f64) -> f64 {
        self.top + (self.height - self.top - BOTTOM) * (1.0 - share)
    }

    /// Draws a piece of SVG.
    pub fn put(&mut self, piece: impl Display) {
        // Writing into a text does not fail.
        let _ = write!(self.svg, "{piece}");
    }

    /// A line across at a share of the height, with its number.
    pub fn across(&mut self, share: f64, number: impl Display) {
        let (at, end) = (self.y(share), WIDTH - RIGHT);
        let (before, below) = (LEFT - 6.0, at + 4.0);
        self.put(format_args!(
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{before:.1}\" y=\"{below:.1}\" text-anchor=\"end\">{number}</text>"
        ));
    }

    /// What the colours of some classes mean, above the drawing: it takes room of 34 at the top.
    pub fn meaning(&mut self, classes: impl IntoIterator<Item = (&'static str, String)>) {
        let (step, side) = MEANING;
        for (at, (class, said)) in classes.into_iter().enumerate() {
            let x = self.x(0.0) + step * at as f64;
            let after = x + side + 6.0;
            self.put(format_args!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"10\" width=\"{side}\" height=\"{side}\"/>\
                 <text x=\"{after:.1}\" y=\"20\">{said}</text>"
            ));
        }
    }

    /// Where another model began.
    pub fn model(&mut self, share: f64) {
        let (at, top, bottom) = (self.x(share), self.top, self.height - BOTTOM);
        self.put(format_args!(
            "<line class=\"model\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>"
        ));
    }

    /// The drawing, with what stands at its ends.
    pub fn end(mut self, first: impl Display, last: impl Display) -> String {
        let (end, base) = (WIDTH - RIGHT, self.height - 8.0);
        self.put(format_args!(
            "<text x=\"{LEFT}\" y=\"{base}\">{first}</text>\
             <text x=\"{end}\" y=\"{base}\" text-anchor=\"end\">{last}</text></svg>"
        ));
        self.svg
    }
}

//! What the panels of a chart share: colours, letters, axes and legends.

use plotters::chart::{MeshStyle, SeriesLabelStyle};
use plotters::coord::CoordTranslate;
use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Panel;

/// plotters rounds coordinates to whole units, so the chart is drawn with this many per pixel:
/// curves stay smooth.
pub(super) const UNITS: i32 = 8;

// Okabe and Ito's colours, told apart with any colour vision.
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
pub(super) const FAINT: RGBColor = RGBColor(150, 150, 150);

pub(super) fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size * UNITS).into_font().color(&INK)
}

pub(super) fn stroke(colour: RGBColor, pixels: u32) -> ShapeStyle {
    colour.stroke_width(pixels * UNITS as u32)
}

/// A score with three significant digits or all of its whole ones.
pub(super) fn three_digits(score: f64) -> String {
    let magnitude = score.abs().max(1e-6).log10().floor();
    format!("{score:.*}", (2.0 - magnitude).max(0.0) as usize)
}

pub(super) fn centred() -> TextStyle<'static> {
    text(18).pos(Pos::new(HPos::Center, VPos::Center))
}

pub(super) fn swatch(x: i32, y: i32, colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 24 * UNITS, y)], stroke(colour, 3))
}

pub(super) fn builder<'a, 'b>(panel: &'b Panel<'a>) -> ChartBuilder<'b, 'static, SVGBackend<'a>> {
    let mut builder = ChartBuilder::on(panel);
    builder
        .margin(10 * UNITS)
        .x_label_area_size(52 * UNITS)
        .y_label_area_size(64 * UNITS);
    builder
}

pub(super) fn mesh<'m, 'a, 'b, X: Ranged, Y: Ranged>(
    mesh: &'m mut MeshStyle<'a, 'b, X, Y, SVGBackend<'a>>,
    across: &str,
    up: &str,
) -> &'m mut MeshStyle<'a, 'b, X, Y, SVGBackend<'a>> {
    mesh.x_desc(across)
        .y_desc(up)
        .x_labels(6)
        .y_labels(6)
        .max_light_lines(1) // 0 overflows on a whole-numbered axis
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12).stroke_width(UNITS as u32))
        .axis_style(stroke(INK, 1))
        .set_all_tick_mark_size(5 * UNITS)
        .label_style(text(16))
        .axis_desc_style(text(18))
}

pub(super) fn legend<'m, 'a, 'b, C: CoordTranslate>(
    labels: &'m mut SeriesLabelStyle<'a, 'b, SVGBackend<'a>, C>,
    position: SeriesLabelPosition,
) -> &'m mut SeriesLabelStyle<'a, 'b, SVGBackend<'a>, C> {
    labels
        .position(position)
        .label_font(text(17))
        .legend_area_size(30 * UNITS)
        .margin(14 * UNITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_printed_with_three_digits() {
        assert_eq!(
            [4.2134, -0.000_123_4, 12_345.6, 0.0].map(three_digits),
            ["4.21", "-0.000123", "12346", "0.00000000"]
        );
    }
}

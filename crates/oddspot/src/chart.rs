//! An evaluation as one chart: ROC curves, the PRO curve and the scores of the test images.

mod evaluation;

use std::error::Error;

pub use evaluation::{Drawings, chart_of, drawings_of};
use plotters::chart::{MeshStyle, SeriesLabelStyle};
use plotters::coord::ranged1d::Ranged;
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width and height of the chart.
const SIZE: (u32, u32) = (1560, 560);
/// Of a panel that stands alone.
const PANEL_SIZE: (u32, u32) = (520, 460);
/// plotters rounds coordinates to whole units, so the chart is drawn with this many per pixel:
/// curves stay smooth.
const UNITS: i32 = 8;
/// A curve keeps a point per this share of its panel, along both axes together: a monotone
/// curve, at most 2 long, keeps fewer than 2000.
const CURVE_STEP: f64 = 1.0 / 950.0;
/// Bars of the histogram.
const BINS: usize = 32;

// Okabe and Ito's colours, told apart with any colour vision.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(150, 150, 150);

/// What the chart shows. Curves are (false positive rate, true positive rate or overlap),
/// both in [0, 1], by ascending false positive rate; an empty one is replaced by a note.
#[derive(Clone, Copy, Debug)]
pub struct ChartInput<'a> {
    /// The heading, for example the data set's name and the protocol.
    pub title: &'a str,
    /// ROC curve of the image scores.
    pub image_roc: &'a [(f64, f64)],
    /// Area under `image_roc`, in [0, 1].
    pub image_auc: Option<f64>,
    /// ROC curve of the pixel scores; empty without ground-truth masks.
    pub pixel_roc: &'a [(f64, f64)],
    /// Area under `pixel_roc`, in [0, 1].
    pub pixel_auc: Option<f64>,
    /// PRO curve (mean overlap per region); empty without ground-truth masks.
    pub pro: &'a [(f64, f64)],
    /// Area under `pro` up to `max_fpr`, divided by `max_fpr`, in [0, 1].
    pub au_pro: Option<f64>,
    /// The false positive rate up to which PRO counts, in (0, 1] (0.3 in the paper).
    pub max_fpr: f64,
    /// Scores of the good test images.
    pub good_scores: &'a [f32],
    /// Scores of the anomalous test images.
    pub anomalous_scores: &'a [f32],
    /// Images scored above it are called anomalous.
    pub threshold: Option<f32>,
}

type Drawn = Result<(), Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The chart as an SVG document of 1560×560 pixels.
pub fn evaluation_chart(input: &ChartInput) -> String {
    document(SIZE, |sheet| draw(input, sheet))
}

/// Its three panels, ROC, PRO and scores, as SVG documents of 520×460 pixels each, without the
/// title.
pub fn evaluation_panels(input: &ChartInput) -> [String; 3] {
    [draw_roc, draw_pro, draw_scores].map(|draw| document(PANEL_SIZE, |sheet| draw(sheet, input)))
}

fn document(size: (u32, u32), draw: impl FnOnce(&Panel) -> Drawn) -> String {
    let mut svg = String::new();
    if let Err(error) = draw_document(size, &mut svg, draw) {
        // Nothing here touches a file; should drawing fail all the same, the page says so.
        let text = error.to_string().replace(['<', '>', '&'], " ");
        return format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"40\">\
             <text x=\"8\" y=\"24\">cannot draw the chart: {text}</text></svg>",
            size.0
        );
    }
    let (width, height) = units(size);
    svg.replacen(
        &format!("width=\"{width}\" height=\"{height}\""),
        &format!("width=\"{}\" height=\"{}\"", size.0, size.1),
        1,
    )
}

fn draw_document(size: (u32, u32), svg: &mut String, draw: impl FnOnce(&Panel) -> Drawn) -> Drawn {
    let sheet = SVGBackend::with_string(svg, units(size)).into_drawing_area();
    sheet.fill(&WHITE)?;
    draw(&sheet)?;
    sheet.present()?;
    Ok(())
}

fn units((width, height): (u32, u32)) -> (u32, u32) {
    (width * UNITS as u32, height * UNITS as u32)
}

fn draw(input: &ChartInput, sheet: &Panel) -> Drawn {
    let body = sheet.margin(12 * UNITS, 0, 0, 0);
    let body = body.titled(input.title, text(24))?;
    let panels = body
        .margin(12 * UNITS, 4 * UNITS, 8 * UNITS, 8 * UNITS)
        .split_evenly((1, 3));
    if let [roc, pro, scores] = panels.as_slice() {
        draw_roc(roc, input)?;
        draw_pro(pro, input)?;
        draw_scores(scores, input)?;
    }
    Ok(())
}

fn draw_roc(panel: &Panel, input: &ChartInput) -> Drawn {
    let panel = panel.titled("ROC", text(20))?;
    let mut chart = builder(&panel).build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    mesh(
        &mut chart.configure_mesh(),
        "false positive rate",
        "true positive rate",
    )
    .draw()?;
    let chance = [(0.0, 0.0), (1.0, 1.0)];
    chart.draw_series(DashedLineSeries::new(
        chance,
        6 * UNITS,
        6 * UNITS,
        stroke(FAINT, 1),
    ))?;
    let curves = [
        ("pixels", input.pixel_roc, input.pixel_auc, VERMILION),
        ("images", input.image_roc, input.image_auc, BLUE),
    ];
    for (name, curve, area, colour) in curves {
        let label = if curve.is_empty() {
            format!("{name}: {}", missing(name))
        } else {
            with_area(name, "AUC", area)
        };
        let colour = if curve.is_empty() { FAINT } else { colour };
        chart
            .draw_series(LineSeries::new(thin(curve, 1.0), stroke(colour, 3)))?
            .label(label)
            .legend(move |(x, y)| swatch(x, y, colour));
    }
    legend(
        &mut chart.configure_series_labels(),
        SeriesLabelPosition::LowerRight,
    )
    .draw()?;
    Ok(())
}

fn draw_pro(panel: &Panel, input: &ChartInput) -> Drawn {
    let limit = if input.max_fpr > 0.0 && input.max_fpr < 1.0 {
        input.max_fpr
    } else {
        1.0
    };
    let heading = format!("PRO up to a false positive rate of {limit}");
    let panel = panel.titled(&heading, text(20))?;
    let mut chart = builder(&panel).build_cartesian_2d(0.0..limit, 0.0..1.0)?;
    mesh(
        &mut chart.configure_mesh(),
        "false positive rate",
        "mean overlap per region",
    )
    .draw()?;
    if input.pro.is_empty() {
        let note = format!("no curve: {}", missing("pixels"));
        let area = chart.plotting_area();
        area.draw(&Text::new(note, (limit / 2.0, 0.5), centred()))?;
        return Ok(());
    }
    let curve = thin(&up_to(input.pro, limit), limit);
    chart.draw_series(AreaSeries::new(curve.iter().copied(), 0.0, GREEN.mix(0.2)))?;
    chart
        .draw_series(LineSeries::new(curve, stroke(GREEN, 3)))?
        .label(with_area("regions", "AU-PRO", input.au_pro))
        .legend(|(x, y)| swatch(x, y, GREEN));
    legend(
        &mut chart.configure_series_labels(),
        SeriesLabelPosition::LowerRight,
    )
    .draw()?;
    Ok(())
}

fn draw_scores(panel: &Panel, input: &ChartInput) -> Drawn {
    let threshold = input.threshold.map(f64::from).filter(|t| t.is_finite());
    let bins = Bins::around(
        &[input.good_scores, input.anomalous_scores].concat(),
        threshold,
    );
    let classes = [
        ("good", bins.count(input.good_scores), BLUE),
        ("anomalous", bins.count(input.anomalous_scores), VERMILION),
    ];
    let counts = || classes.iter().flat_map(|(_, counts, _)| counts);
    let highest = counts().copied().max().unwrap_or(0).max(1);
    // Headroom for the legend: a quarter of the panel.
    let top = highest + highest / 3 + 1;
    let panel = panel.titled("Scores of the test images", text(20))?;
    let mut chart = builder(&panel).build_cartesian_2d(bins.low..bins.high, 0..top)?;
    mesh(&mut chart.configure_mesh(), "image score", "images")
        .disable_x_mesh()
        .draw()?;
    if counts().all(|&count| count == 0) {
        let at = ((bins.low + bins.high) / 2.0, top / 2);
        let area = chart.plotting_area();
        area.draw(&Text::new("no scores of test images", at, centred()))?;
        return Ok(());
    }
    for (name, counts, colour) in &classes {
        let bars = counts.iter().enumerate().filter(|&(_, &count)| count > 0);
        let colour = *colour;
        let total: i32 = counts.iter().sum();
        chart
            .draw_series(bars.map(|(bin, &count)| {
                let corners = [(bins.edge(bin), 0), (bins.edge(bin + 1), count)];
                Rectangle::new(corners, colour.mix(0.55).filled())
            }))?
            .label(format!("{name} ({total})"))
            .legend(move |(x, y)| {
                let corners = [(x, y - 6 * UNITS), (x + 24 * UNITS, y + 6 * UNITS)];
                Rectangle::new(corners, colour.mix(0.55).filled())
            });
    }
    if let Some(threshold) = threshold {
        let line = [(threshold, 0), (threshold, top)];
        let dashes = DashedLineSeries::new(line, 8 * UNITS, 5 * UNITS, stroke(INK, 2));
        chart
            .draw_series(dashes)?
            .label(format!("verdict threshold {}", three_digits(threshold)))
            .legend(|(x, y)| swatch(x, y, INK));
    }
    legend(
        &mut chart.configure_series_labels(),
        SeriesLabelPosition::UpperRight,
    )
    .background_style(WHITE.mix(0.85))
    .draw()?;
    Ok(())
}

/// Bins of equal width, each with its upper edge; the threshold is an edge, so that every bar
/// stands on one side of it.
struct Bins {
    low: f64,
    high: f64,
    width: f64,
    /// An edge, exactly, and the number of bins below it.
    anchor: f64,
    below: f64,
}

impl Bins {
    /// Covers all finite scores and the threshold, with a margin on either side.
    fn around(scores: &[f32], threshold: Option<f64>) -> Self {
        let finite = scores.iter().map(|&score| f64::from(score));
        let (low, high) = (finite.chain(threshold))
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // Equal scores still need a range that differs from them in floating point.
        let margin = (0.04 * (high - low)).max(1e-3 * low.abs()).max(1e-6);
        let (low, high) = (low - margin, high + margin);
        let width = (high - low) / (BINS - 1) as f64; // one to spare, for the shift to the anchor
        let anchor = threshold.unwrap_or(low);
        let below = ((anchor - low) / width).ceil();
        let low = anchor - below * width;
        Self {
            low,
            high: low + BINS as f64 * width,
            width,
            anchor,
            below,
        }
    }

    fn edge(&self, bin: usize) -> f64 {
        self.anchor + (bin as f64 - self.below) * self.width
    }

    fn count(&self, scores: &[f32]) -> Vec<i32> {
        let mut counts = vec![0; BINS];
        for &score in scores.iter().filter(|score| score.is_finite()) {
            let above = ((f64::from(score) - self.anchor) / self.width).ceil();
            if let Some(count) = counts.get_mut((self.below + above - 1.0) as usize) {
                *count += 1;
            }
        }
        counts
    }
}

/// The curve up to a false positive rate, with the point exactly at it interpolated.
fn up_to(curve: &[(f64, f64)], limit: f64) -> Vec<(f64, f64)> {
    let inside = curve.iter().take_while(|point| point.0 <= limit).count();
    let mut cut = curve[..inside].to_vec();
    if let (Some(&before), Some(&after)) = (cut.last(), curve.get(inside)) {
        let share = (limit - before.0) / (after.0 - before.0);
        cut.push((limit, before.1 + share * (after.1 - before.1)));
    }
    cut
}

/// The curve's ends and every point a visible step from the last one kept; points that are
/// not finite are left out, others are held inside the panel, which is `width` by 1.
fn thin(curve: &[(f64, f64)], width: f64) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut skipped = None;
    let finite = curve.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
    for point in finite.map(|(x, y)| (x.clamp(0.0, width), y.clamp(0.0, 1.0))) {
        let step = kept.last().map_or(f64::INFINITY, |last| {
            (point.0 - last.0).abs() / width + (point.1 - last.1).abs()
        });
        skipped = if step >= CURVE_STEP {
            kept.push(point);
            None
        } else {
            Some(point)
        };
    }
    kept.extend(skipped);
    kept
}

fn missing(of: &str) -> &'static str {
    if of == "pixels" {
        "no ground-truth masks"
    } else {
        "needs good and anomalous"
    }
}

fn with_area(name: &str, measure: &str, area: Option<f64>) -> String {
    match area {
        Some(area) => format!("{name}, {measure} {:.1} %", 100.0 * area),
        None => name.to_owned(),
    }
}

fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size * UNITS).into_font().color(&INK)
}

fn stroke(colour: RGBColor, pixels: u32) -> ShapeStyle {
    colour.stroke_width(pixels * UNITS as u32)
}

/// A score with three significant digits or all of its whole ones.
fn three_digits(score: f64) -> String {
    let magnitude = score.abs().max(1e-6).log10().floor();
    format!("{score:.*}", (2.0 - magnitude).max(0.0) as usize)
}

fn centred() -> TextStyle<'static> {
    text(18).pos(Pos::new(HPos::Center, VPos::Center))
}

fn swatch(x: i32, y: i32, colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 24 * UNITS, y)], stroke(colour, 3))
}

fn builder<'a, 'b>(panel: &'b Panel<'a>) -> ChartBuilder<'b, 'static, SVGBackend<'a>> {
    let mut builder = ChartBuilder::on(panel);
    builder
        .margin(10 * UNITS)
        .x_label_area_size(52 * UNITS)
        .y_label_area_size(64 * UNITS);
    builder
}

fn mesh<'m, 'a, 'b, X: Ranged, Y: Ranged>(
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

fn legend<'m, 'a, 'b, C: CoordTranslate>(
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

    const NOTHING: ChartInput = ChartInput {
        title: "",
        image_roc: &[],
        image_auc: None,
        pixel_roc: &[],
        pixel_auc: None,
        pro: &[],
        au_pro: None,
        max_fpr: 0.3,
        good_scores: &[],
        anomalous_scores: &[],
        threshold: None,
    };

    fn smooth_curve(points: usize) -> Vec<(f64, f64)> {
        let rate = |i| i as f64 / (points - 1) as f64;
        (0..points)
            .map(|i| (rate(i).powi(4), 1.0 - (1.0 - rate(i).powi(4)).powi(9)))
            .collect()
    }

    #[test]
    fn the_chart_names_every_measure_and_escapes_the_title() {
        let curve = smooth_curve(50);
        let svg = evaluation_chart(&ChartInput {
            title: "bolts <M3 & M4>",
            image_roc: &curve,
            image_auc: Some(0.8714),
            pixel_roc: &curve,
            pixel_auc: Some(0.93),
            pro: &curve,
            au_pro: Some(0.7),
            good_scores: &[1.0, 2.0],
            anomalous_scores: &[3.0],
            threshold: Some(2.5),
            ..NOTHING
        });
        for text in [
            "bolts &lt;M3 &amp; M4&gt;",
            "images, AUC 87.1 %",
            "pixels, AUC 93.0 %",
            "AU-PRO 70.0 %",
            "good (2)",
            "anomalous (1)",
            "verdict threshold 2.50",
            "PRO up to a false positive rate of 0.3",
        ] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(svg.starts_with("<svg width=\"1560\" height=\"560\" viewBox="));
    }

    #[test]
    fn without_masks_the_panels_say_so() {
        let curve = smooth_curve(50);
        let svg = evaluation_chart(&ChartInput {
            image_roc: &curve,
            ..NOTHING
        });
        assert!(svg.contains("pixels: no ground-truth masks"));
        assert!(svg.contains("no curve: no ground-truth masks"));
        assert!(svg.contains("no scores of test images"));
        assert!(!svg.contains("cannot draw"));
    }

    #[test]
    fn a_curve_of_a_million_points_is_thinned_to_what_can_be_seen() {
        let curve = smooth_curve(1_000_000);
        let thinned = thin(&curve, 1.0);
        assert!(thinned.len() <= 2000);
        assert_eq!(thinned.first(), curve.first());
        assert_eq!(thinned.last(), curve.last());
        let longest = thinned
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) + (pair[1].1 - pair[0].1))
            .fold(0.0, f64::max);
        assert!(longest < 1.1 * CURVE_STEP, "a gap of {longest}");
        let svg = evaluation_chart(&ChartInput {
            pixel_roc: &curve,
            ..NOTHING
        });
        assert!(svg.len() < 100_000, "{} bytes", svg.len());
    }

    #[test]
    fn a_pro_curve_ends_exactly_at_its_limit() {
        let curve = [(0.0, 0.0), (0.2, 0.6), (0.4, 0.8), (1.0, 1.0)];
        let cut = up_to(&curve, 0.3);
        assert_eq!(cut[..2], curve[..2]);
        assert!((cut[2].0 - 0.3).abs() < 1e-12 && (cut[2].1 - 0.7).abs() < 1e-12);
        assert_eq!(cut.len(), 3);
        assert_eq!(up_to(&curve, 1.0), curve);
    }

    #[test]
    fn every_finite_score_falls_into_a_bin() {
        for scores in [
            vec![-3.0, 0.0, 12.5],
            vec![4.0; 3],
            vec![0.0; 3],
            vec![1e8, 1e8, 1e8],
            vec![f32::MIN, 0.0, f32::MAX],
        ] {
            let bins = Bins::around(&scores, None);
            assert_eq!(bins.count(&scores).iter().sum::<i32>(), 3, "{scores:?}");
        }
        let bins = Bins::around(&[1.0, f32::NAN, f32::INFINITY], Some(9.0));
        assert!(bins.low < 1.0 && bins.high > 9.0 && bins.high < 10.0);
    }

    #[test]
    fn a_score_at_the_threshold_stands_on_its_good_side() {
        for threshold in [0.0, 0.3, 4.7, 1e6] {
            let scores = [threshold - 1.0, threshold, threshold + 2.0];
            let bins = Bins::around(&scores, Some(f64::from(threshold)));
            let counts = bins.count(&scores);
            let good = (0..BINS).filter(|&bin| bins.edge(bin + 1) <= f64::from(threshold));
            assert_eq!(good.map(|bin| counts[bin]).sum::<i32>(), 2, "{threshold}");
            assert_eq!(counts.iter().sum::<i32>(), 3);
        }
    }

    #[test]
    fn scores_and_limits_of_any_size_make_a_chart() {
        let values = [
            0.0,
            -1e-30,
            1e-30,
            1e-7,
            1.0,
            -5e6,
            1e30,
            f32::MAX,
            f32::MIN,
            f32::NAN,
            f32::INFINITY,
        ];
        for a in values {
            for b in values {
                let svg = evaluation_chart(&ChartInput {
                    good_scores: &[a],
                    anomalous_scores: &[b, b],
                    threshold: Some(a),
                    max_fpr: f64::from(b),
                    pro: &[(f64::from(a), 0.0), (0.5, f64::from(b)), (1.0, 1.0)],
                    ..NOTHING
                });
                assert!(!svg.contains("cannot draw"), "{a} {b}");
                assert!(svg.ends_with("</svg>\n"), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_threshold_is_printed_with_three_digits() {
        assert_eq!(
            [4.2134, -0.000_123_4, 12_345.6, 0.0].map(three_digits),
            ["4.21", "-0.000123", "12346", "0.00000000"]
        );
    }
}

//! An evaluation as one chart: ROC curves, the PRO curve and the scores of the test images.

mod bins;
mod curve;
mod evaluation;
mod panels;
mod style;

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;

pub use evaluation::{Drawings, chart_of, drawings_of};
use panels::{draw_pro, draw_roc, draw_scores};
use style::{UNITS, text};

/// Width and height of the chart.
const SIZE: (u32, u32) = (1560, 560);
/// Of a panel that stands alone.
const PANEL_SIZE: (u32, u32) = (520, 460);

/// What the chart shows. Curves are (false positive rate, true positive rate or overlap),
/// both in [0, 1], by ascending false positive rate; an empty one is replaced by a note.
#[derive(Clone, Copy, Debug)]
struct ChartInput<'a> {
    /// The heading, for example the data set's name and the protocol.
    title: &'a str,
    /// ROC curve of the image scores.
    image_roc: &'a [(f64, f64)],
    /// Area under `image_roc`, in [0, 1].
    image_auc: Option<f64>,
    /// ROC curve of the pixel scores; empty without ground-truth masks.
    pixel_roc: &'a [(f64, f64)],
    /// Area under `pixel_roc`, in [0, 1].
    pixel_auc: Option<f64>,
    /// PRO curve (mean overlap per region); empty without ground-truth masks.
    pro: &'a [(f64, f64)],
    /// Area under `pro` up to `max_fpr`, divided by `max_fpr`, in [0, 1].
    au_pro: Option<f64>,
    /// The false positive rate up to which PRO counts, in (0, 1] (0.3 in the paper).
    max_fpr: f64,
    /// Scores of the good test images.
    good_scores: &'a [f32],
    /// Scores of the anomalous test images.
    anomalous_scores: &'a [f32],
    /// Images scored above it are called anomalous.
    threshold: Option<f32>,
}

type Drawn = Result<(), Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The chart as an SVG document of 1560×560 pixels.
fn evaluation_chart(input: &ChartInput) -> String {
    document(SIZE, |sheet| draw(input, sheet))
}

/// Its three panels, ROC, PRO and scores, as SVG documents of 520×460 pixels each, without the
/// title.
fn evaluation_panels(input: &ChartInput) -> [String; 3] {
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

/// A curve as an ROC curve is shaped.
#[cfg(test)]
fn smooth_curve(points: usize) -> Vec<(f64, f64)> {
    let rate = |i| i as f64 / (points - 1) as f64;
    (0..points)
        .map(|i| (rate(i).powi(4), 1.0 - (1.0 - rate(i).powi(4)).powi(9)))
        .collect()
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
    fn a_chart_of_a_million_points_is_small() {
        let curve = smooth_curve(1_000_000);
        let svg = evaluation_chart(&ChartInput {
            pixel_roc: &curve,
            ..NOTHING
        });
        assert!(svg.len() < 100_000, "{} bytes", svg.len());
    }
}

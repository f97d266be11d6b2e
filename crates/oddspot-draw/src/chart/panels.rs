//! The three panels of a chart.

use plotters::prelude::*;

use super::bins::Bins;
use super::curve::{thin, up_to};
use super::style::{
    BLUE, FAINT, GREEN, INK, UNITS, VERMILION, builder, centred, legend, mesh, stroke, swatch,
    text, three_digits,
};
use super::{ChartInput, Drawn, Panel};

/// ROC curves of the images and the pixels.
pub(super) fn draw_roc(panel: &Panel, input: &ChartInput) -> Drawn {
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

/// The overlap of regions over the false positive rate.
pub(super) fn draw_pro(panel: &Panel, input: &ChartInput) -> Drawn {
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

/// Histogram of the scores, with the threshold.
pub(super) fn draw_scores(panel: &Panel, input: &ChartInput) -> Drawn {
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

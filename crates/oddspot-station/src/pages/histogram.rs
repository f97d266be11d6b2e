//! Scores of good images and of labelled parts, with both thresholds, as a drawing.

use std::fmt::Write;

use crate::words::Words;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 12.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 8.0;
/// Of a row: its name, and its bars.
const NAME: f64 = 18.0;
const BARS: f64 = 76.0;
const BOTTOM: f64 = 24.0;
const BINS: usize = 60;
/// Room beyond the last score or threshold, as a share of all.
const HEADROOM: f64 = 0.06;

/// A row of a histogram: its class, its name and its scores.
pub struct Scores {
    /// The class of its bars.
    pub class: &'static str,
    /// What they are of.
    pub name: String,
    /// The scores.
    pub scores: Vec<f64>,
}

/// The ends of the axis of scores: all of them, the thresholds and 0 lie between.
pub fn axis_of<'a>(scores: impl Iterator<Item = &'a f64>) -> [f64; 2] {
    let finite = scores.filter(|score| score.is_finite());
    let (low, high) = finite.fold((0.0_f64, 0.0_f64), |(low, high), score| {
        (low.min(*score), high.max(*score))
    });
    let room = (high - low).max(1e-6) * HEADROOM;
    [if low < 0.0 { low - room } else { 0.0 }, high + room]
}

/// The histograms one below the other, on one axis of scores with these ends.
pub fn histogram(
    t: &Words,
    rows: &[Scores],
    [threshold, check]: [f64; 2],
    [low, high]: [f64; 2],
) -> String {
    let height = TOP + (NAME + BARS) * rows.len() as f64 + BOTTOM;
    let (width, bottom) = (WIDTH - LEFT - RIGHT, height - BOTTOM);
    let x = |score: f64| LEFT + width * ((score - low) / (high - low)).clamp(0.0, 1.0);
    let at_share = |share: f64| low + (high - low) * share;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let label = t.say("histogram-label").with("rows", names.join(", "));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" data-low=\"{low}\" data-high=\"{high}\" data-left=\"{LEFT}\" data-width=\"{width}\" \
         aria-label=\"{label}\">"
    );
    for (at, row) in rows.iter().enumerate() {
        let base = TOP + (NAME + BARS) * (at + 1) as f64;
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{:.1}\">{}</text><line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{base:.1}\" \
             y2=\"{base:.1}\"/>",
            base - BARS - 4.0,
            row.name,
            WIDTH - RIGHT
        );
        let counts = counts(&row.scores, [low, high]);
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let step = width / BINS as f64;
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let tall = (BARS - 4.0) * *count as f64 / most;
            let end = |bin: usize| t.number(at_share(bin as f64 / BINS as f64), 2);
            let said = (t.say("histogram-bar"))
                .with("count", *count)
                .with("from", end(bin))
                .with("to", end(bin + 1));
            let _ = write!(
                svg,
                "<rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"><title>{said}</title></rect>",
                row.class,
                LEFT + step * bin as f64 + 0.5,
                base - tall,
                step - 1.0,
            );
        }
    }
    for (class, score) in [("check-threshold", check), ("threshold", threshold)] {
        let at = x(score);
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\"/>",
            TOP + NAME
        );
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let anchor = match share {
            0.0 => "start",
            1.0 => "end",
            _ => "middle",
        };
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            LEFT + width * share,
            height - 8.0,
            t.number(at_share(share), 2)
        );
    }
    svg + "</svg>"
}

/// How many scores lie in each range; what is no finite number lies in the last.
fn counts(scores: &[f64], [low, high]: [f64; 2]) -> [usize; BINS] {
    let mut counts = [0; BINS];
    for score in scores {
        let share = match score.is_finite() {
            true => (score - low) / (high - low),
            false => 1.0,
        };
        let bin = (share * BINS as f64).clamp(0.0, (BINS - 1) as f64) as usize;
        counts[bin] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;

    #[test]
    fn every_score_has_a_bar() {
        let scores = [-2.0, 1.0, 1.0, 5.0, f64::INFINITY];
        let axis = axis_of(scores.iter());
        assert!(axis[0] < -2.0 && axis[1] > 5.0);
        assert_eq!(axis_of([4.0].iter())[0], 0.0);
        let counts = counts(&scores, axis);
        assert_eq!(counts.iter().sum::<usize>(), scores.len());
        assert_eq!(counts[BINS - 1], 1);
        let rows = [Scores {
            class: "own",
            name: "good".to_owned(),
            scores: scores.to_vec(),
        }];
        let drawn = histogram(&english(), &rows, [1.5, 0.0], axis);
        assert_eq!(drawn.matches("<rect").count(), 4);
        assert!(
            drawn.contains("class=\"threshold\" x1=\"480.0\""),
            "{drawn}"
        );
    }
}

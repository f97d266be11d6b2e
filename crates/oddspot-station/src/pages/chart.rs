//! Scores over time, with thresholds and changes of the model, as a drawing.

use std::fmt::Write;

use super::{keys, told};
use crate::history::Inspection;
use crate::words::Words;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 24.0;
/// Room above the highest score or threshold, as a share.
const HEADROOM: f64 = 1.08;

/// The chart of inspections of one station, the oldest first; None of fewer than two.
pub fn chart(t: &Words, inspections: &[Inspection]) -> Option<String> {
    let [first, .., last] = inspections else {
        return None;
    };
    let values = inspections
        .iter()
        .flat_map(|one| [one.score, one.threshold]);
    let finite = values.filter(|value| value.is_finite());
    let top = finite.fold(0.0, f64::max).max(1e-6) * HEADROOM;
    let steps = (inspections.len() - 1) as f64;
    // One step a part: nights without parts take no room.
    let x = |at: usize| LEFT + (WIDTH - LEFT - RIGHT) * at as f64 / steps;
    let y = |score: f64| {
        let share = if score.is_finite() {
            (score / top).clamp(0.0, 1.0)
        } else {
            1.0
        };
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share)
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        t.say("chart-label").with("parts", inspections.len())
    );
    let (bottom, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for score in [0.0, top / 2.0, top] {
        let at = y(score);
        let _ = write!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            at + 4.0,
            t.number(score, 1)
        );
    }
    for (class, of) in [
        ("threshold", (|one| one.threshold) as fn(&Inspection) -> f64),
        ("check-threshold", |one| one.check_threshold),
    ] {
        let points = inspections.iter().enumerate();
        let points = points.map(|(at, one)| format!("{:.1},{:.1}", x(at), y(of(one))));
        let points: Vec<String> = points.collect();
        let _ = write!(
            svg,
            "<polyline class=\"{class}\" points=\"{}\"/>",
            points.join(" ")
        );
    }
    for (at, pair) in inspections.windows(2).enumerate() {
        if pair[0].model != pair[1].model {
            let at = (x(at) + x(at + 1)) / 2.0;
            let _ = write!(
                svg,
                "<line class=\"model\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>"
            );
        }
    }
    for (at, one) in inspections.iter().enumerate() {
        let (cx, cy, word) = (x(at), y(one.score), one.verdict.word());
        let said = (t.say("chart-dot"))
            .with("verdict", t.say(keys::verdict(one.verdict)))
            .with("score", told::score(t, one.score));
        let _ = write!(
            svg,
            "<circle class=\"{word}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\"><title>{said}</title></circle>"
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{LEFT}\" y=\"{0}\">{1}</text><text x=\"{end}\" y=\"{0}\" text-anchor=\"end\">{2}</text></svg>",
        HEIGHT - 8.0,
        // Words and times are written by this program alone: nothing in them must be escaped.
        t.day_and_time(&first.time),
        t.day_and_time(&last.time)
    );
    Some(svg)
}

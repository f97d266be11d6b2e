//! Scores over time, with thresholds and changes of the model, as a drawing.

use super::frame::Frame;
use super::{keys, told};
use crate::history::Inspection;
use crate::words::Words;

const HEIGHT: f64 = 220.0;
const TOP: f64 = 12.0;
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
    let share = |at: usize| at as f64 / steps;
    let high = |score: f64| match score.is_finite() {
        true => (score / top).clamp(0.0, 1.0),
        false => 1.0,
    };
    let label = t.say("chart-label").with("parts", inspections.len());
    let mut frame = Frame::new(label, HEIGHT, TOP);
    for score in [0.0, top / 2.0, top] {
        frame.across(high(score), t.number(score, 1));
    }
    for (class, of) in [
        ("threshold", (|one| one.threshold) as fn(&Inspection) -> f64),
        ("check-threshold", |one| one.check_threshold),
    ] {
        let points = inspections.iter().enumerate();
        let points: Vec<String> = points
            .map(|(at, one)| format!("{:.1},{:.1}", frame.x(share(at)), frame.y(high(of(one)))))
            .collect();
        let points = points.join(" ");
        frame.put(format_args!(
            "<polyline class=\"{class}\" points=\"{points}\"/>"
        ));
    }
    for (at, pair) in inspections.windows(2).enumerate() {
        if pair[0].model != pair[1].model {
            frame.model((share(at) + share(at + 1)) / 2.0);
        }
    }
    for (at, one) in inspections.iter().enumerate() {
        let (cx, cy) = (frame.x(share(at)), frame.y(high(one.score)));
        let word = one.verdict.word();
        let said = (t.say("chart-dot"))
            .with("verdict", t.say(keys::verdict(one.verdict)))
            .with("score", told::score(t, one.score));
        frame.put(format_args!(
            "<circle class=\"{word}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\"><title>{said}</title></circle>"
        ));
    }
    Some(frame.end(t.day_and_time(&first.time), t.day_and_time(&last.time)))
}

//! Scores over time, with thresholds and changes of the model, as a drawing.

use oddspot::verdict::Verdict;

use super::frame::Frame;
use super::{keys, told};
use crate::history::Inspection;
use crate::words::Words;

const HEIGHT: f64 = 242.0;
/// Room for what the colours mean.
const TOP: f64 = 34.0;
/// The chart ends at so many times the highest threshold: one wild score must not make all others a line at the bottom.
const HIGHEST: f64 = 4.0;
/// Room above the highest score or threshold, as a share.
const HEADROOM: f64 = 1.08;

/// The chart of inspections of one station, the oldest first; None of fewer than two.
pub fn chart(t: &Words, inspections: &[Inspection]) -> Option<String> {
    let [first, .., last] = inspections else {
        return None;
    };
    let top = top_of(inspections);
    let steps = (inspections.len() - 1) as f64;
    // One step a part: nights without parts take no room.
    let share = |at: usize| at as f64 / steps;
    let high = |score: f64| match score.is_finite() {
        true => (score / top).clamp(0.0, 1.0),
        false => 1.0,
    };
    let label = t.say("chart-label").with("parts", inspections.len());
    let mut frame = Frame::new(label, HEIGHT, TOP);
    let verdicts = [
        Verdict::Anomalous,
        Verdict::Check,
        Verdict::Untrusted,
        Verdict::Good,
    ];
    frame.meaning(verdicts.map(|one| (one.word(), t.say(keys::verdict(one)).to_string())));
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
        if !one.score.is_finite() || one.score > top {
            let [low, left, right] = [cy + 8.0, cx - 4.5, cx + 4.5];
            frame.put(format_args!(
                "<path class=\"beyond {word}\" d=\"M{cx:.1} {cy:.1}L{right:.1} {low:.1}L{left:.1} {low:.1}Z\"><title>{said}</title></path>"
            ));
            continue;
        }
        frame.put(format_args!(
            "<circle class=\"{word}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\"><title>{said}</title></circle>"
        ));
    }
    Some(frame.end(t.day_and_time(&first.time), t.day_and_time(&last.time)))
}

/// The score at the top of the chart: above the highest one and the thresholds, but no more than so many of these.
fn top_of(inspections: &[Inspection]) -> f64 {
    let highest = |of: fn(&Inspection) -> f64| {
        let values = inspections.iter().map(of);
        values.filter(|value| value.is_finite()).fold(0.0, f64::max)
    };
    let threshold = highest(|one| one.threshold);
    let score = highest(|one| one.score);
    let score = match threshold > 0.0 {
        true => score.min(threshold * HIGHEST),
        false => score,
    };
    score.max(threshold).max(1e-6) * HEADROOM
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::{judged, opened};
    use crate::history::{Filter, Order, Place};
    use crate::words::english;

    #[tokio::test]
    async fn one_wild_score_leaves_the_others_their_room_and_is_an_arrow() {
        let folder = tempfile::tempdir().unwrap();
        let history = opened(&Place::File(folder.path().join("h"))).await;
        for score in [2.5, 120.0, 6.0] {
            history.record(judged(score)).await.unwrap();
        }
        let every = Filter::default();
        let all = history.find(&every, Order::Oldest, None, 9);
        let drawing = chart(&english(), &all.await.unwrap()).unwrap();
        // Four times the threshold of 5, and some room.
        assert!(drawing.contains(">21.6</text>"), "{drawing}");
        assert_eq!(drawing.matches("<circle").count(), 2, "{drawing}");
        let arrow = "<path class=\"beyond anomalous\"";
        assert_eq!(drawing.matches(arrow).count(), 1, "{drawing}");
        assert!(drawing.contains("score 120"), "{drawing}");
        // What the colours mean stands above, for each verdict.
        assert!(drawing.contains("<rect class=\"untrusted\""), "{drawing}");
        history.close().await;
    }

    #[tokio::test]
    async fn where_no_score_is_wild_the_highest_is_at_the_top() {
        let folder = tempfile::tempdir().unwrap();
        let history = opened(&Place::File(folder.path().join("h"))).await;
        for score in [2.5, 10.0] {
            history.record(judged(score)).await.unwrap();
        }
        let every = Filter::default();
        let all = history.find(&every, Order::Oldest, None, 9);
        let drawing = chart(&english(), &all.await.unwrap()).unwrap();
        assert!(drawing.contains(">10.8</text>"), "{drawing}");
        assert_eq!(drawing.matches("<circle").count(), 2, "{drawing}");
        assert!(!drawing.contains("beyond"), "{drawing}");
        history.close().await;
    }
}

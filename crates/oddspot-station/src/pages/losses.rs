//! The losses of a training, as a drawing.

use std::fmt::Write;

use crate::words::Words;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 22.0;

/// The curve of losses by steps; None of fewer than two.
pub fn losses(t: &Words, losses: &[(usize, f32)]) -> Option<String> {
    let finite: Vec<(f64, f64)> = (losses.iter())
        .filter(|(_, loss)| loss.is_finite())
        .map(|(at, loss)| (*at as f64, f64::from(*loss)))
        .collect();
    let [first, .., last] = &finite[..] else {
        return None;
    };
    let of = |pick: fn(f64, f64) -> f64, from: f64| {
        finite.iter().map(|(_, loss)| *loss).fold(from, pick)
    };
    let (low, high) = (of(f64::min, f64::INFINITY), of(f64::max, f64::NEG_INFINITY));
    let steps = (last.0 - first.0).max(1.0);
    let x = |at: f64| LEFT + (WIDTH - LEFT - RIGHT) * (at - first.0) / steps;
    // The first steps lie far above all others: tenfold is as far everywhere, where that can be.
    let scale = |loss: f64| if low > 0.0 { loss.ln() } else { loss };
    let range = (scale(high) - scale(low)).max(1e-6);
    let y = |loss: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (scale(loss) - scale(low)) / range);
    let points: Vec<String> = (finite.iter())
        .map(|(at, loss)| format!("{:.1},{:.1}", x(*at), y(*loss)))
        .collect();
    let label = (t.say("loss-label"))
        .with("first", t.number(first.1, 3))
        .with("from", first.0 as u64)
        .with("last", t.number(last.1, 3))
        .with("to", last.0 as u64);
    let step = |at: f64| t.say("loss-step").with("step", at as u64);
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">");
    for loss in [low, high] {
        let at = y(loss);
        let _ = write!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            t.number(loss, 2)
        );
    }
    let _ = write!(
        svg,
        "<polyline class=\"loss\" points=\"{}\"/><text x=\"{LEFT}\" y=\"{2}\">{1}</text>\
         <text x=\"{3}\" y=\"{2}\" text-anchor=\"end\">{4}</text></svg>",
        points.join(" "),
        step(first.0),
        HEIGHT - 6.0,
        WIDTH - RIGHT,
        step(last.0)
    );
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;

    #[test]
    fn a_curve_needs_two_steps_and_leaves_out_what_is_no_number() {
        assert!(losses(&english(), &[(1, 2.0)]).is_none());
        assert!(losses(&english(), &[(1, 2.0), (2, f32::NAN)]).is_none());
        let drawn = losses(&english(), &[(1, 2.0), (2, f32::NAN), (3, 1.0)]).unwrap();
        assert!(
            drawn.contains("points=\"46.0,10.0 628.0,138.0\""),
            "{drawn}"
        );
        assert!(losses(&english(), &[(1, 2.0), (2, 2.0)]).is_some());
        let between = losses(&english(), &[(1, 100.0), (2, 10.0), (3, 1.0)]).unwrap();
        assert!(between.contains(" 337.0,74.0 "), "{between}");
    }
}

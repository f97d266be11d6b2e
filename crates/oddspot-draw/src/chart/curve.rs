//! A curve as it is drawn: cut at its limit, and without points that nobody could see.

/// A curve keeps a point per this share of its panel, along both axes together: a monotone
/// curve, at most 2 long, keeps fewer than 2000.
const CURVE_STEP: f64 = 1.0 / 950.0;

/// The curve up to a false positive rate, with the point exactly at it interpolated.
pub(super) fn up_to(curve: &[(f64, f64)], limit: f64) -> Vec<(f64, f64)> {
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
pub(super) fn thin(curve: &[(f64, f64)], width: f64) -> Vec<(f64, f64)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::smooth_curve;

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
}

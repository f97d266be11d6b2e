//! Quantiles of some values.

/// The smallest value with at least a share `q` of the values at or below it; reorders them. Infinite of
/// none.
pub fn quantile(values: &mut [f32], q: f64) -> f32 {
    if values.is_empty() {
        return f32::INFINITY;
    }
    let rank = (q * values.len() as f64).ceil() as usize;
    let index = rank.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

/// The quantile between the two values nearest to it (as `numpy.quantile`); 0 of none.
pub fn quantile_between(values: &[f32], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    between(sorted.len(), q, |rank| sorted[rank])
}

/// The same of so many values that are sorted already, each by its place.
pub(crate) fn between(count: usize, q: f64, sorted: impl Fn(usize) -> f32) -> f64 {
    let Some(last) = count.checked_sub(1) else {
        return 0.0;
    };
    let at = q * last as f64;
    let [low, high] = [at.floor(), at.ceil()].map(|at| f64::from(sorted(at as usize)));
    low + at.fract() * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_one_of_the_values_or_between_two() {
        let values = [4.0, 1.0, 2.0, 3.0];
        assert_eq!(quantile(&mut values.clone(), 0.5), 2.0);
        assert_eq!(quantile(&mut values.clone(), 0.51), 3.0);
        assert_eq!(quantile(&mut [], 0.5), f32::INFINITY);
        assert_eq!(quantile_between(&values, 0.75), 3.25);
        assert_eq!(quantile_between(&values, 1.0), 4.0);
        assert_eq!(quantile_between(&[], 0.75), 0.0);
    }
}

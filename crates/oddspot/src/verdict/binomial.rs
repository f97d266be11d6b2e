//! How far a rate may lie from the one that was counted: Clopper–Pearson's bounds of a binomial share.

/// The share that lies outside of a two-sided interval of 95 %, on each side.
const EACH_SIDE: f64 = 0.025;

/// The two-sided 95 % confidence interval of a rate (Clopper–Pearson), by `counted` of `images`; all of [0, 1] where
/// there are none.
pub fn interval(counted: usize, images: usize) -> [f64; 2] {
    let counted = counted.min(images);
    match images {
        0 => [0.0, 1.0],
        _ => [
            // The least rate of some is one less the highest of the others.
            1.0 - upper_bound(images - counted, images, EACH_SIDE),
            upper_bound(counted, images, EACH_SIDE),
        ],
    }
}

/// The rate above which so few are counted with a probability of `outside` at most, by bisection on the binomial
/// distribution.
pub(super) fn upper_bound(counted: usize, images: usize, outside: f64) -> f64 {
    if counted >= images {
        return 1.0;
    }
    // In logarithms: (1 − p)ⁿ is too small for a number where n is large.
    let at_most = |p: f64| -> f64 {
        let mut log_term = images as f64 * (1.0 - p).ln();
        let mut sum = log_term.exp();
        for i in 0..counted {
            log_term += ((images - i) as f64 / (i + 1) as f64 * p / (1.0 - p)).ln();
            sum += log_term.exp();
        }
        sum
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if at_most(middle) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_clopper_pearsons() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact")
        for (counted, images, low, high) in [
            (0, 10, 0.0, 0.308_497),
            (1, 10, 0.002_529, 0.445_016),
            (5, 10, 0.187_086, 0.812_914),
            (10, 10, 0.691_503, 1.0),
        ] {
            let found = interval(counted, images);
            assert!((found[0] - low).abs() < 1e-5, "{counted}: {found:?}");
            assert!((found[1] - high).abs() < 1e-5, "{counted}: {found:?}");
        }
        assert_eq!(interval(0, 0), [0.0, 1.0]);
    }
}

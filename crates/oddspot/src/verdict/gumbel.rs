//! Gumbel's distribution, of the largest of many values: what lies beyond the scores that there are.

/// Euler–Mascheroni constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// Gumbel's distribution, of the largest of many values.
pub(super) struct Gumbel {
    location: f64,
    scale: f64,
}

impl Gumbel {
    /// With the mean of the scores, and their standard deviation or the least one.
    pub fn of(scores: impl Iterator<Item = f32>, least_std: f64) -> Self {
        let (mean, std) = mean_and_std(scores);
        let scale = std.max(least_std) * 6.0f64.sqrt() / std::f64::consts::PI;
        Self {
            location: mean - EULER_GAMMA * scale,
            scale,
        }
    }

    /// The value that a share `rate` of the scores lies above.
    pub fn quantile(&self, rate: f64) -> f64 {
        self.location - self.scale * (-(-rate).ln_1p()).ln()
    }

    /// The share of the scores that lies above a value.
    pub fn rate(&self, value: f64) -> f64 {
        if self.scale == 0.0 {
            return if value < self.location { 1.0 } else { 0.0 };
        }
        -(-(-(value - self.location) / self.scale).exp()).exp_m1()
    }
}

/// Mean and sample standard deviation (0 for fewer than two values).
pub(super) fn mean_and_std(values: impl Iterator<Item = f32>) -> (f64, f64) {
    let values: Vec<f64> = values.map(f64::from).collect();
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

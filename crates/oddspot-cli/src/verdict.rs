//! Above which score an image is called anomalous: the model's threshold, or another.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;

use crate::described::{describe_false_alarms, describe_scores, four_digits};
use crate::runtime::Runtime;

/// Another threshold than the model's.
#[derive(Args, Clone, Default)]
pub struct VerdictArgs {
    /// Call an image anomalous above this score, instead of above the model's threshold
    #[arg(long, value_name = "SCORE", conflicts_with = "false_alarm_rate")]
    pub threshold: Option<f64>,
    /// Set the threshold anew from the model's good images, for this share of good images
    /// called anomalous
    #[arg(long, value_name = "SHARE")]
    pub false_alarm_rate: Option<f64>,
}

impl VerdictArgs {
    /// A model that judges by the threshold that was asked for, of which a line is told if it is not
    /// the model's.
    ///
    /// # Errors
    /// An unusable model, or a threshold or rate out of range.
    pub fn load(&self, model: &Path, runtime: &Runtime) -> Result<Detector> {
        let detector = runtime.detector(model)?;
        let trained = detector.thresholds();
        let thresholds = match (self.threshold, self.false_alarm_rate) {
            (Some(score), _) => {
                // Ten times that much still has to be drawn.
                ensure!(
                    score.abs() < 1e30,
                    "--threshold {score}: give a score, such as {:.2}, the model's threshold",
                    trained.image
                );
                trained.at_score(score)
            }
            (None, Some(rate)) => {
                ensure!(
                    rate > 0.0 && rate <= 0.5,
                    "--false-alarm-rate {rate}: give a share above 0, and at most 0.5"
                );
                trained.at_rate(rate)
            }
            (None, None) => return Ok(detector),
        };
        tell!(
            "{}: threshold {} instead of its own {}",
            model.display(),
            four_digits(thresholds.image),
            four_digits(trained.image)
        );
        let detector = detector.with_thresholds(thresholds);
        let alarms = &detector.thresholds().false_alarms;
        if self.false_alarm_rate.is_some() {
            tell!("{}", describe_false_alarms(alarms));
            for line in describe_scores(detector.header()) {
                tell!("{line}");
            }
        } else {
            // A quantile of ever so few images says nothing of ever smaller rates.
            let rate = match 100.0 * alarms.target {
                tiny if tiny < 0.1 => "less than 0.1 %".to_owned(),
                rate => format!("{rate:.1} %"),
            };
            tell!(
                "{} of {} good images lie above it; by their scores it amounts to a \
                 false-alarm rate of {rate}",
                alarms.left_out_alarms,
                alarms.images,
            );
        }
        Ok(detector)
    }
}

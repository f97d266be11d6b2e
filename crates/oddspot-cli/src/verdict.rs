//! Above which score an image is called anomalous, or is to be checked: the model's thresholds, or others.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::verdict::{Rates, Thresholds};

use crate::described::{
    describe_amount, describe_false_alarms, describe_scores, four_digits, in_percent,
};
use crate::runtime::Runtime;
use crate::voice::Voice;

/// Other thresholds than the model's.
#[derive(Args, Clone, Default)]
pub struct VerdictArgs {
    /// Call an image anomalous above this score, instead of above the model's threshold
    #[arg(long, value_name = "SCORE", conflicts_with = "false_alarm_rate")]
    pub threshold: Option<f64>,
    /// Set the threshold anew from the model's good images, for this share of good images
    /// called anomalous
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub false_alarm_rate: Option<f64>,
    /// Call an image "check" above this score, unless it is anomalous
    #[arg(long, value_name = "SCORE", conflicts_with = "check_rate")]
    pub check_threshold: Option<f64>,
    /// Set that threshold anew from the model's good images, for this share of good images
    /// called anomalous or "check"
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub check_rate: Option<f64>,
}

/// The largest score that a threshold may be: ten times that much still has to be drawn.
const LARGEST: f64 = 1e30;

impl VerdictArgs {
    /// A model that judges by the threshold that was asked for, of which a line is told if it is not
    /// the model's, unless nothing is to be told.
    ///
    /// # Errors
    /// An unusable model, or a threshold or rate out of range.
    pub fn load(&self, model: &Path, runtime: &Runtime, voice: Voice) -> Result<Detector> {
        let detector = runtime.detector(model)?;
        let own = detector.thresholds();
        let Some(thresholds) = self.thresholds(own)? else {
            return Ok(detector);
        };
        let [image, check] = [thresholds.image, thresholds.check].map(four_digits);
        let [own_image, own_check] = [own.image, own.check].map(four_digits);
        note!(
            voice,
            "{}: threshold {image} instead of its own {own_image}; check above {check}, its own is \
             {own_check}",
            model.display(),
        );
        if let Some(words) = self.followed(own, &thresholds) {
            note!(voice, "{words}");
        }
        let detector = detector.with_thresholds(thresholds);
        let thresholds = detector.thresholds();
        if self.false_alarm_rate.is_some() {
            note!(voice, "{}", describe_false_alarms(detector.header()));
            for line in describe_scores(detector.header()) {
                note!(voice, "{line}");
            }
        }
        if self.threshold.is_some() {
            note!(voice, "{}", describe_amount(&thresholds.false_alarms));
        }
        if self.check_threshold.is_some() {
            note!(voice, "check: {}", describe_amount(&thresholds.checks));
        }
        Ok(detector)
    }

    /// Refuses two thresholds, or rates, of which no image could be between, before anything is loaded.
    ///
    /// # Errors
    /// That.
    pub fn check(&self) -> Result<()> {
        if let (Some(check), Some(threshold)) = (self.check_threshold, self.threshold) {
            below(check, threshold)?;
        }
        if let (Some(anomalous), Some(check)) = (self.false_alarm_rate, self.check_rate) {
            let rates = Rates { anomalous, check };
            rates.with(Some(anomalous), Some(check))?;
        }
        Ok(())
    }

    /// That the check rate follows the other one, in a sentence, if so.
    pub fn followed(&self, own: &Thresholds, now: &Thresholds) -> Option<String> {
        let is_own = self.check_rate.is_none() && self.check_threshold.is_none();
        let [before, check] = [own, now].map(|of| in_percent(of.rates().check));
        (self.false_alarm_rate.is_some() && is_own && check != before).then(|| {
            format!(
                "{check} % of good images may be anomalous or to be checked, in the place of {before} %, for more may be \
                 anomalous now: --check-rate says how many"
            )
        })
    }

    /// Those that were asked for, if any were.
    ///
    /// # Errors
    /// A threshold out of range.
    pub fn thresholds(&self, own: &Thresholds) -> Result<Option<Thresholds>> {
        let scores = [
            ("threshold", self.threshold, own.image),
            ("check-threshold", self.check_threshold, own.check),
        ];
        for (option, score, own) in scores {
            let given = score.unwrap_or(own);
            ensure!(
                given.abs() < LARGEST,
                "--{option} {given}: give a score, such as {own:.2}, the model's threshold",
            );
        }
        let by_rate = self.false_alarm_rate.is_some() || self.check_rate.is_some();
        let by_score = self.threshold.is_some() || self.check_threshold.is_some();
        let mut thresholds = own.clone();
        if by_rate {
            thresholds = thresholds.at_rates(self.false_alarm_rate, self.check_rate)?;
        }
        if by_score {
            thresholds = thresholds.at_scores(self.threshold, self.check_threshold);
        }
        if let Some(check) = self.check_threshold {
            below(check, thresholds.image)?;
        }
        Ok((by_rate || by_score).then_some(thresholds))
    }
}

fn below(check: f64, threshold: f64) -> Result<()> {
    ensure!(
        check <= threshold,
        "--check-threshold {check}: above the threshold {} an image is anomalous, and not to be checked; give \
         a lower one, or a higher --threshold",
        four_digits(threshold)
    );
    Ok(())
}

/// A share of good images that a threshold can be set for.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text
        .parse()
        .map_err(|_| "give a number, as 0.03".to_owned())?;
    match share {
        _ if share > 0.0 && share <= 0.5 => Ok(share),
        _ if share > 0.5 && share <= 50.0 => Err(format!(
            "give a share above 0, and at most 0.5; {share} % is {}",
            (share * 1e4).round() / 1e6
        )),
        _ => Err("give a share above 0, and at most 0.5".to_owned()),
    }
}

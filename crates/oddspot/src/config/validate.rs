//! What each field of a configuration may be.

use super::{Config, DetectionConfig, Method, PATCH_RADIUS, TrainingConfig};
use crate::error::{Error, Result};
use crate::image::ImageSize;

impl Config {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`Error::Config`] with the field's name, what is wrong and what works.
    pub fn validate(&self) -> Result<()> {
        in_range("position.offset", self.position.offset, 1, 4096)?;
        self.validate_image_size()?;
        self.validate_networks()?;
        self.validate_memory()?;
        self.training.validate()?;
        self.detection.validate()
    }

    fn validate_image_size(&self) -> Result<()> {
        let ImageSize { width, height } = self.image_size;
        const LARGEST: usize = 4096;
        if width.max(height) > LARGEST {
            return Err(Error::config(
                "image_size",
                format!("{width}x{height}: a side may have at most {LARGEST} pixels"),
            ));
        }
        if width == 0 || height == 0 || !width.is_multiple_of(8) || !height.is_multiple_of(8) {
            let nearest = |v: usize| (v + 4) / 8 * 8;
            return Err(Error::config(
                "image_size",
                format!(
                    "{width}x{height}: each side must be a multiple of 8; the nearest is {}x{}",
                    nearest(width).max(8),
                    nearest(height).max(8)
                ),
            ));
        }
        let patch = 2 * PATCH_RADIUS + 1;
        let (short, long) = (width.min(height), width.max(height));
        let pair = patch + self.position.offset;
        if self.method == Method::Full && (short < patch || long < pair) {
            return Err(Error::config(
                "image_size",
                format!(
                    "{width}x{height} is too small for any pair of {patch}-pixel patches {offset} \
                     pixels apart: the smallest square that works is {least}x{least}; raise \
                     image_size or lower position.offset",
                    offset = self.position.offset,
                    least = pair.div_ceil(8) * 8,
                ),
            ));
        }
        Ok(())
    }

    /// Refuses settings whose largest activation could not be allocated anyway.
    fn validate_memory(&self) -> Result<()> {
        const MOST_VALUES: u128 = 1 << 31;
        let [c1, c2, c3, c4] = self.student.widths;
        let stride = self.student.output_stride;
        let pixels = (self.image_size.width * self.image_size.height) as u128;
        let activations = [
            (1, c1),
            (stride.min(2), c2),
            (stride.min(4), c3),
            (stride, c4.max(self.position.hidden)),
        ];
        for (step, channels) in activations {
            let values = pixels / (step * step) as u128 * channels as u128;
            if values * self.training.batch as u128 > MOST_VALUES {
                return Err(Error::config(
                    "student.widths",
                    format!(
                        "{channels} channels at every {step} pixels of {} images of {} take more \
                         memory than can be had; lower student.widths, image_size or \
                         training.batch, or raise student.output_stride",
                        self.training.batch, self.image_size
                    ),
                ));
            }
        }
        Ok(())
    }

    fn validate_networks(&self) -> Result<()> {
        let stride = self.student.output_stride;
        if ![1, 2, 4, 8].contains(&stride) {
            return Err(Error::config(
                "student.output_stride",
                format!("{stride}: must be 1, 2, 4 or 8"),
            ));
        }
        for width in self.student.widths {
            in_range("student.widths", width, 1, 4096)?;
        }
        in_range("position.pairs", self.position.pairs, 1, 65_536)?;
        in_range("position.hidden", self.position.hidden, 1, 4096)?;
        let offset = self.position.offset;
        if offset == 0 || !offset.is_multiple_of(stride) {
            return Err(Error::config(
                "position.offset",
                format!(
                    "{offset}: must be a positive multiple of student.output_stride ({stride})"
                ),
            ));
        }
        if !(0.0..1.0).contains(&self.position.negative_slope) {
            return Err(Error::config(
                "position.negative_slope",
                format!("{}: must lie in [0, 1)", self.position.negative_slope),
            ));
        }
        Ok(())
    }
}

impl TrainingConfig {
    fn validate(&self) -> Result<()> {
        in_range("training.iterations", self.iterations, 1, 100_000_000)?;
        in_range("training.batch", self.batch, 1, 1024)?;
        // What TOML can hold: its integers are signed.
        const MOST: usize = i64::MAX as usize;
        in_range("training.checkpoint_every", self.checkpoint_every, 1, MOST)?;
        in_range("training.cache_mib", self.cache_mib, 0, MOST)?;
        in_range("training.seed", self.seed as usize, 0, MOST)?;
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(Error::config(
                "training.learning_rate",
                format!("{}: must be a positive number", self.learning_rate),
            ));
        }
        let weights = self.level_weights;
        if weights.iter().any(|w| !(0.0..=1e6).contains(w)) || weights == [0.0; 3] {
            return Err(Error::config(
                "training.level_weights",
                format!("{weights:?}: must be three numbers from 0 to 1000000, not all 0"),
            ));
        }
        if !(self.hardest > 0.0 && self.hardest <= 1.0) {
            return Err(Error::config(
                "training.hardest",
                format!("{}: must lie above 0, and at most be 1", self.hardest),
            ));
        }
        if !(1e-6..=1e6).contains(&self.rec_weight) {
            return Err(Error::config(
                "training.rec_weight",
                format!("{}: must lie between 0.000001 and 1000000", self.rec_weight),
            ));
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return Err(Error::config(
                "training.weight_decay",
                format!("{}: must be 0 or a positive number", self.weight_decay),
            ));
        }
        Ok(())
    }
}

impl DetectionConfig {
    fn validate(&self) -> Result<()> {
        let widths = [
            ("detection.smoothing", Some(self.smoothing)),
            ("detection.pos_smoothing", self.pos_smoothing),
        ];
        for (field, width) in widths {
            if let Some(width) = width.filter(|width| !(0.0..=64.0).contains(width)) {
                return Err(Error::config(
                    field,
                    format!("{width}: must lie between 0 and 64"),
                ));
            }
        }
        if !(self.pos_weight > 0.0 && self.pos_weight <= 100.0) {
            return Err(Error::config(
                "detection.pos_weight",
                format!(
                    "{}: must be above 0, and at most 100; --method baseline leaves e_pos out",
                    self.pos_weight
                ),
            ));
        }
        let rates = [
            ("detection.false_alarm_rate", self.false_alarm_rate),
            (
                "detection.pixel_false_alarm_rate",
                self.pixel_false_alarm_rate,
            ),
        ];
        for (field, rate) in rates {
            if !(rate > 0.0 && rate <= 0.5) {
                return Err(Error::config(
                    field,
                    format!("{rate}: must lie above 0 and be at most 0.5"),
                ));
            }
        }
        Ok(())
    }
}

fn in_range(field: &'static str, value: usize, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::config(
        field,
        format!("{value}: must lie between {least} and {most}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        match config.validate() {
            Err(e) => e.to_string(),
            Ok(()) => "valid".to_owned(),
        }
    }

    #[test]
    fn sizes_that_cannot_work_are_told_with_one_that_does() {
        let text = message(|c| c.image_size.width = 250);
        assert!(
            text.contains("multiple of 8") && text.contains("248x256"),
            "{text}"
        );
        let text = message(|c| {
            c.image_size = ImageSize {
                width: 96,
                height: 96,
            };
        });
        assert!(text.contains("104x104"), "{text}");
        let smallest = message(|c| {
            c.image_size = ImageSize {
                width: 104,
                height: 104,
            };
        });
        assert_eq!(smallest, "valid");
    }

    #[test]
    fn every_range_is_checked() {
        for (field, text) in [
            ("output_stride", message(|c| c.student.output_stride = 3)),
            ("widths", message(|c| c.student.widths[2] = 0)),
            ("offset", message(|c| c.position.offset = 20)),
            ("pairs", message(|c| c.position.pairs = 0)),
            ("iterations", message(|c| c.training.iterations = 0)),
            (
                "learning_rate",
                message(|c| c.training.learning_rate = f64::NAN),
            ),
            ("weight_decay", message(|c| c.training.weight_decay = -1.0)),
            (
                "level_weights",
                message(|c| c.training.level_weights = [0.0; 3]),
            ),
            (
                "level_weights",
                message(|c| c.training.level_weights[1] = f64::NAN),
            ),
            ("hardest", message(|c| c.training.hardest = 0.0)),
            ("hardest", message(|c| c.training.hardest = 1.5)),
            ("hardest", message(|c| c.training.hardest = f64::NAN)),
            ("rec_weight", message(|c| c.training.rec_weight = 0.0)),
            ("smoothing", message(|c| c.detection.smoothing = 65.0)),
            (
                "pos_smoothing",
                message(|c| c.detection.pos_smoothing = Some(f64::NAN)),
            ),
            ("pos_weight", message(|c| c.detection.pos_weight = 0.0)),
            ("pos_weight", message(|c| c.detection.pos_weight = f64::NAN)),
            (
                "false_alarm_rate",
                message(|c| c.detection.false_alarm_rate = 0.0),
            ),
        ] {
            assert!(text.contains(field), "{field}: {text}");
        }
    }
}

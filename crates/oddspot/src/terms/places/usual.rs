//! What is usual of a closed-form term's error at each place: a background that is never twice alike is no
//! odder than a part that always is.

use super::PlaceGrid;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensor, NamedTensors};
use crate::images::ImageSize;
use crate::maps::{LocalMoments, LocalSums, ScoreMap};
use crate::net::tensors::TensorSpec;
use crate::settings::{Moments, Settings};

/// What of a term's error is measured by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::terms) enum By {
    /// Its mean: it stays in its own units.
    Mean,
    /// Its mean and its standard deviation.
    Moments,
}

/// The usual error of a term at each place, once it is known; nothing where errors are measured against what
/// is usual everywhere.
pub(in crate::terms) struct Usual {
    term: &'static str,
    by: By,
    how: Moments,
    local: Option<LocalMoments>,
}

/// Names of what is kept, the mean's first.
fn names(term: &str, by: By, how: Moments) -> Vec<String> {
    let parts: &[&str] = match (how, by) {
        (Moments::Global, _) => &[],
        (Moments::Local, By::Mean) => &["mean"],
        (Moments::Local, By::Moments) => &["mean", "std"],
    };
    let name = |part: &&str| format!("{term}.place.{part}");
    parts.iter().map(name).collect()
}

impl Usual {
    /// Names and shapes of what it keeps in the model.
    pub fn specs(term: &str, by: By, settings: &Settings, grid: &PlaceGrid) -> Vec<TensorSpec> {
        let names = names(term, by, settings.detection.moments).into_iter();
        names
            .map(|name| TensorSpec::kept(name, vec![grid.rows, grid.columns]))
            .collect()
    }

    /// From a model's tensors; nothing before it is fitted.
    ///
    /// # Errors
    /// A deviation that is not positive.
    pub fn read(
        (term, by): (&'static str, By),
        settings: &Settings,
        grid: &PlaceGrid,
        tensors: &NamedTensors,
    ) -> Result<Self> {
        let how = settings.detection.moments;
        let mut maps = names(term, by, how).into_iter().map(|name| {
            Some(ScoreMap {
                height: grid.rows,
                width: grid.columns,
                values: tensors.get(&name)?.values.clone(),
            })
        });
        let mean = maps.next().flatten();
        let std = match by {
            By::Moments => maps.next().flatten(),
            By::Mean => Some(ScoreMap::filled(grid.rows, grid.columns, 1.0)),
        };
        for map in mean.iter().chain(&std) {
            if map.values.len() != grid.rows * grid.columns {
                let reason = format!("its tensors of '{term}.place' are of another size");
                return Err(Error::new(ErrorKind::Damaged, Subject::Model, reason));
            }
        }
        let local = mean.zip(std).map(|(mean, std)| LocalMoments { mean, std });
        let stds = local.iter().flat_map(|local| &local.std.values);
        if stds.into_iter().any(|&std| std <= 0.0) {
            let reason =
                format!("its tensor '{term}.place.std' holds values that are not positive");
            return Err(Error::new(ErrorKind::Damaged, Subject::Model, reason));
        }
        Ok(Self {
            term,
            by,
            how,
            local,
        })
    }

    /// Takes it from good images' errors, each as if it had been left out.
    pub fn fit(&mut self, left_out: &[Vec<ScoreMap>]) {
        if self.how == Moments::Global {
            return;
        }
        let mut sums = LocalSums::default();
        left_out.iter().flatten().for_each(|error| sums.add(error));
        let mut local = drawn(sums.finish());
        if self.by == By::Mean {
            local.std.values.fill(1.0);
        }
        self.local = Some(local);
    }

    /// What it keeps in the model.
    pub fn tensors(&self) -> NamedTensors {
        let Some(LocalMoments { mean, std }) = &self.local else {
            return NamedTensors::new();
        };
        let tensor = |map: &ScoreMap| NamedTensor {
            shape: vec![map.height, map.width],
            values: map.values.clone(),
        };
        let names = names(self.term, self.by, self.how).into_iter();
        let named = names.zip([mean, std]);
        named.map(|(name, map)| (name, tensor(map))).collect()
    }

    /// The map of an error of the grid at the image's size, less what is usual.
    pub fn at_pixels(&self, errors: &[ScoreMap], size: ImageSize) -> ScoreMap {
        let mut map = ScoreMap::filled(size.height, size.width, 0.0);
        if let Some(error) = errors.first() {
            match &self.local {
                Some(local) => local.normalise(error).add_resized(&mut map),
                None => error.add_resized(&mut map),
            }
        }
        map
    }
}

/// Moments by place drawn to those of all places, as far as errors vary from image to image and not from
/// place to place: by the share of the variance that is not owed to the place.
fn drawn(local: LocalMoments) -> LocalMoments {
    let LocalMoments { mut mean, mut std } = local;
    let places = mean.values.len().max(1) as f64;
    let average = |values: &[f32], of: &dyn Fn(f64) -> f64| {
        values
            .iter()
            .map(|&value| of(f64::from(value)))
            .sum::<f64>()
            / places
    };
    let middle = average(&mean.values, &|mean| mean);
    let between = average(&mean.values, &|mean| (mean - middle).powi(2));
    let within = average(&std.values, &|std| std * std);
    let of_place = between / (between + within).max(f64::MIN_POSITIVE);
    let spread = within.sqrt().max(f64::MIN_POSITIVE);
    for value in &mut mean.values {
        *value = (middle + of_place * (f64::from(*value) - middle)) as f32;
    }
    for value in &mut std.values {
        *value = (spread * (f64::from(*value) / spread).powf(of_place)) as f32;
    }
    LocalMoments { mean, std }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(means: [f32; 2], stds: [f32; 2]) -> LocalMoments {
        let map = |values: [f32; 2]| ScoreMap {
            height: 1,
            width: 2,
            values: values.to_vec(),
        };
        LocalMoments {
            mean: map(means),
            std: map(stds),
        }
    }

    #[test]
    fn places_count_as_far_as_they_differ_more_than_images_do() {
        // All variance is owed to the place, none of it, and half.
        let sure = drawn(moments([1.0, 5.0], [1e-6, 1e-6]));
        assert!((sure.mean.values[0] - 1.0).abs() < 1e-5);
        let alike = drawn(moments([3.0, 3.0], [1.0, 7.0]));
        assert_eq!(
            (alike.mean.values, alike.std.values),
            (vec![3.0, 3.0], vec![5.0, 5.0])
        );
        let half = drawn(moments([1.0, 3.0], [1.0, 1.0]));
        assert_eq!(half.mean.values, [1.5, 2.5]);
        let none = drawn(moments([0.0, 0.0], [1.0, 1.0]));
        assert_eq!(
            (none.mean.values, none.std.values),
            (vec![0.0, 0.0], vec![1.0, 1.0])
        );
    }
}

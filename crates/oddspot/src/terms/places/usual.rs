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
        let mut local = sums.finish();
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

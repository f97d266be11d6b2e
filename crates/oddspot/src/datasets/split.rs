//! Good images to learn from, and some kept apart to set the threshold by.

use std::path::PathBuf;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Dataset, Sample};
use crate::error::{Error, Result};

impl Dataset {
    /// The good images to learn from and those held out: the data set's own, or a part of the
    /// former.
    ///
    /// # Errors
    /// Too few good images.
    pub fn split(&self, seed: u64) -> Result<Split> {
        if self.train.is_empty() {
            return Err(Error::dataset(
                &self.root,
                "it has no good images to learn from: those of train/good, or of the split train",
            ));
        }
        if self.held_out.is_empty() {
            return hold_out(self.train.clone(), seed);
        }
        Ok(Split {
            train: self.train.clone(),
            held_out: self.held_out.clone(),
        })
    }
}

/// Good samples, some of them kept out of training to set the threshold by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// To train on, in path order.
    pub train: Vec<Sample>,
    /// Never trained on, in path order.
    pub held_out: Vec<Sample>,
}

/// Splits off a tenth (rounded) of the samples; see [`split_of`].
pub(super) fn hold_out(samples: Vec<Sample>, seed: u64) -> Result<Split> {
    let (train, held_out) = split_of(samples, seed, |sample| sample.image.clone())?;
    Ok(Split { train, held_out })
}

/// Splits off a tenth (rounded) of some images: at least one, and at least ten where there are
/// 50 or more; the others come first. Which ones depends only on the seed and on the images in the
/// order of their paths, on any platform (ChaCha8).
///
/// # Errors
/// Fewer than two images.
pub fn split_of<T>(
    mut images: Vec<T>,
    seed: u64,
    path: impl Fn(&T) -> PathBuf,
) -> Result<(Vec<T>, Vec<T>)> {
    let count = images.len();
    if count < 2 {
        let path = images.first().map(&path).unwrap_or_default();
        return Err(Error::dataset(
            path,
            format!(
                "{count} good image(s) cannot be split: give at least two, one to train on and \
                 one to hold out"
            ),
        ));
    }
    let least = if count >= 50 { 10 } else { 1 };
    let held_out = ((count + 5) / 10).max(least);
    images.sort_by_key(&path);
    images.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut train = images.split_off(held_out);
    train.sort_by_key(&path);
    images.sort_by_key(&path);
    Ok((train, images))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn numbered(count: usize) -> Vec<Sample> {
        let path = |i| PathBuf::from(format!("{i:03}.png"));
        (0..count).map(|i| Sample::good(path(i))).collect()
    }

    #[test]
    fn a_tenth_is_held_out_and_ten_of_fifty() {
        for (count, held_out) in [
            (2, 1),
            (14, 1),
            (15, 2),
            (49, 5),
            (50, 10),
            (104, 10),
            (105, 11),
        ] {
            let split = hold_out(numbered(count), 1).unwrap();
            assert_eq!(split.held_out.len(), held_out, "of {count}");
            assert!(split.train.is_sorted_by_key(|s| &s.image));
            assert!(split.held_out.is_sorted_by_key(|s| &s.image));
            let mut all = [split.train, split.held_out].concat();
            all.sort_by(|a, b| a.image.cmp(&b.image));
            assert_eq!(all, numbered(count));
        }
    }

    #[test]
    fn the_same_seed_holds_out_the_same_images_in_every_version() {
        let mut reversed = numbered(30);
        reversed.reverse();
        let split = hold_out(reversed, 7).unwrap();
        assert_eq!(split, hold_out(numbered(30), 7).unwrap());
        assert_ne!(split, hold_out(numbered(30), 8).unwrap());
        assert_eq!(names(&split.held_out), GOLDEN);
    }

    fn names(samples: &[Sample]) -> Vec<&str> {
        samples.iter().map(|s| s.image.to_str().unwrap()).collect()
    }

    /// Written down once: a change here changes which images every existing model trained on.
    const GOLDEN: [&str; 3] = ["018.png", "022.png", "027.png"];

    #[test]
    fn one_good_image_is_too_few() {
        let error = hold_out(numbered(1), 0).unwrap_err().to_string();
        assert!(
            error.contains("000.png") && error.contains("at least two"),
            "{error}"
        );
    }
}

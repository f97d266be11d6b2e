//! Good images that can all be used, each once.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::set::GoodImages;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::images::{Reading, Source, check_all, check_each};

/// An image that is the same as another, and was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its path or name.
    pub copy: PathBuf,
    /// That of the one that stays.
    pub of: PathBuf,
}

impl GoodImages {
    /// Refuses images of which, of so many that were given, but one is left: it can be learned from, and not held out.
    ///
    /// # Errors
    /// That.
    pub fn check_more_than_one(&self, given: usize) -> Result<()> {
        if given < 2 || self.train.len() + self.held_out.len() > 1 {
            return Ok(());
        }
        let reason = format!(
            "the {given} good images show the same pixels, all of them, and count once: give others, of other parts"
        );
        let error = Error::new(ErrorKind::Invalid, Subject::Dataset, reason);
        Err(match self.root.as_os_str().is_empty() {
            true => error,
            false => error.in_file(&self.root),
        })
    }

    /// Those that can be used, and why the others cannot. Tells after some how many of how many are checked; None
    /// if told to stop.
    pub fn usable(
        self,
        reading: Reading,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<(Self, Vec<(Source, Error)>)> {
        let learned = self.train.len();
        let all: Vec<Source> = self.train.into_iter().chain(self.held_out).collect();
        let checked = check_each((&all, reading), progress)?;
        let mut usable = Self {
            root: self.root,
            ..Self::default()
        };
        let mut broken = Vec::new();
        for (at, (image, checked)) in all.into_iter().zip(checked).enumerate() {
            match checked {
                Err(error) => broken.push((image, error)),
                Ok(_) if at < learned => usable.train.push(image),
                Ok(_) => usable.held_out.push(image),
            }
        }
        Some((usable, broken))
    }

    /// The same images, each once: of those that show the same pixels the first stays, and one that is
    /// learned from before one that is held out. So no held-out image is one learned from. Tells after some
    /// how many of how many are checked; None if told to stop.
    ///
    /// # Errors
    /// One error that names every image that cannot be used, the first ten in full.
    pub fn each_once(
        self,
        reading: Reading,
        progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<(Self, Vec<Copied>)>> {
        let Self {
            mut train,
            held_out,
            root,
        } = self;
        let learned = train.len();
        train.extend(held_out);
        let Some(pixels) = check_all((&train, reading), &root, progress)? else {
            return Ok(None);
        };
        let mut first: HashMap<[u8; 32], PathBuf> = HashMap::new();
        let mut copies = Vec::new();
        let mut kept = [Vec::new(), Vec::new()];
        for (at, (image, pixels)) in train.into_iter().zip(pixels).enumerate() {
            let name = image.name().into_owned();
            match first.get(&pixels) {
                Some(of) => copies.push(Copied {
                    copy: name,
                    of: of.clone(),
                }),
                None => {
                    first.insert(pixels, name);
                    kept[usize::from(at >= learned)].push(image);
                }
            }
        }
        let [train, held_out]: [Vec<Source>; 2] = kept;
        let images = Self {
            train,
            held_out,
            root,
        };
        Ok(Some((images, copies)))
    }
}

#[cfg(test)]
mod tests {
    use ::image::RgbImage;

    use super::*;

    fn image(name: &str, shade: u8) -> Source {
        Source::Memory {
            name: name.to_owned(),
            image: RgbImage::from_pixel(3, 3, [shade; 3].into()),
        }
    }

    #[test]
    fn copies_count_once_and_none_is_held_out_of_those_learned_from() {
        let images = GoodImages {
            train: vec![image("a", 1), image("b", 2), image("c", 1)],
            held_out: vec![image("d", 2), image("e", 3), image("f", 3)],
            root: PathBuf::new(),
        };
        let go_on = |_, _| ControlFlow::Continue(());
        let (kept, copies) = images
            .each_once(Reading::default(), go_on)
            .unwrap()
            .unwrap();
        assert_eq!(kept.train, [image("a", 1), image("b", 2)]);
        assert_eq!(kept.held_out, [image("e", 3)]);
        let told: Vec<_> = copies
            .iter()
            .map(|one| (one.copy.to_str().unwrap(), one.of.to_str().unwrap()))
            .collect();
        assert_eq!(told, [("c", "a"), ("d", "b"), ("f", "e")]);
    }
}

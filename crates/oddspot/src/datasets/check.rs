//! What is wrong with a test set, before anything is measured on it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Dataset, Label, Sample};
use crate::error::{Error, Result};
use crate::files::digest::sha256_of_file;
use crate::images::{MaskFile, Reading, like_a_photograph, read_mask};

/// How many problems one error spells out.
const SHOWN: usize = 10;

/// One thing that would spoil a measurement, by the file that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A file cannot be read as an image.
    Unreadable {
        /// The test image of which it is, or which marks it; none of a folder.
        image: Option<PathBuf>,
        /// The error, which names the file.
        reason: String,
    },
    /// A mask has other proportions than its image.
    MaskSize {
        /// The mask file.
        mask: PathBuf,
        /// Its (width, height).
        size: (u32, u32),
        /// The image's (width, height).
        image_size: (u32, u32),
    },
    /// A mask looks like a photograph.
    Photograph {
        /// The mask file.
        mask: PathBuf,
        /// How many percent of it are neither black nor white.
        grey: u8,
    },
    /// The mask of a defect has no anomalous pixel.
    EmptyMask {
        /// The mask file.
        mask: PathBuf,
    },
    /// A good image has a mask with anomalous pixels.
    MaskOfGood {
        /// The mask file.
        mask: PathBuf,
    },
    /// A test image is a training image, byte for byte.
    InTraining {
        /// The test image.
        image: PathBuf,
        /// The training image.
        train: PathBuf,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { reason, .. } => f.write_str(reason),
            Self::MaskSize {
                mask,
                size: (width, height),
                image_size: (image_width, image_height),
            } => write!(
                f,
                "{} is {width}x{height} but its image {image_width}x{image_height}: \
                 draw it in the image's proportions",
                mask.display()
            ),
            Self::Photograph { mask, grey } => {
                write!(f, "{}: {}", mask.display(), like_a_photograph(*grey))
            }
            Self::EmptyMask { mask } => write!(
                f,
                "{} marks no pixel of its defect: mark some, or move the image to test/good",
                mask.display()
            ),
            Self::MaskOfGood { mask } => write!(
                f,
                "{} marks pixels of a good image: delete it, or move the image to its defect",
                mask.display()
            ),
            Self::InTraining { image, train } => write!(
                f,
                "{} is the training image {}: take one away",
                image.display(),
                train.display()
            ),
        }
    }
}

/// What is known of a test set once its images and masks were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestLook {
    /// What would spoil a measurement, in path order.
    pub problems: Vec<Problem>,
    /// Whether all masks of defects mark what is good.
    pub inverted: bool,
    /// Masks that look so where others do not.
    pub doubtful: Vec<PathBuf>,
    /// Masks with shades between, which were cut at half.
    pub cut: Vec<PathBuf>,
    /// Masks of another size than their images, in the same proportions.
    pub scaled: Vec<PathBuf>,
    /// Masks of which nearly all is marked, though not their whole border.
    pub nearly_all: Vec<PathBuf>,
    /// Images of defects without a mask.
    pub without_mask: Vec<PathBuf>,
    /// Why each image or folder was left out that could not be read.
    pub left_out: Vec<String>,
}

/// One of an image's masks.
struct Looked {
    path: PathBuf,
    size: (u32, u32),
    cut: bool,
    /// How many percent of it are neither black nor white, if it looks like a photograph.
    photograph: Option<u8>,
    any: bool,
    all: bool,
    looks_inverted: bool,
    marks_nearly_all: bool,
    is_like: bool,
}

impl Dataset {
    /// An error that names every [`Problem`] of the test set (the first ten in full).
    pub fn check_test(&self, reading: Reading) -> Result<()> {
        self.look_at_test(reading)?.check(&self.root)
    }

    /// Takes the test images out that cannot be used, and gives why not.
    pub fn leave_out_unreadable(&mut self, look: &mut TestLook) -> Vec<String> {
        let mut reasons = Vec::new();
        let mut images = HashSet::new();
        look.problems.retain(|problem| match problem {
            Problem::Unreadable { image, reason } => {
                reasons.push(reason.clone());
                images.extend(image.clone());
                false
            }
            _ => true,
        });
        self.test.retain(|sample| !images.contains(&sample.image));
        look.left_out.clone_from(&reasons);
        reasons
    }

    /// Decodes all images and masks of the test set, and says what they are like.
    ///
    /// # Errors
    /// A file that is gone.
    pub fn look_at_test(&self, reading: Reading) -> Result<TestLook> {
        let masks = self.test.par_iter().map(|sample| masks_of(sample, reading));
        let masks: Vec<_> = masks.collect();
        let of_defects = |&(sample, _): &(&Sample, &Result<_>)| sample.label != Label::Good;
        let looked = self.test.iter().zip(&masks).filter(of_defects);
        let looked = looked.filter_map(|(_, masks)| masks.as_ref().ok());
        let looked: Vec<&Looked> = looked
            .flat_map(|(_, masks): &(_, Vec<Looked>)| masks)
            .collect();
        let inverted = !looked.is_empty() && looked.iter().all(|mask| mask.looks_inverted);
        let mut look = TestLook {
            inverted,
            ..TestLook::default()
        };
        if !inverted {
            let doubtful = looked.iter().filter(|mask| mask.looks_inverted);
            look.doubtful = doubtful.map(|mask| mask.path.clone()).collect();
            let nearly_all = looked
                .iter()
                .filter(|mask| mask.marks_nearly_all && !mask.looks_inverted);
            look.nearly_all = nearly_all.map(|mask| mask.path.clone()).collect();
        }
        let unreadable = self.besides.unreadable.iter();
        look.problems
            .extend(unreadable.map(|one| Problem::Unreadable {
                image: None,
                reason: one.reason.clone(),
            }));
        let mut train = Fingerprints::of(self.train.iter().chain(&self.held_out))?;
        for (sample, masks) in self.test.iter().zip(masks) {
            match masks {
                Ok((size, masks)) => look.add(sample, size, masks),
                Err(error) => {
                    look.problems.push(Problem::Unreadable {
                        image: Some(sample.image.clone()),
                        reason: error.in_full(),
                    });
                    continue;
                }
            }
            if let Some(train) = train.equal_to(&sample.image)? {
                look.problems.push(Problem::InTraining {
                    image: sample.image.clone(),
                    train,
                });
            }
        }
        Ok(look)
    }
}

impl TestLook {
    /// An error that names every [`Problem`] (the first ten in full).
    pub fn check(&self, root: &Path) -> Result<()> {
        let problems = &self.problems;
        if problems.is_empty() {
            return Ok(());
        }
        let shown = problems.iter().take(SHOWN);
        let mut reason: String = shown.map(|problem| format!("\n  {problem}")).collect();
        if problems.len() > SHOWN {
            reason += &format!("\n  and {} more", problems.len() - SHOWN);
        }
        Err(Error::dataset(
            root,
            format!("its test images need mending:{reason}"),
        ))
    }

    /// What is to be said of an image and its masks.
    fn add(&mut self, sample: &Sample, image_size: (u32, u32), masks: Vec<Looked>) {
        let photographs = masks.iter().filter_map(|mask| {
            mask.photograph.map(|grey| Problem::Photograph {
                mask: mask.path.clone(),
                grey,
            })
        });
        let photographs: Vec<Problem> = photographs.collect();
        if !photographs.is_empty() {
            self.problems.extend(photographs);
            return;
        }
        let defective = sample.label != Label::Good;
        let marks = |mask: &Looked| if self.inverted { !mask.all } else { mask.any };
        let marked = masks.iter().any(marks);
        match masks.first() {
            None if defective => self.without_mask.push(sample.image.clone()),
            Some(first) if defective && !marked => self.problems.push(Problem::EmptyMask {
                mask: first.path.clone(),
            }),
            _ => {}
        }
        let problems_of = masks.iter().filter(|mask| !defective && marks(mask));
        let of_good = problems_of.map(|mask| Problem::MaskOfGood {
            mask: mask.path.clone(),
        });
        self.problems.extend(of_good.collect::<Vec<_>>());
        for mask in masks {
            if mask.cut {
                self.cut.push(mask.path.clone());
            }
            if !mask.is_like {
                self.problems.push(Problem::MaskSize {
                    mask: mask.path,
                    size: mask.size,
                    image_size,
                });
            } else if mask.size != image_size {
                self.scaled.push(mask.path);
            }
        }
    }
}

/// An image's size, and what its masks are like.
fn masks_of(sample: &Sample, reading: Reading) -> Result<((u32, u32), Vec<Looked>)> {
    let (width, height) = reading.decode(&sample.image)?.image.dimensions();
    let look = |path: &PathBuf| {
        let file = read_mask(path, reading.limits)?;
        let photograph = file.looks_like_a_photograph().then_some(file.grey);
        let MaskFile { mask, cut, .. } = file;
        Ok(Looked {
            path: path.clone(),
            size: (mask.width as u32, mask.height as u32),
            cut,
            photograph,
            any: mask.any(),
            all: !mask.anomalous.contains(&false),
            looks_inverted: mask.looks_inverted(),
            marks_nearly_all: mask.marks_nearly_all(),
            is_like: mask.is_like(width as usize, height as usize),
        })
    };
    let masks = sample.masks.iter().map(look).collect::<Result<_>>()?;
    Ok(((width, height), masks))
}

/// Files by their size, hashed only once another file of that size is asked about.
struct Fingerprints {
    by_size: HashMap<u64, Vec<Fingerprint>>,
}

struct Fingerprint {
    path: PathBuf,
    /// SHA-256 of its content, once it was needed.
    hash: Option<[u8; 32]>,
}

impl Fingerprints {
    fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Result<Self> {
        let mut by_size: HashMap<_, Vec<_>> = HashMap::new();
        for Sample { image, .. } in samples {
            by_size
                .entry(file_size(image)?)
                .or_default()
                .push(Fingerprint {
                    path: image.clone(),
                    hash: None,
                });
        }
        Ok(Self { by_size })
    }

    /// The first file with the same bytes.
    fn equal_to(&mut self, path: &Path) -> Result<Option<PathBuf>> {
        let Some(candidates) = self.by_size.get_mut(&file_size(path)?) else {
            return Ok(None);
        };
        let wanted = sha256_of_file(path)?;
        for Fingerprint { path, hash } in candidates {
            let known = match hash {
                Some(known) => *known,
                None => *hash.insert(sha256_of_file(path)?),
            };
            if known == wanted {
                return Ok(Some(path.clone()));
            }
        }
        Ok(None)
    }
}

fn file_size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).map_err(Error::io("read", path))?.len())
}

#[cfg(test)]
mod tests;

//! What is wrong with a test set, before anything is measured on it.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Dataset, Label, Sample};
use crate::error::{Error, Result};
use crate::files::digest::sha256_of_file;
use crate::images::{decode_mask, dimensions};

/// How many problems one error spells out.
const SHOWN: usize = 10;

/// One thing that would spoil a measurement, by the file that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A file cannot be read as an image.
    Unreadable {
        /// The error, which names the file.
        reason: String,
    },
    /// An image of a defect has no mask.
    NoMask {
        /// The test image.
        image: PathBuf,
    },
    /// A mask has another size than its image.
    MaskSize {
        /// The mask file.
        mask: PathBuf,
        /// Its (width, height).
        size: (u32, u32),
        /// The image's (width, height).
        image_size: (u32, u32),
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
            Self::Unreadable { reason } => f.write_str(reason),
            Self::NoMask { image } => write!(
                f,
                "{} shows a defect but has no mask: add one",
                image.display()
            ),
            Self::MaskSize {
                mask,
                size: (width, height),
                image_size: (image_width, image_height),
            } => write!(
                f,
                "{} is {width}x{height} but its image {image_width}x{image_height}: \
                 draw it at the image's size",
                mask.display()
            ),
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

impl Dataset {
    /// An error that names every [`Problem`] of the test set (the first ten in full).
    pub fn check_test(&self) -> Result<()> {
        let problems = self.test_problems()?;
        if problems.is_empty() {
            return Ok(());
        }
        let shown = problems.iter().take(SHOWN);
        let mut reason: String = shown.map(|problem| format!("\n  {problem}")).collect();
        if problems.len() > SHOWN {
            reason += &format!("\n  and {} more", problems.len() - SHOWN);
        }
        Err(Error::dataset(
            &self.root,
            format!("its test images need mending:{reason}"),
        ))
    }

    /// Every [`Problem`] of the test set, in path order; masks are decoded, images only measured.
    pub fn test_problems(&self) -> Result<Vec<Problem>> {
        let mut train = Fingerprints::of(self.train.iter().chain(&self.held_out))?;
        let mut problems = Vec::new();
        for sample in &self.test {
            match masking(sample) {
                Ok(found) => problems.extend(found),
                Err(error) => problems.push(Problem::Unreadable {
                    reason: with_causes(&error),
                }),
            }
            if let Some(train) = train.equal_to(&sample.image)? {
                problems.push(Problem::InTraining {
                    image: sample.image.clone(),
                    train,
                });
            }
        }
        Ok(problems)
    }
}

/// What is wrong between an image and its masks.
fn masking(sample: &Sample) -> Result<Vec<Problem>> {
    let image_size = dimensions(&sample.image)?;
    let defective = sample.label != Label::Good;
    if sample.masks.is_empty() {
        let image = sample.image.clone();
        let missing = defective.then_some(Problem::NoMask { image });
        return Ok(missing.into_iter().collect());
    }
    let mut problems = Vec::new();
    let mut marked = false;
    for path in &sample.masks {
        let decoded = decode_mask(path)?;
        let size = (decoded.width as u32, decoded.height as u32);
        let mask = path.clone();
        marked |= decoded.any();
        if decoded.any() && !defective {
            problems.push(Problem::MaskOfGood { mask: mask.clone() });
        }
        if size != image_size {
            problems.push(Problem::MaskSize {
                mask,
                size,
                image_size,
            });
        }
    }
    if defective && !marked {
        let mask = sample.masks[0].clone();
        problems.insert(0, Problem::EmptyMask { mask });
    }
    Ok(problems)
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
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
mod tests {
    use super::*;
    use ::image::{GrayImage, Luma, RgbImage};

    /// Draws a mask of one grey level.
    fn mask(root: &Path, name: &str, width: u32, height: u32, level: u8) {
        save(root, name, |path| {
            GrayImage::from_pixel(width, height, Luma([level])).save(path)
        });
    }

    /// Draws an image of one shade.
    fn image(root: &Path, name: &str, shade: u8) {
        save(root, name, |path| {
            RgbImage::from_pixel(6, 4, [shade; 3].into()).save(path)
        });
    }

    fn save(root: &Path, name: &str, write: impl Fn(&Path) -> ::image::ImageResult<()>) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path).unwrap();
    }

    #[test]
    fn every_problem_is_reported_by_name_and_sound_samples_are_not() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        image(path, "train/good/0.png", 1);
        image(path, "train/good/1.png", 2);
        image(path, "test/good/fine.png", 3);
        image(path, "test/good/masked.png", 4);
        image(path, "test/good/trained.png", 2);
        image(path, "test/good/zero.png", 9);
        mask(path, "ground_truth/good/masked_mask.png", 6, 4, 255);
        mask(path, "ground_truth/good/zero_mask.png", 6, 4, 0);
        for (shade, name) in ["bare", "empty", "fine", "small", "text"]
            .into_iter()
            .enumerate()
        {
            image(path, &format!("test/cut/{name}.png"), 20 + shade as u8);
        }
        mask(path, "ground_truth/cut/empty_mask.png", 6, 4, 0);
        mask(path, "ground_truth/cut/fine_mask.png", 6, 4, 1);
        mask(path, "ground_truth/cut/small_mask.png", 4, 6, 1);
        mask(path, "ground_truth/cut/text_mask.png", 6, 4, 1);
        fs::write(path.join("test/cut/text.png"), "words").unwrap();

        let dataset = Dataset::open(path).unwrap();
        let problems = dataset.test_problems().unwrap();
        let name = |name: &str| path.join(name);
        assert_eq!(problems.len(), 6, "{problems:?}");
        assert_eq!(
            problems[0],
            Problem::NoMask {
                image: name("test/cut/bare.png")
            }
        );
        let empty = name("ground_truth/cut/empty_mask.png");
        assert_eq!(problems[1], Problem::EmptyMask { mask: empty });
        let small = Problem::MaskSize {
            mask: name("ground_truth/cut/small_mask.png"),
            size: (4, 6),
            image_size: (6, 4),
        };
        assert_eq!(problems[2], small);
        assert!(problems[3].to_string().contains("text.png"));
        let masked = name("ground_truth/good/masked_mask.png");
        assert_eq!(problems[4], Problem::MaskOfGood { mask: masked });
        let trained = Problem::InTraining {
            image: name("test/good/trained.png"),
            train: name("train/good/1.png"),
        };
        assert_eq!(problems[5], trained);
        let error = dataset.check_test().unwrap_err().to_string();
        for problem in problems {
            assert!(error.contains(&problem.to_string()), "{error}");
        }
    }

    #[test]
    fn past_ten_problems_the_rest_is_counted() {
        let root = tempfile::tempdir().unwrap();
        for i in 0..13 {
            image(root.path(), &format!("test/cut/{i:02}.png"), i);
        }
        let error = Dataset::open(root.path())
            .unwrap()
            .check_test()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("09.png") && !error.contains("10.png"),
            "{error}"
        );
        assert!(error.ends_with("and 3 more"), "{error}");
    }

    #[test]
    fn a_sound_test_set_passes() {
        let root = tempfile::tempdir().unwrap();
        image(root.path(), "train/good/0.png", 1);
        image(root.path(), "test/good/0.png", 2);
        Dataset::open(root.path()).unwrap().check_test().unwrap();
    }
}

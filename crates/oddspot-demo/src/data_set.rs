//! A data set of boards on disk, in MVTec AD's layout.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use oddspot::files::atomic;
use oddspot::images::{ImageSize, Mask};
use oddspot::{Error, ErrorKind, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Defect, defective, good};

/// How many images [`write_mvtec`] writes of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Good images to train on.
    pub train: usize,
    /// Good images to test with.
    pub test_good: usize,
    /// Test images of each of the six defects.
    pub test_per_defect: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            train: 60,
            test_good: 12,
            test_per_defect: 6,
        }
    }
}

/// The file that says that a folder is ours, and of which settings.
const MARKER: &str = ".oddspot-demo";

/// Writes boards as PNG files in MVTec AD's layout: `train/good`, `test/good`, `test/<defect>`
/// and `ground_truth/<defect>`. Every image is different, and the same size, counts and seed give
/// the same files.
///
/// # Errors
/// A folder that is not empty, unless it was written here with the same size, counts and seed; a
/// file that cannot be written.
pub fn write_mvtec(root: &Path, size: ImageSize, counts: Counts, seed: u64) -> Result<()> {
    let kinds = Defect::ALL.map(|defect| defect.to_string()).join(", ");
    claim(
        root,
        &format!("size {size}, seed {seed}, {counts:?}, {kinds}\n"),
    )?;
    let mut seeds = ChaCha8Rng::seed_from_u64(seed);
    for (folder, count) in [
        ("train/good", counts.train),
        ("test/good", counts.test_good),
    ] {
        let folder = make_folder(root.join(folder))?;
        for i in 0..count {
            let board = good(size, seeds.random());
            save(&folder.join(format!("{i:03}.png")), board)?;
        }
    }
    for defect in Defect::ALL {
        let images = make_folder(root.join("test").join(defect.to_string()))?;
        let masks = make_folder(root.join("ground_truth").join(defect.to_string()))?;
        for i in 0..counts.test_per_defect {
            let (board, mask) = defective(size, seeds.random(), defect);
            save(&images.join(format!("{i:03}.png")), board)?;
            save(&masks.join(format!("{i:03}_mask.png")), picture_of(&mask))?;
        }
    }
    Ok(())
}

/// Makes the folder ours, or says why it cannot be.
fn claim(root: &Path, settings: &str) -> Result<()> {
    let marker = make_folder(root.to_owned())?.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(found) if found == settings => return Ok(()),
        Ok(_) => {
            let reason = "it holds demonstration images of other settings: \
                 delete it or give another folder";
            return Err(Error::dataset(root, reason));
        }
        Err(_) => {}
    }
    let mut entries = fs::read_dir(root).map_err(Error::io("read", root))?;
    if entries.next().is_some() {
        let reason = "it is not empty: give a new or empty folder";
        return Err(Error::dataset(root, reason));
    }
    atomic::write_bytes(&marker, settings.as_bytes())
}

fn make_folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
    Ok(path)
}

fn save(path: &Path, picture: impl Into<DynamicImage>) -> Result<()> {
    let mut encoded = Cursor::new(Vec::new());
    (picture.into())
        .write_to(&mut encoded, ImageFormat::Png)
        .map_err(|error| {
            Error::image(path, format!("it cannot be encoded: {error}"))
                .of_kind(ErrorKind::Internal)
        })?;
    atomic::write_bytes(path, encoded.get_ref())
}

/// White where anomalous.
fn picture_of(mask: &Mask) -> GrayImage {
    GrayImage::from_fn(mask.width as u32, mask.height as u32, |x, y| {
        let odd = mask.anomalous[y as usize * mask.width + x as usize];
        Luma([if odd { 255 } else { 0 }])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::datasets::{Dataset, Label};

    #[test]
    fn what_is_written_is_a_sound_mvtec_data_set() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("new/demo");
        let counts = Counts {
            train: 3,
            test_good: 2,
            test_per_defect: 1,
        };
        let size = ImageSize::square(64);
        write_mvtec(&path, size, counts, 5).unwrap();
        let dataset = Dataset::open(&path).unwrap();
        dataset
            .check_test(oddspot::images::Reading::default())
            .unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (3, 2 + 6));
        let good = dataset.test.iter().filter(|s| s.label == Label::Good);
        assert_eq!(good.count(), 2);

        let before = fs::read(&dataset.train[0].image).unwrap();
        fs::remove_file(&dataset.train[0].image).unwrap();
        write_mvtec(&path, size, counts, 5).unwrap();
        assert_eq!(fs::read(&dataset.train[0].image).unwrap(), before);
        assert_eq!(Dataset::open(&path).unwrap(), dataset);
    }

    #[test]
    fn other_peoples_folders_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("thesis.txt"), "mine").unwrap();
        let write = |seed| write_mvtec(root.path(), ImageSize::square(32), NONE, seed);
        let error = write(1).unwrap_err().to_string();
        assert!(error.contains("not empty"), "{error}");
        fs::remove_file(root.path().join("thesis.txt")).unwrap();
        write(1).unwrap();
        let error = write(2).unwrap_err().to_string();
        assert!(error.contains("other settings"), "{error}");
    }

    const NONE: Counts = Counts {
        train: 0,
        test_good: 0,
        test_per_defect: 0,
    };
}

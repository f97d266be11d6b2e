//! A small data set of made-up circuit boards, for demonstrations and tests: the same parts in
//! the same places, photographed with a little jitter, and six kinds of defect with exact masks.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use ::image::{GrayImage, ImageFormat, Luma, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::image::{ImageSize, Mask};

mod artwork;
mod board;
mod canvas;
mod part;

use board::Board;

/// What can be wrong with a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defect {
    /// A thin bright scratch: odd by itself.
    Scratch,
    /// A dull stain: odd by itself.
    Stain,
    /// A part is absent, its bare pads showing: odd only because of where that is.
    Missing,
    /// Two parts lie in each other's place: each is odd only because of where it is.
    Swapped,
    /// A part lies turned by a quarter: odd only because of how it should lie there.
    Turned,
    /// A part lies beside its place: odd only because of where it is.
    Moved,
}

impl Defect {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Scratch,
        Self::Stain,
        Self::Missing,
        Self::Swapped,
        Self::Turned,
        Self::Moved,
    ];
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scratch => "scratch",
            Self::Stain => "stain",
            Self::Missing => "missing",
            Self::Swapped => "swapped",
            Self::Turned => "turned",
            Self::Moved => "moved",
        })
    }
}

/// A sound board. The same size and seed give the same picture.
pub fn good(size: ImageSize, seed: u64) -> RgbImage {
    Board::new(&mut ChaCha8Rng::seed_from_u64(seed))
        .photograph(size)
        .0
}

/// A board with one defect, and the pixels that it changes: the scratch or the stain itself, the
/// outline of the part that is absent, or those of the parts that lie wrongly, as they should lie
/// and as they do. Elsewhere it is [`good`] of the same seed, but for the parts' shadows.
pub fn defective(size: ImageSize, seed: u64, defect: Defect) -> (RgbImage, Mask) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut board = Board::new(&mut rng);
    match defect {
        Defect::Scratch => board.scratch(&mut rng),
        Defect::Stain => board.stain(&mut rng),
        Defect::Missing => board.remove_part(&mut rng),
        Defect::Swapped => board.swap_parts(&mut rng),
        Defect::Turned => board.turn_part(&mut rng),
        Defect::Moved => board.move_part(&mut rng),
    }
    board.photograph(size)
}

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
/// and `ground_truth/<defect>`. Every image is different, and the same settings give the same
/// files. A folder that is not empty is refused, unless it was written here with these settings.
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
            save(&folder.join(format!("{i:03}.png")), |path| {
                good(size, seeds.random()).save_with_format(path, ImageFormat::Png)
            })?;
        }
    }
    for defect in Defect::ALL {
        let images = make_folder(root.join("test").join(defect.to_string()))?;
        let masks = make_folder(root.join("ground_truth").join(defect.to_string()))?;
        for i in 0..counts.test_per_defect {
            let (image, mask) = defective(size, seeds.random(), defect);
            save(&images.join(format!("{i:03}.png")), |path| {
                image.save_with_format(path, ImageFormat::Png)
            })?;
            save(&masks.join(format!("{i:03}_mask.png")), |path| {
                picture_of(&mask).save_with_format(path, ImageFormat::Png)
            })?;
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
            return Err(Error::dataset(
                root,
                "it holds demonstration images of other settings: \
                 delete it or give another folder",
            ));
        }
        Err(_) => {}
    }
    let mut entries = fs::read_dir(root).map_err(Error::io("read", root))?;
    if entries.next().is_some() {
        return Err(Error::dataset(
            root,
            "it is not empty: give a new or empty folder",
        ));
    }
    fs::write(&marker, settings).map_err(Error::io("write", &marker))
}

fn make_folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
    Ok(path)
}

/// Writes under a temporary name first, so that a file that is there is whole.
fn save(path: &Path, write: impl FnOnce(&Path) -> ::image::ImageResult<()>) -> Result<()> {
    let partial = path.with_extension("partial");
    write(&partial).map_err(|error| {
        let _ = fs::remove_file(&partial);
        match error {
            ::image::ImageError::IoError(error) => Error::io("write", path)(error),
            error => Error::image(path, format!("it cannot be written: {error}")),
        }
    })?;
    fs::rename(&partial, path).map_err(Error::io("rename", path))
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
    use crate::dataset::{Dataset, Label};

    const SIZE: ImageSize = ImageSize::square(128);

    #[test]
    fn a_seed_is_a_picture_and_seeds_differ() {
        assert_eq!(good(SIZE, 3), good(SIZE, 3));
        assert_ne!(good(SIZE, 3), good(SIZE, 4));
        let wide = good("96x64".parse().unwrap(), 3);
        assert_eq!(wide.dimensions(), (96, 64));
    }

    #[test]
    fn the_mask_is_what_the_defect_changed() {
        // At the demonstration's size: in half of it a scratch is thinner than a pixel.
        const SIDE: usize = 256;
        let size = ImageSize::square(SIDE);
        for defect in Defect::ALL {
            for seed in 0..12 {
                let sound = good(size, seed);
                let (image, mask) = defective(size, seed, defect);
                let pixels = sound.pixels().zip(image.pixels());
                let changed: Vec<bool> = pixels
                    .map(|(a, b)| (0..3).any(|c| a[c].abs_diff(b[c]) > 6))
                    .collect();
                let marked: Vec<_> = (0..mask.anomalous.len())
                    .filter(|&i| mask.anomalous[i])
                    .collect();
                let shown = marked.iter().filter(|&&i| changed[i]).count();
                assert!(marked.len() >= 10, "{defect} {seed}: {}", marked.len());
                // A part displaced overlaps itself.
                let least = match defect {
                    Defect::Turned | Defect::Moved => 4,
                    _ => 7,
                };
                assert!(
                    shown * 10 >= marked.len() * least,
                    "{defect} {seed}: {shown} of {}",
                    marked.len()
                );
                // An edge spreads over a pixel, a shadow over six.
                let spread = match defect {
                    Defect::Scratch | Defect::Stain => 1,
                    _ => 7,
                };
                for i in (0..mask.anomalous.len()).filter(|&i| changed[i]) {
                    let near = marked.iter().any(|m| {
                        (m / SIDE).abs_diff(i / SIDE) <= spread
                            && (m % SIDE).abs_diff(i % SIDE) <= spread
                    });
                    assert!(
                        near,
                        "{defect} {seed}: row {}, column {}",
                        i / SIDE,
                        i % SIDE
                    );
                }
            }
        }
    }

    #[test]
    fn even_a_small_picture_shows_each_defect() {
        for seed in 0..50 {
            for defect in Defect::ALL {
                assert!(
                    defective(ImageSize::square(64), seed, defect).1.any(),
                    "{defect} {seed}"
                );
            }
        }
    }

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
        dataset.check_test().unwrap();
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

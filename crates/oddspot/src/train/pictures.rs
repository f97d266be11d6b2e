//! The pixels of what is seen of good images, in memory while they fit, else in a temporary file that the system
//! deletes with the process.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use super::cache::scratch_file;
use crate::error::{Error, Result};

/// What is kept of them in memory, as a share of what the teacher's maps may take: these are some ten times as
/// large.
const SHARE: u64 = 16;

/// Pictures in their order. Parts share them.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    places: Vec<Place>,
    /// Bytes that may still be kept in memory.
    left: u64,
    file: Option<Arc<Mutex<File>>>,
    /// Bytes in the file.
    end: u64,
    scratch: PathBuf,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<RgbImage>),
    File { at: u64, sides: (u32, u32) },
}

impl Pictures {
    /// None yet; past a share of the teacher's budget in mebibytes they go to a file in the folder `scratch`.
    pub fn within(budget_mib: usize, scratch: &Path) -> Self {
        Self {
            left: (budget_mib as u64).saturating_mul(1 << 20) / SHARE,
            scratch: scratch.to_owned(),
            ..Self::default()
        }
    }

    /// Appends one.
    ///
    /// # Errors
    /// The temporary file cannot be made or written.
    pub fn push(&mut self, picture: RgbImage) -> Result<()> {
        let bytes = picture.as_raw().len() as u64;
        if let Some(left) = self.left.checked_sub(bytes) {
            self.left = left;
            self.places.push(Place::Memory(Arc::new(picture)));
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(Arc::new(Mutex::new(scratch_file(&self.scratch)?))),
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        (file.seek(SeekFrom::Start(self.end)))
            .and_then(|_| file.write_all(picture.as_raw()))
            .map_err(Error::io(
                "write images to a temporary file in",
                &self.scratch,
            ))?;
        self.places.push(Place::File {
            at: self.end,
            sides: picture.dimensions(),
        });
        self.end += bytes;
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// One of them.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn get(&self, index: usize) -> Result<Arc<RgbImage>> {
        let (at, sides) = match &self.places[index] {
            Place::Memory(picture) => return Ok(Arc::clone(picture)),
            Place::File { at, sides } => (*at, *sides),
        };
        let mut bytes = vec![0; 3 * sides.0 as usize * sides.1 as usize];
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            (file.seek(SeekFrom::Start(at)))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(Error::io(
                    "read images from a temporary file in",
                    &self.scratch,
                ))?;
        }
        // There are as many bytes as were put away.
        let picture = RgbImage::from_raw(sides.0, sides.1, bytes);
        Ok(Arc::new(picture.unwrap_or_default()))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Result<Arc<RgbImage>>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Some of them, in the given order.
    #[must_use]
    pub fn part(&self, indices: &[usize]) -> Self {
        Self {
            places: (indices.iter())
                .map(|&index| self.places[index].clone())
                .collect(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_from_memory_and_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let picture =
            |n: u32| RgbImage::from_fn(200 + n, 150, |x, y| [x as u8, y as u8, n as u8].into());
        for (budget, in_memory) in [(0, 0), (4, 2), (64, 5)] {
            let mut pictures = Pictures::within(budget, folder.path());
            (0..5).for_each(|n| pictures.push(picture(n)).unwrap());
            let kept = |place: &&Place| matches!(place, Place::Memory(_));
            assert_eq!(pictures.places.iter().filter(kept).count(), in_memory);
            let part = pictures.part(&[4, 1]);
            assert_eq!((pictures.len(), part.len()), (5, 2));
            assert_eq!(pictures.iter().count(), 5);
            for n in [3, 0, 4, 2, 1] {
                assert_eq!(*pictures.get(n as usize).unwrap(), picture(n));
            }
            assert_eq!(*part.get(0).unwrap(), picture(4));
        }
    }
}

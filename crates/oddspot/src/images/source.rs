//! Where an image comes from: a file, or memory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use ::image::RgbImage;
use sha2::{Digest, Sha256};

use super::check_pixels;
use super::file::{decode_bytes, decode_dynamic, read_file};
use super::flatten::flatten;
use crate::error::Result;
use crate::files::digest::hex;

/// What an image from memory is called that was given no name.
pub(crate) const UNNAMED: &str = "(memory)";

/// An image that is not read yet, or that is in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Pixels, and what they are called.
    Memory {
        /// A name, for records and errors.
        name: String,
        /// The pixels.
        image: RgbImage,
    },
}

impl Source {
    /// An image file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// Its path or its name.
    pub fn name(&self) -> Cow<'_, Path> {
        match self {
            Self::File(path) => Cow::Borrowed(path),
            Self::Memory { name, .. } => Cow::Owned(PathBuf::from(name)),
        }
    }

    /// Its path below a folder, or its name: with `/` on every platform, so that hashes of records agree.
    pub fn name_below(&self, root: &Path) -> String {
        let path = self.name();
        let name = path.strip_prefix(root).unwrap_or(&path);
        name.to_string_lossy().replace('\\', "/")
    }

    /// Its pixels.
    ///
    /// # Errors
    /// A file that cannot be read or is no usable image.
    pub fn decode(&self) -> Result<Cow<'_, RgbImage>> {
        match self {
            Self::File(path) => Ok(Cow::Owned(decode_bytes(&read_file(path)?, path)?)),
            Self::Memory { name, image } => {
                check_pixels(image).map_err(|error| error.in_file(name))?;
                Ok(Cow::Borrowed(image))
            }
        }
    }

    /// Its pixels, and the bits of each of its file's samples: 8 or 16, 8 of an image in memory.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_with_bits(&self) -> Result<(Cow<'_, RgbImage>, u8)> {
        match self {
            Self::File(path) => {
                let image = decode_dynamic(&read_file(path)?, path)?;
                let color = image.color();
                let bits = color.bits_per_pixel() / u16::from(color.channel_count().max(1));
                Ok((Cow::Owned(flatten(image)), bits as u8))
            }
            Self::Memory { .. } => Ok((self.decode()?, 8)),
        }
    }

    /// Its pixels, and the SHA-256 of its file's bytes, or of its size and pixels, as hexadecimal
    /// digits.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_and_hash(&self) -> Result<(Cow<'_, RgbImage>, String)> {
        match self {
            Self::File(path) => {
                let bytes = read_file(path)?;
                let sha256 = hex(&Sha256::digest(&bytes));
                Ok((Cow::Owned(decode_bytes(&bytes, path)?), sha256))
            }
            Self::Memory { name, image } => {
                check_pixels(image).map_err(|error| error.in_file(name))?;
                let mut hash = Sha256::new();
                hash.update(image.width().to_le_bytes());
                hash.update(image.height().to_le_bytes());
                hash.update(image.as_raw());
                Ok((Cow::Borrowed(image), hex(&hash.finalize())))
            }
        }
    }
}

impl From<RgbImage> for Source {
    fn from(image: RgbImage) -> Self {
        Self::Memory {
            name: UNNAMED.to_owned(),
            image,
        }
    }
}

//! Where an image comes from: a file, or memory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use ::image::RgbImage;
use sha2::{Digest, Sha256};

use super::file::first_bytes_of;
use super::flatten::Picture;
use super::format::may_have_16_bits;
use super::image_file::ImageFile;
use super::kind::Kind;
use super::limits::Limits;
use super::reading::{Reading, dimensions_within};
use super::{ImageSize, check_pixels};
use crate::error::Result;
use crate::files::digest::hex;

/// What an image from memory is called that was given no name.
pub(crate) const UNNAMED: &str = "(memory)";

/// Bits of a sample of an image in memory.
const MEMORY_BITS: u8 = 8;

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
    pub fn decode(&self, reading: Reading) -> Result<Cow<'_, RgbImage>> {
        match self {
            Self::File(path) => Ok(Cow::Owned(reading.decode(path)?.image)),
            Self::Memory { name, image } => {
                check_pixels(image).map_err(|error| error.in_file(name))?;
                Ok(Cow::Borrowed(image))
            }
        }
    }

    /// Its size; of a file by its head alone, however large it says that it is.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn size(&self) -> Result<ImageSize> {
        let [width, height] = match self {
            Self::File(path) => dimensions_within(path, Limits::NONE)?.into(),
            Self::Memory { image, .. } => [image.width(), image.height()],
        };
        Ok(ImageSize {
            width: width as usize,
            height: height as usize,
        })
    }

    /// How many pixels it has, by its head; 0 of one that cannot be read, which decoding tells.
    pub fn pixels(&self) -> u64 {
        let (width, height) = match self {
            Self::File(path) => dimensions_within(path, Limits::NONE).unwrap_or_default(),
            Self::Memory { image, .. } => image.dimensions(),
        };
        u64::from(width) * u64::from(height)
    }

    /// Its pixels, and what it is as a file.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_with_kind(&self, reading: Reading) -> Result<(Cow<'_, RgbImage>, Kind)> {
        match self {
            Self::File(path) => {
                let Picture { image, kind } = reading.decode(path)?;
                Ok((Cow::Owned(image), kind))
            }
            Self::Memory { image, .. } => Ok((self.decode(reading)?, Kind::of(image, MEMORY_BITS))),
        }
    }

    /// The same, and the SHA-256 of its file's bytes, or of its size and pixels, as hexadecimal digits.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_and_hash(&self, reading: Reading) -> Result<(Cow<'_, RgbImage>, Kind, String)> {
        match self {
            Self::File(path) => {
                let file = ImageFile::open(path)?;
                let sha256 = file.sha256()?;
                let Picture { image, kind } = reading.decode_content(&file, path)?;
                Ok((Cow::Owned(image), kind, sha256))
            }
            Self::Memory { image, .. } => {
                let pixels = self.decode(reading)?;
                let kind = Kind::of(image, MEMORY_BITS);
                Ok((pixels, kind, hex(&hash_pixels(image))))
            }
        }
    }

    /// The bits that are in use of a file with 16 bits a sample; none of others. Of other formats than PNG and
    /// TIFF nothing is read but their first bytes.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn bits_in_use(&self, reading: Reading) -> Result<Option<u8>> {
        match self {
            Self::File(path) if may_have_16_bits(&first_bytes_of(path, 32)?) => {
                reading.bits_in_use(&ImageFile::open(path)?, path)
            }
            _ => Ok(None),
        }
    }
}

/// SHA-256 of an image's size and pixels.
pub(crate) fn hash_pixels(image: &RgbImage) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(image.width().to_le_bytes());
    hash.update(image.height().to_le_bytes());
    hash.update(image.as_raw());
    hash.finalize().into()
}

impl From<RgbImage> for Source {
    fn from(image: RgbImage) -> Self {
        Self::Memory {
            name: UNNAMED.to_owned(),
            image,
        }
    }
}

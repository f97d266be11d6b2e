//! Where an image comes from: a file, or memory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::image::{DynamicImage, RgbImage};
use sha2::{Digest, Sha256};

use super::file::first_bytes_of;
use super::flatten::{Picture, bits_of};
use super::format::may_have_16_bits;
use super::image_file::ImageFile;
use super::kind::Kind;
use super::limits::Limits;
use super::reading::{Reading, dimensions_of, dimensions_within};
use super::{ImageSize, check_pixels};
use crate::error::Result;
use crate::files::digest::hex;

/// What an image from memory is called that was given no name.
pub const UNNAMED: &str = "(memory)";

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
    /// The bytes of an image file in memory, and what it is called.
    Bytes {
        /// A name, for records and errors.
        name: String,
        /// The whole file.
        bytes: Arc<[u8]>,
    },
    /// Samples in memory of 8 or 16 bits, grey or coloured, with or without opacity, and what they are called: they
    /// are brought to 8 bits as those of a file are.
    Samples {
        /// A name, for records and errors.
        name: String,
        /// The samples.
        samples: Arc<DynamicImage>,
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
            Self::Memory { name, .. } | Self::Bytes { name, .. } | Self::Samples { name, .. } => {
                Cow::Owned(PathBuf::from(name))
            }
        }
    }

    /// The same called otherwise, if it is one from memory that was given no name.
    pub(crate) fn name_unnamed(&mut self, as_what: impl FnOnce() -> String) {
        match self {
            Self::Memory { name, .. } | Self::Bytes { name, .. } | Self::Samples { name, .. }
                if name == UNNAMED =>
            {
                *name = as_what();
            }
            _ => {}
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
            Self::Bytes { .. } | Self::Samples { .. } => {
                Ok(Cow::Owned(self.decode_with_kind(reading)?.0.into_owned()))
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
            Self::Bytes { name, bytes } => {
                dimensions_of((&**bytes).into(), Path::new(name), Limits::NONE)?.into()
            }
            Self::Samples { samples, .. } => [samples.width(), samples.height()],
        };
        Ok(ImageSize {
            width: width as usize,
            height: height as usize,
        })
    }

    /// How many pixels it has, by its head; 0 of one that cannot be read, which decoding tells.
    pub fn pixels(&self) -> u64 {
        let size = self.size();
        size.map_or(0, |size| size.width as u64 * size.height as u64)
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
            Self::Bytes { name, bytes } => {
                let Picture { image, kind } = reading.decode_bytes(bytes, Path::new(name))?;
                Ok((Cow::Owned(image), kind))
            }
            Self::Samples { name, samples } => {
                let samples = DynamicImage::clone(samples);
                let Picture { image, kind } = reading.picture(samples, Path::new(name))?;
                Ok((Cow::Owned(image), kind))
            }
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
            Self::Bytes { bytes, .. } => {
                let (pixels, kind) = self.decode_with_kind(reading)?;
                Ok((pixels, kind, hex(&Sha256::digest(bytes))))
            }
            Self::Memory { .. } | Self::Samples { .. } => {
                let (pixels, kind) = self.decode_with_kind(reading)?;
                let sha256 = hex(&hash_pixels(&pixels));
                Ok((pixels, kind, sha256))
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
            Self::Bytes { name, bytes } if may_have_16_bits(bytes) => {
                reading.bits_in_use(&**bytes, Path::new(name))
            }
            Self::Samples { samples, .. } => Ok(bits_of(samples)),
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

#[cfg(test)]
mod tests {
    use ::image::{ImageBuffer, Luma};

    use super::super::BitDepth;
    use super::*;

    #[test]
    fn a_file_its_bytes_and_its_samples_are_the_same_picture() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep.png");
        let deep: ImageBuffer<Luma<u16>, _> =
            ImageBuffer::from_fn(40, 30, |x, y| Luma([(x * 90 + y * 17) as u16]));
        let samples = DynamicImage::ImageLuma16(deep);
        samples.save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let name = "deep".to_owned();
        let sources = [
            Source::file(&path),
            Source::Bytes {
                name: name.clone(),
                bytes: bytes.into(),
            },
            Source::Samples {
                name,
                samples: Arc::new(samples),
            },
        ];
        for bit_depth in [BitDepth::Auto, BitDepth::Of(14)] {
            let reading = Reading {
                bit_depth,
                ..Reading::default()
            };
            let [file, bytes, mut samples] = sources
                .each_ref()
                .map(|one| one.decode_with_kind(reading).unwrap());
            assert!(file == bytes);
            // Of what is in memory nobody knows how it was saved.
            assert_eq!((file.1.lossy, samples.1.lossy), (Some(false), None));
            samples.1.lossy = file.1.lossy;
            assert!(file == samples);
        }
        let reading = Reading::default();
        let of_all = sources.each_ref().map(|one| {
            (
                one.size().unwrap(),
                one.pixels(),
                one.bits_in_use(reading).unwrap(),
            )
        });
        assert_eq!(
            of_all,
            [(
                ImageSize {
                    width: 40,
                    height: 30
                },
                1200,
                Some(12)
            ); 3]
        );
        let [file, bytes, _] = sources
            .each_ref()
            .map(|one| one.decode_and_hash(reading).unwrap().2);
        assert_eq!(file, bytes);
    }

    #[test]
    fn samples_that_are_floats_or_none_are_refused() {
        let refused = |samples: DynamicImage| {
            let source = Source::Samples {
                name: "camera".to_owned(),
                samples: Arc::new(samples),
            };
            source.decode(Reading::default()).unwrap_err().to_string()
        };
        let floats = refused(DynamicImage::new_rgb32f(3, 3));
        assert!(
            floats.contains("camera: its samples are floats"),
            "{floats}"
        );
        let none = refused(DynamicImage::new_rgb8(0, 3));
        assert!(none.contains("no pixels"), "{none}");
    }
}

//! The bytes of an image file: in memory, or of a large file read as they are needed.

use std::borrow::Cow;
use std::fs;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::file::{MAX_FILE_BYTES, first_bytes_of, open, read_file, too_large};
use crate::error::{Error, Result};
use crate::files::digest::hex;

/// A file up to this size is read at once, in bytes.
const SMALL: u64 = 16 << 20;

/// How a JPEG begins.
const JPEG: [u8; 2] = [0xff, 0xd8];

/// An image file whose content is to be decoded. A large one stays on the disk: uncompressed it is as large as
/// what it is decoded to.
#[derive(Clone, Debug)]
pub struct ImageFile(Kept);

#[derive(Clone, Debug)]
enum Kept {
    Memory(Vec<u8>),
    Disk { path: PathBuf, bytes: u64 },
}

/// The bytes of an image file.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a>(Bytes<'a>);

#[derive(Clone, Copy, Debug)]
enum Bytes<'a> {
    Memory(&'a [u8]),
    Disk { path: &'a Path, bytes: u64 },
}

/// What decoders read from.
pub(super) trait Seekable: BufRead + Seek {}

impl<T: BufRead + Seek> Seekable for T {}

impl ImageFile {
    /// A file to be read; pipes are read at once.
    ///
    /// # Errors
    /// A file that cannot be read, and one past [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES).
    pub fn open(path: &Path) -> Result<Self> {
        let about = fs::metadata(path).map_err(Error::io("read", path))?;
        if !about.is_file() || about.len() <= SMALL {
            return Ok(Self(Kept::Memory(read_file(path)?)));
        }
        if about.len() > MAX_FILE_BYTES {
            return Err(too_large(path));
        }
        // A JPEG is decoded from memory in any case.
        if first_bytes_of(path, 2)? == JPEG {
            return Ok(Self(Kept::Memory(read_file(path)?)));
        }
        Ok(Self(Kept::Disk {
            path: path.to_owned(),
            bytes: about.len(),
        }))
    }

    /// SHA-256 of its bytes, as hexadecimal digits.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn sha256(&self) -> Result<String> {
        match &self.0 {
            Kept::Memory(bytes) => Ok(hex(&Sha256::digest(bytes))),
            Kept::Disk { path, .. } => {
                let mut hash = Sha256::new();
                let mut part = vec![0; 1 << 20];
                let mut file = open(path)?;
                loop {
                    let read = file.read(&mut part).map_err(Error::io("read", path))?;
                    match part.get(..read) {
                        Some([]) | None => return Ok(hex(&hash.finalize())),
                        Some(some) => hash.update(some),
                    }
                }
            }
        }
    }
}

impl From<Vec<u8>> for ImageFile {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kept::Memory(bytes))
    }
}

impl<'a> From<&'a ImageFile> for Content<'a> {
    fn from(file: &'a ImageFile) -> Self {
        Self(match &file.0 {
            Kept::Memory(bytes) => Bytes::Memory(bytes),
            Kept::Disk { path, bytes } => Bytes::Disk {
                path,
                bytes: *bytes,
            },
        })
    }
}

impl<'a> From<&'a [u8]> for Content<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Bytes::Memory(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Content<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self(Bytes::Memory(bytes))
    }
}

impl<'a> Content<'a> {
    /// How many bytes there are.
    pub(super) fn length(self) -> u64 {
        match self.0 {
            Bytes::Memory(bytes) => bytes.len() as u64,
            Bytes::Disk { bytes, .. } => bytes,
        }
    }

    /// The first of them: enough to tell what it is.
    pub(super) fn start(self) -> Result<Cow<'a, [u8]>> {
        match self.0 {
            Bytes::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Bytes::Disk { path, .. } => Ok(Cow::Owned(first_bytes_of(path, 512)?)),
        }
    }

    /// All of them.
    pub(super) fn whole(self) -> Result<Cow<'a, [u8]>> {
        match self.0 {
            Bytes::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Bytes::Disk { path, .. } => Ok(Cow::Owned(read_file(path)?)),
        }
    }

    /// All of them, where they are in memory.
    pub(super) fn in_memory(self) -> Option<&'a [u8]> {
        match self.0 {
            Bytes::Memory(bytes) => Some(bytes),
            Bytes::Disk { .. } => None,
        }
    }

    /// To be read from the first on.
    pub(super) fn reader(self) -> Result<Box<dyn Seekable + 'a>> {
        match self.0 {
            Bytes::Memory(bytes) => Ok(Box::new(Cursor::new(bytes))),
            Bytes::Disk { path, .. } => {
                Ok(Box::new(BufReader::with_capacity(1 << 16, open(path)?)))
            }
        }
    }
}

/// Some bytes at a place of what is read.
pub(super) fn read_at(from: &mut dyn Seekable, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut part = Vec::new();
    from.seek(io::SeekFrom::Start(at))?;
    from.take(bytes as u64).read_to_end(&mut part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_stays_on_the_disk_and_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let bytes: Vec<u8> = (0..SMALL + 7).map(|at| (at % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let (file, memory) = (
            ImageFile::open(&path).unwrap(),
            ImageFile::from(bytes.clone()),
        );
        assert!(matches!(file.0, Kept::Disk { .. }));
        assert_eq!(file.sha256().unwrap(), memory.sha256().unwrap());
        let [disk, memory] = [&file, &memory].map(Content::from);
        assert_eq!(disk.length(), memory.length());
        assert_eq!(disk.start().unwrap()[..], bytes[..512]);
        assert_eq!(disk.whole().unwrap(), memory.whole().unwrap());
        for content in [disk, memory] {
            let mut reader = content.reader().unwrap();
            assert_eq!(read_at(&mut *reader, 300, 3).unwrap(), bytes[300..303]);
            assert!(read_at(&mut *reader, 1 << 40, 3).unwrap().is_empty());
        }
    }
}

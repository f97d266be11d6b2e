//! Image files as bytes, and what they are called.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result, Subject};

/// The file name extensions of images, in lower case.
pub const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"];

/// The largest image file that is read, in bytes (1 GiB).
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// Whether a path has one of the [`EXTENSIONS`], in any case.
pub fn has_image_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(extension)))
}

/// Reads a file whole; a folder, an empty file, and one past [`MAX_FILE_BYTES`] are errors.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(path));
    }
    Ok(bytes)
}

/// A file past [`MAX_FILE_BYTES`].
pub(super) fn too_large(path: &Path) -> Error {
    // Of the file, not of the image: no other limit on pixels would let it in.
    let (subject, reason) = (
        Subject::File("read"),
        "it is larger than 1 GiB: save it compressed or smaller",
    );
    Error::at(ErrorKind::TooLarge, subject, path, reason)
}

/// So many of the first bytes of a file.
pub(super) fn first_bytes_of(path: &Path, bytes_at_most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .take(bytes_at_most)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    Ok(bytes)
}

/// Opens a file for reading. A folder is caught here: opening one succeeds on some systems.
pub(super) fn open(path: &Path) -> Result<File> {
    if fs::metadata(path)
        .map_err(Error::io("read", path))?
        .is_dir()
    {
        return Err(Error::image(
            path,
            "it is a folder: give an image file inside it",
        ));
    }
    File::open(path).map_err(Error::io("read", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_count_in_any_case() {
        for name in ["a.png", "b.JPG", "c.d.Tiff", "e.webp", "f.TIF"] {
            assert!(has_image_extension(Path::new(name)), "{name}");
        }
        for name in ["png", ".png", "a.gif", "a.png.txt", "a"] {
            assert!(!has_image_extension(Path::new(name)), "{name}");
        }
    }
}

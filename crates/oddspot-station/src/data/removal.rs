//! What of the data folder may go, and its room.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::SystemTime;

use jiff::Timestamp;

use super::{Data, Format, KeptImage};
use crate::error::{Error, Result};
use crate::words::codes;

/// The file of an image as it lies there.
#[derive(Clone, Debug)]
pub struct ImageFile {
    /// SHA-256 of its content, by its name.
    pub sha256: String,
    /// Where it lies.
    pub path: PathBuf,
    /// When it was written.
    pub written: Timestamp,
}

/// A drawn picture as it lies there.
#[derive(Clone, Debug)]
pub struct PictureFile {
    /// The id of its inspection, or the SHA-256 of its good image.
    pub of: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// How much room the disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free.
    pub free: u64,
    /// All of them.
    pub total: u64,
}

impl Data {
    /// Removes an image's file; one that is gone already is no error.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove_image(&self, sha256: &str) -> Result<()> {
        for extension in Format::extensions() {
            let Some(format) = Format::named(extension) else {
                continue;
            };
            let image = KeptImage {
                sha256: sha256.to_owned(),
                format,
                bytes: 0,
            };
            remove(self.image(&image))?;
        }
        Ok(())
    }

    /// Removes what was drawn of an inspection or of a good image.
    pub fn remove_pictures(&self, of: &str) {
        let folder = self.picture(of, "");
        let Some(folder) = folder.parent() else {
            return;
        };
        let sheets = codes().map(super::sheet_in);
        for name in super::PICTURES.map(str::to_owned).into_iter().chain(sheets) {
            // What cannot be removed now is looked at again at the next start.
            fs::remove_file(folder.join(format!("{of}.{name}"))).ok();
        }
    }

    /// The folders below which images lie, each with some of them.
    pub fn image_folders(&self) -> Vec<PathBuf> {
        folders_in(self.images())
    }

    /// The images of one of them. What is called otherwise is not ours.
    pub fn image_files(folder: &PathBuf) -> Vec<ImageFile> {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let images = files.filter_map(|file| {
            let path = file.path();
            let sha256 = path.file_stem()?.to_str()?.to_owned();
            let extension = path.extension()?.to_str()?;
            let is_hash = sha256.len() == 64 && sha256.bytes().all(|one| one.is_ascii_hexdigit());
            let is_ours = is_hash && Format::named(extension).is_some();
            let written = file.metadata().and_then(|metadata| metadata.modified());
            Some(ImageFile {
                written: Timestamp::try_from(written.unwrap_or_else(|_| SystemTime::now())).ok()?,
                sha256: is_ours.then_some(sha256)?,
                path,
            })
        });
        images.collect()
    }

    /// The folders below which drawn pictures lie.
    pub fn picture_folders(&self) -> Vec<PathBuf> {
        folders_in(self.root().join("pictures"))
    }

    /// The pictures of one of them.
    pub fn picture_files(folder: &PathBuf) -> Vec<PictureFile> {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let pictures = files.filter_map(|file| {
            let name = file.file_name();
            let (of, kind) = name.to_str()?.split_once('.')?;
            Some(PictureFile {
                of: is_picture(kind).then(|| of.to_owned())?,
                path: file.path(),
            })
        });
        pictures.collect()
    }

    /// How much room the disk has that it lies on, where the system can tell.
    pub fn room(&self) -> Option<Room> {
        #[cfg(unix)]
        {
            let found = rustix::fs::statvfs(self.root()).ok()?;
            Some(Room {
                free: found.f_bavail * found.f_frsize,
                total: found.f_blocks * found.f_frsize,
            })
        }
        #[cfg(not(unix))]
        None
    }
}

fn folders_in(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = (entries)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

/// Removes a file that may be gone already.
///
/// # Errors
/// One that cannot be removed.
pub fn remove(path: PathBuf) -> Result<()> {
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

/// Whether something is called as what is drawn.
fn is_picture(kind: &str) -> bool {
    super::PICTURES.contains(&kind) || codes().any(|code| super::sheet_in(code) == kind)
}

//! The data folder: what one service alone writes. Nothing outside of it is ever opened because a request names it:
//! requests name hashes and ids.

mod claims;
mod kept_image;
mod removal;
mod training;

use std::fs::{self, File, Metadata, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use oddspot::files::atomic;
use oddspot::files::digest::{hex, sha256_of_file};
use sha2::{Digest, Sha256};

pub use claims::{Claims, Hold, Removal};
pub use kept_image::{Format, KeptImage};
pub use removal::{ImageFile, PictureFile, Room, remove};

use crate::error::{Error, Kind, Result};

/// Bytes that are written to see whether there is room: some images' worth.
const PROBE: usize = 1 << 20;
/// How long it is believed that there is room.
const PROBED: Duration = Duration::from_secs(1);
/// The folders in it.
const FOLDERS: [&str; 4] = ["images", "models", "pictures", "training"];

/// What drawn pictures are called, behind what they are of.
const PICTURES: [&str; 5] = [
    "view.jpg",
    "overlay.jpg",
    "sheet.png",
    "map.png",
    "thumbnail.jpg",
];

/// What a sheet in another language than English is called.
pub fn sheet_in(code: &str) -> String {
    format!("sheet.{code}.png")
}

/// An image that lies on the disk, and stays there until it is named by a row or this is let go of.
#[derive(Debug)]
pub struct HeldImage {
    /// The image.
    pub image: KeptImage,
    _hold: Hold,
}

/// The data folder of a service.
#[derive(Debug)]
pub struct Data {
    root: PathBuf,
    /// Locked as long as the service runs; the system frees it, however it ends.
    _lock: File,
    /// When something was written last to see whether there is room.
    probed: Mutex<Option<Instant>>,
    /// Who uses which image.
    pub claims: Arc<Claims>,
}

/// The file of the history in a data folder.
pub fn history_in(root: &Path) -> PathBuf {
    root.join("history.sqlite")
}

/// Lets nobody but the own account read a file, and those that the database has beside it: hashes of passwords lie there.
/// Where that cannot be, all goes on.
pub fn keep_private(file: &Path) {
    #[cfg(unix)]
    for end in ["", "-wal", "-shm"] {
        use std::os::unix::fs::PermissionsExt;
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        fs::set_permissions(PathBuf::from(name), fs::Permissions::from_mode(0o600)).ok();
    }
    #[cfg(not(unix))]
    let _ = file;
}

impl Data {
    /// Makes the folder if it is not there, and takes hold of it.
    ///
    /// # Errors
    /// A folder that cannot be written, or that another service uses.
    pub fn open(root: &Path) -> Result<Self> {
        for below in FOLDERS {
            let folder = root.join(below);
            fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        }
        let path = root.join("lock");
        let lock = File::create(&path).map_err(Error::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::at(
                    Kind::Mismatch,
                    root,
                    "another service uses this data folder: end it, or give this one a folder of its own",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(&path)(error)),
        }
        for below in FOLDERS {
            remove_leftovers(&root.join(below));
        }
        Ok(Self {
            root: root.canonicalize().map_err(Error::io(root))?,
            _lock: lock,
            probed: Mutex::default(),
            claims: Arc::default(),
        })
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether something can be written: there may be no room.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_writable(&self) -> Result<()> {
        // Whoever asks at the same time hears the same: each probe costs a write.
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        if probed.is_some_and(|at| at.elapsed() < PROBED) {
            return Ok(());
        }
        let path = self.root.join("probe");
        let written = fs::write(&path, [0; PROBE]);
        // What there was room for goes too.
        let removed = fs::remove_file(&path);
        written.and(removed).map_err(Error::io(&path))?;
        *probed = Some(Instant::now());
        Ok(())
    }

    /// Believes no more that there is room: something could not be written.
    pub fn distrust(&self) {
        *self.probed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The file of the history.
    pub fn history(&self) -> PathBuf {
        history_in(&self.root)
    }

    /// Keeps an image by its content's hash; once it is given back, it lies on the disk.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep_image(&self, bytes: &[u8]) -> Result<HeldImage> {
        let image = KeptImage {
            sha256: hex(&Sha256::digest(bytes)),
            format: Format::of(bytes),
            bytes: bytes.len() as u64,
        };
        // Before it is looked for: it may be about to go.
        let hold = self.claims.hold(&image.sha256);
        let path = self.image(&image);
        let is_there = path
            .metadata()
            .is_ok_and(|found| found.len() == image.bytes);
        if !is_there {
            write(&path, bytes)?;
            // The names too, before a row is.
            let folders = path.ancestors().skip(1).take(2);
            folders.for_each(synced);
        }
        Ok(HeldImage { image, _hold: hold })
    }

    /// Where an image lies.
    pub fn image(&self, image: &KeptImage) -> PathBuf {
        let KeptImage { sha256, format, .. } = image;
        let name = format!("{sha256}.{}", format.extension());
        self.root.join("images").join(part(sha256)).join(name)
    }

    /// Keeps a model by its content's hash, and gives that; what was damaged there is mended.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn keep_model(&self, file: &Path) -> Result<String> {
        let sha256 = hex(&sha256_of_file(file)?);
        let kept = self.model(&sha256);
        let is_there = sha256_of_file(&kept).is_ok_and(|found| hex(&found) == sha256);
        if !is_there {
            let mut source = File::open(file).map_err(Error::io(file))?;
            atomic::write(&kept, |to| std::io::copy(&mut source, to).map(drop))?;
            // It may have been written over in between.
            if hex(&sha256_of_file(&kept)?) != sha256 {
                fs::remove_file(&kept).ok();
                let reason = "it was changed while it was copied: try again";
                return Err(Error::at(Kind::Mismatch, file, reason));
            }
        }
        Ok(sha256)
    }

    /// The folder below which images lie.
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// Where a model lies.
    pub fn model(&self, sha256: &str) -> PathBuf {
        self.root.join("models").join(format!("{sha256}.oddspot"))
    }

    /// Removes the pictures that were drawn first, until those that are left have so many bytes at most.
    pub fn forget_pictures(&self, most: u64) {
        let mut files = files_below(&self.root.join("pictures"));
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        if bytes <= most {
            return;
        }
        files.sort();
        for (_, of_file, path) in files {
            // With some room, so that not each picture ends in a look.
            if bytes <= most - most / 8 {
                return;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= of_file;
            }
        }
    }

    /// Where a picture of an inspection lies, whether or not it was drawn.
    pub fn picture(&self, id: &str, name: &str) -> PathBuf {
        // The end of an id is the part that differs.
        let folder = id.get(id.len().saturating_sub(2)..).unwrap_or("xx");
        self.root
            .join("pictures")
            .join(folder)
            .join(format!("{id}.{name}"))
    }
}

/// The files of folders in a folder: where each lies, how many bytes it has, and when it was written.
fn files_below(folder: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let entries = |folder: &Path| folder.read_dir().into_iter().flatten().flatten();
    let files = entries(folder).flat_map(|below| entries(&below.path()));
    let known = files.filter_map(|file| {
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        Some((metadata.modified().ok()?, metadata.len(), file.path()))
    });
    known.collect()
}

/// Writes a file of this folder, and makes the folder that it lies in.
///
/// # Errors
/// A file that cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    Ok(atomic::write_bytes(path, bytes)?)
}

/// Waits until what a folder names lies on the disk, where the system can tell.
fn synced(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
}

fn part(sha256: &str) -> &str {
    sha256.get(..2).unwrap_or("xx")
}

/// Removes what services that were killed left half written.
fn remove_leftovers(folder: &Path) {
    atomic::remove_leftovers_in(folder, |_| true);
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            atomic::remove_leftovers_in(&entry.path(), |_| true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_services_own_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("deep/data");
        let data = Data::open(&root).unwrap();
        let refused = Data::open(&root).unwrap_err();
        assert_eq!(refused.kind(), Kind::Mismatch);
        assert!(refused.to_string().contains("another service"), "{refused}");
        drop(data);
        Data::open(&root).unwrap();
    }

    #[test]
    fn an_image_is_kept_once_by_its_content_and_what_is_half_written_goes() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(folder.path()).unwrap();
        let image = data.keep_image(b"\x89PNG\r\n\x1a\nrest").unwrap().image;
        assert_eq!(image.format.media_type(), "image/png");
        let path = data.image(&image);
        assert_eq!(fs::read(&path).unwrap(), b"\x89PNG\r\n\x1a\nrest");
        let again = data.keep_image(b"\x89PNG\r\n\x1a\nrest").unwrap();
        assert_eq!(again.image, image);
        let half = path.with_file_name(".x.png.abcdef.tmp");
        fs::write(&half, "half").unwrap();
        drop(data);
        Data::open(folder.path()).unwrap();
        assert!(path.is_file() && !half.exists());
    }

    #[test]
    fn the_pictures_that_were_drawn_first_are_forgotten_first() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(folder.path()).unwrap();
        let drawn = |number: u64| {
            let path = data.picture(&format!("id{number:02}"), "view.jpg");
            write(&path, &[0; 100]).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            let then = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number);
            file.set_modified(then).unwrap();
            path
        };
        let paths: Vec<PathBuf> = (0..10).map(drawn).collect();
        data.forget_pictures(1_000);
        assert!(paths.iter().all(|path| path.is_file()));
        data.forget_pictures(800);
        let left: Vec<bool> = paths.iter().map(|path| path.is_file()).collect();
        assert_eq!(left, [[false; 3].to_vec(), [true; 7].to_vec()].concat());
    }

    #[test]
    fn what_can_be_written_is_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(folder.path()).unwrap();
        data.check_writable().unwrap();
        assert!(!data.root().join("probe").exists());
        // Not probed again within a second.
        fs::create_dir(data.root().join("probe")).unwrap();
        data.check_writable().unwrap();
        *data.probed.lock().unwrap() = None;
        assert!(data.check_writable().is_err());
    }

    #[test]
    fn a_model_is_kept_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(&folder.path().join("data")).unwrap();
        let file = folder.path().join("m");
        fs::write(&file, "model").unwrap();
        let sha256 = data.keep_model(&file).unwrap();
        assert_eq!(data.keep_model(&file).unwrap(), sha256);
        assert_eq!(fs::read(data.model(&sha256)).unwrap(), b"model");
        fs::write(data.model(&sha256), "m\0del").unwrap();
        assert_eq!(data.keep_model(&file).unwrap(), sha256);
        assert_eq!(fs::read(data.model(&sha256)).unwrap(), b"model");
        assert_eq!(
            data.keep_model(&folder.path().join("none"))
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
    }
}

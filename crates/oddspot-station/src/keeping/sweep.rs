//! What ends and kills left behind: files that no row names, and pictures of what is gone.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::Keeping;
use crate::data::{Data, ImageFile, remove};
use crate::error::{Error, Result};

/// Files that are asked about at a time.
const AT_ONCE: usize = 500;
/// How old a file without any row is at least: a younger one may be about to be named.
const OLD: SignedDuration = SignedDuration::from_hours(1);
/// Files without any row that ends may have left: more of them are another history's.
const FEW: usize = 100;
/// Or one of so many files.
const ONE_OF: usize = 100;

/// What was found of files without any row.
#[derive(Default)]
struct Strays {
    /// Files of images in all.
    files: usize,
    /// Those that no row names, never more than can be removed.
    images: Vec<String>,
    /// How many there are.
    count: usize,
}

impl Keeping {
    /// Removes files that no row names any more, and pictures of images that are gone.
    pub(super) async fn sweep(&self, now: Timestamp) -> Result<()> {
        let mut strays = Strays::default();
        for folder in self.data.image_folders() {
            let files = read(move || Data::image_files(&folder)).await?;
            strays.files += files.len();
            for files in files.chunks(AT_ONCE) {
                self.sweep_images(files, now, &mut strays).await?;
            }
        }
        if strays.count > FEW.max(strays.files / ONE_OF) {
            tracing::warn!(
                "{} images of the data folder are named by no row of this history, more than ends of the service leave: \
                 none of them is removed; is it the history of another folder?",
                strays.count
            );
        } else {
            let removed = self.remove_unneeded(&strays.images).await?;
            if removed > 0 {
                tracing::info!("{removed} images were removed that no row names");
            }
        }
        for folder in self.data.picture_folders() {
            self.sweep_pictures(folder).await?;
        }
        Ok(())
    }

    async fn sweep_images(
        &self,
        files: &[ImageFile],
        now: Timestamp,
        strays: &mut Strays,
    ) -> Result<()> {
        let names: Vec<String> = files.iter().map(|file| file.sha256.clone()).collect();
        let needed = self.history.needed_images(&names).await?;
        let unneeded = files.iter().filter(|file| !needed.contains(&file.sha256));
        let unneeded: Vec<&ImageFile> = unneeded.collect();
        let names: Vec<String> = unneeded.iter().map(|file| file.sha256.clone()).collect();
        let removed = self.history.removed_images(&names).await?;
        // Their rows say that they are gone.
        let marked: Vec<String> = removed.iter().cloned().collect();
        self.remove_unneeded(&marked).await?;
        for file in unneeded {
            let is_old = now.duration_since(file.written) > OLD;
            if !removed.contains(&file.sha256) && is_old {
                strays.count += 1;
                if strays.images.len() < AT_ONCE {
                    strays.images.push(file.sha256.clone());
                }
            }
        }
        Ok(())
    }

    async fn sweep_pictures(&self, folder: PathBuf) -> Result<()> {
        let pictures = read(move || Data::picture_files(&folder)).await?;
        for pictures in pictures.chunks(AT_ONCE) {
            let of: Vec<String> = pictures.iter().map(|picture| picture.of.clone()).collect();
            let shown = self.history.shown(&of).await?;
            let gone = pictures
                .iter()
                .filter(|picture| !shown.contains(&picture.of));
            let gone: Vec<PathBuf> = gone.map(|picture| picture.path.clone()).collect();
            read(move || gone.into_iter().try_for_each(remove)).await??;
        }
        Ok(())
    }
}

/// Reads what lies on the disk, beside who serves requests.
async fn read<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::internal(error.to_string()))
}

//! What lies in a folder: images, and beside them what is passed over.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::walk::{Walked, Whose, is_hidden, walk, whose};
use crate::error::{Error, Result};
use crate::images::{Limits, begins_like_an_image, dimensions_within, has_image_extension};

/// The images under a folder, and what lies beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The images, in the order of their paths.
    pub images: Vec<PathBuf>,
    /// What is none, or cannot be looked at.
    pub besides: Besides,
}

/// What lies beside the images of a folder or a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// Folders and links that cannot be followed.
    pub unreadable: Vec<Unreadable>,
    /// Files that begin as images do, but cannot be read as one: of another format, or damaged. Those that
    /// are called as images are read are not among them.
    pub unread: Vec<PathBuf>,
    /// Images that are not called so.
    pub by_content: Vec<PathBuf>,
    /// Folders that are left out.
    pub folders: Vec<LeftOutFolder>,
    /// How many other files there are of each extension, in lower case; of none under "".
    pub others: BTreeMap<String, usize>,
    /// Hidden files that are called as images are.
    pub hidden: usize,
    /// How many pictures of earlier findings are left out of each folder, by the results beside it.
    pub findings: BTreeMap<PathBuf, usize>,
    /// How many images of each folder are neither learned from nor tested on in the layout of a data set.
    pub passed_over: BTreeMap<PathBuf, usize>,
    /// What a list is taken to mean where it is written otherwise than it might be, in words.
    pub meant: Vec<String>,
    /// Masks that no test image is found for.
    pub spare_masks: Vec<PathBuf>,
}

/// A folder or a link that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The folder or the link.
    pub path: PathBuf,
    /// Why, with the path.
    pub reason: String,
}

/// A folder that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutFolder {
    /// The folder.
    pub path: PathBuf,
    /// Whose it is.
    pub whose: Whose,
    /// Why it could not have been read either, if so.
    pub unreadable: Option<String>,
}

/// Lists the images under a folder at any depth; what is no folder gives itself. An image is what is called
/// so, or what is one by its content. Hidden files, folders of the system and pictures of findings are left
/// out; a symbolic link is followed, but never in a loop. What cannot be read does not end it.
///
/// # Errors
/// A path that does not exist.
pub fn list(path: &Path) -> Result<Listing> {
    let found = fs::metadata(path).map_err(Error::io("open", path))?;
    let mut listing = Listing::default();
    if !found.is_dir() {
        listing.images.push(path.to_owned());
        return Ok(listing);
    }
    walk(path, |found| match found {
        Walked::File(entry) => listing.add(entry.file_type().is_file(), entry.into_path()),
        Walked::Finding(picture) => {
            let folder = picture.parent().unwrap_or(path).to_owned();
            *listing.besides.findings.entry(folder).or_default() += 1;
        }
        Walked::LeftOut(folder, whose) => listing.besides.leave_out(folder, whose),
        Walked::Unreadable(at, _) if is_hidden(&at) => {}
        Walked::Unreadable(at, error) => listing.besides.add_unreadable(at, error),
    });
    listing.images.sort();
    let besides = &mut listing.besides;
    besides.unread.sort();
    besides.by_content.sort();
    besides.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    besides.folders.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

impl Listing {
    fn add(&mut self, is_file: bool, path: PathBuf) {
        let besides = &mut self.besides;
        let called_so = has_image_extension(&path);
        if is_hidden(&path) {
            besides.hidden += usize::from(is_file && called_so);
        } else if is_file && called_so {
            self.images.push(path);
        } else if is_file && begins_like_an_image(&path) {
            // What is too large for a reader is told by it.
            match dimensions_within(&path, Limits::NONE) {
                Ok(_) => {
                    besides.by_content.push(path.clone());
                    self.images.push(path);
                }
                Err(_) => besides.unread.push(path),
            }
        } else {
            *besides.others.entry(extension(&path)).or_default() += 1;
        }
    }
}

impl Besides {
    /// Adds what lies beside other images.
    pub fn extend(&mut self, other: Self) {
        self.unreadable.extend(other.unreadable);
        self.unread.extend(other.unread);
        self.by_content.extend(other.by_content);
        self.folders.extend(other.folders);
        for (extension, count) in other.others {
            *self.others.entry(extension).or_default() += count;
        }
        self.hidden += other.hidden;
        for (folder, count) in other.findings {
            *self.findings.entry(folder).or_default() += count;
        }
        for (folder, count) in other.passed_over {
            *self.passed_over.entry(folder).or_default() += count;
        }
        self.spare_masks.extend(other.spare_masks);
    }

    /// Passes over the images under a folder.
    pub(super) fn pass_over(&mut self, folder: &Path) -> Result<()> {
        for image in list(folder)?.images {
            self.pass_over_one(&image);
        }
        Ok(())
    }

    /// Passes over the images of a folder that lie in no folder within it.
    pub(super) fn pass_over_loose(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let path = entry.map_err(Error::io("read", folder))?.path();
            let is_image = || has_image_extension(&path) || begins_like_an_image(&path);
            if path.is_file() && !is_hidden(&path) && is_image() {
                self.pass_over_one(&path);
            }
        }
        Ok(())
    }

    fn pass_over_one(&mut self, image: &Path) {
        let folder = image.parent().unwrap_or(Path::new("")).to_owned();
        *self.passed_over.entry(folder).or_default() += 1;
    }

    /// The images under a folder, all else added to this.
    pub(super) fn list(&mut self, folder: &Path) -> Result<Vec<PathBuf>> {
        let Listing { images, besides } = list(folder)?;
        self.extend(besides);
        Ok(images)
    }

    /// Leaves a folder out if it is not the user's, and says whether it did.
    pub(super) fn leaves_out(&mut self, folder: &Path) -> bool {
        match whose(folder) {
            None => false,
            Some(whose) => {
                self.leave_out(folder.to_owned(), whose);
                true
            }
        }
    }

    fn leave_out(&mut self, path: PathBuf, whose: Whose) {
        let refused = fs::read_dir(&path).err().filter(|_| whose == Whose::System);
        let unreadable = refused.map(|refused| Error::io("read", &path)(refused).in_full());
        self.folders.push(LeftOutFolder {
            path,
            whose,
            unreadable,
        });
    }

    fn add_unreadable(&mut self, path: PathBuf, error: walkdir::Error) {
        let text = error.to_string();
        let reason = match error.into_io_error() {
            Some(refused) => Error::io("read", &path)(refused).in_full(),
            None => text,
        };
        self.unreadable.push(Unreadable { path, reason });
    }
}

/// A file's extension with its dot, in lower case; nothing where it has none.
fn extension(path: &Path) -> String {
    path.extension().map_or_else(String::new, |extension| {
        format!(".{}", extension.to_string_lossy().to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    fn png() -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let image = ::image::RgbImage::new(3, 2);
        image
            .write_to(&mut bytes, ::image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    fn listed(root: &Path, paths: &[PathBuf]) -> Vec<String> {
        let below = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        let mut names: Vec<String> = paths.iter().map(below).collect();
        names.sort();
        names
    }

    #[test]
    fn images_are_listed_by_name_or_content_and_the_rest_is_counted() {
        let root = tree(&[
            "b.PNG",
            "a/2.jpg",
            "notes.txt",
            "a/more.TXT",
            "LICENSE",
            ".x.png",
            ".DS_Store",
        ]);
        fs::write(root.path().join("photo.jfif"), png()).unwrap();
        fs::write(root.path().join("scan"), png()).unwrap();
        fs::write(root.path().join("map.pgm"), "P5\n2 2\n255\n1234").unwrap();
        let Listing { images, besides } = list(root.path()).unwrap();
        assert_eq!(
            listed(root.path(), &images),
            ["a/2.jpg", "b.PNG", "photo.jfif", "scan"]
        );
        assert_eq!(
            listed(root.path(), &besides.by_content),
            ["photo.jfif", "scan"]
        );
        assert_eq!(listed(root.path(), &besides.unread), ["map.pgm"]);
        let others: Vec<_> = besides
            .others
            .iter()
            .map(|(name, &count)| (name.as_str(), count))
            .collect();
        assert_eq!(others, [("", 1), (".txt", 2)]);
        assert_eq!(besides.hidden, 1);
    }

    #[test]
    fn what_systems_and_this_program_left_is_no_image_of_the_users() {
        let root = tree(&[
            "0.png",
            "@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg",
            "deep/#recycle/1.png",
            "$RECYCLE.BIN/2.png",
            "System Volume Information/3.png",
            "__MACOSX/._0.png",
            "lost+found/4.png",
            ".thumbnails/5.png",
            "found/figure/0.png",
            "found/figure/sub/1.png",
            "found/figure/mine.png",
            "found/6.png",
            "gone/figure/0.png",
            "gone/contour/0.png",
            "gone/total/0.png",
            "mine/figure/7.png",
        ]);
        fs::write(
            root.path().join("found/results.jsonl"),
            "{\"image\":\"0.png\",\"files\":[\"figure/0.png\",\"figure/sub/1.png\"]}\n{\"image\":\"2.pn",
        )
        .unwrap();
        let Listing { images, besides } = list(root.path()).unwrap();
        assert_eq!(
            listed(root.path(), &images),
            [
                "0.png",
                "found/6.png",
                "found/figure/mine.png",
                "mine/figure/7.png"
            ]
        );
        let of = |whose: Whose| {
            let folders = besides
                .folders
                .iter()
                .filter(|folder| folder.whose == whose);
            let paths: Vec<PathBuf> = folders.map(|folder| folder.path.clone()).collect();
            listed(root.path(), &paths)
        };
        // Those of which the list is gone; of others the list says which they are.
        assert_eq!(
            of(Whose::Findings),
            ["gone/contour", "gone/figure", "gone/total"]
        );
        let counted: Vec<usize> = besides.findings.values().copied().collect();
        assert_eq!(counted, [1, 1]);
        assert_eq!(of(Whose::Hidden), [".thumbnails"]);
        assert_eq!(of(Whose::System).len(), 6);
        // Who names such a folder means it.
        assert_eq!(list(&root.path().join("@eaDir")).unwrap().images.len(), 1);
    }

    #[test]
    fn what_is_no_folder_gives_itself_whatever_its_name() {
        let root = tree(&["odd.name"]);
        let file = root.path().join("odd.name");
        assert_eq!(list(&file).unwrap().images, [file]);
        assert!(list(&root.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_nowhere_do_not_end_it_and_a_loop_ends() {
        use std::os::unix::fs::symlink;
        let root = tree(&["a/0.png"]);
        symlink(root.path(), root.path().join("a/loop")).unwrap();
        for name in ["gone.png", "gone", ".gone"] {
            symlink("nowhere", root.path().join(name)).unwrap();
        }
        let Listing { images, besides } = list(root.path()).unwrap();
        assert_eq!(listed(root.path(), &images), ["a/0.png"]);
        let paths: Vec<PathBuf> = besides
            .unreadable
            .iter()
            .map(|one| one.path.clone())
            .collect();
        assert_eq!(listed(root.path(), &paths), ["gone", "gone.png"]);
        let reason = &besides.unreadable[0].reason;
        assert_eq!(reason.matches("os error").count(), 1, "{reason}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_read_does_not_end_it() {
        use std::os::unix::fs::PermissionsExt;
        let root = tree(&["a/0.png", "b/1.png"]);
        let locked = root.path().join("a");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        let Listing { images, besides } = list(root.path()).unwrap();
        assert_eq!(images.len() + besides.unreadable.len(), 2); // Root reads it.
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

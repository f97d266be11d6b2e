//! Whether images can be used at all, before long work begins on them.

use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;

use super::batches::batches;
use super::source::hash_pixels;
use super::{Reading, Source};
use crate::error::{Error, Result};

/// How many images one error names.
const SHOWN: usize = 10;
/// Images that are decoded between two tellings, for each thread.
const AT_A_TIME: usize = 4;

/// Decodes every image, and gives the SHA-256 of the pixels of each, in their order: equal for images that
/// are the same, whatever their files are. Tells after some how many of how many are done; None if told to
/// stop.
///
/// # Errors
/// One error that names every image that cannot be used, the first ten in full; `root` is what they are
/// called together.
pub fn check_all(
    images: (&[Source], Reading),
    root: &Path,
    progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Vec<[u8; 32]>>> {
    let Some(checked) = check_each(images, progress) else {
        return Ok(None);
    };
    let mut pixels = Vec::with_capacity(checked.len());
    let mut broken = Vec::new();
    for one in checked {
        match one {
            Ok(hash) => pixels.push(hash),
            Err(error) => broken.push(error),
        }
    }
    match broken.len() {
        0 => Ok(Some(pixels)),
        _ => Err(all_of(broken, root)),
    }
}

fn pixels_of(source: &Source, reading: Reading) -> Result<[u8; 32]> {
    Ok(hash_pixels(&*source.decode(reading)?))
}

/// The same of each image, or why it cannot be used.
pub fn check_each(
    (images, reading): (&[Source], Reading),
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Option<Vec<Result<[u8; 32]>>> {
    let mut checked = Vec::with_capacity(images.len());
    for now in batches(images, AT_A_TIME * rayon::current_num_threads()) {
        let found = now.par_iter().map(|source| pixels_of(source, reading));
        checked.extend(found.collect::<Vec<_>>());
        if progress(checked.len(), images.len()).is_break() {
            return None;
        }
    }
    Some(checked)
}

/// One error of several; a single one stays as it is.
fn all_of(mut broken: Vec<Error>, root: &Path) -> Error {
    if let (1, Some(_)) = (broken.len(), broken.first()) {
        return broken.swap_remove(0);
    }
    let shown = broken.iter().take(SHOWN);
    let mut reason = format!("{} of its images cannot be used:", broken.len());
    reason.extend(shown.map(|error| format!("\n  {}", error.in_full())));
    if broken.len() > SHOWN {
        reason += &format!("\n  and {} more", broken.len() - SHOWN);
    }
    Error::dataset(root, reason)
}

#[cfg(test)]
mod tests {
    use ::image::RgbImage;

    use super::*;

    fn checked(images: &[Source]) -> Result<Option<Vec<[u8; 32]>>> {
        check_all((images, Reading::default()), Path::new("set"), |_, _| {
            ControlFlow::Continue(())
        })
    }

    #[test]
    fn the_same_pixels_have_the_same_hash_in_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let image = RgbImage::from_fn(5, 4, |x, y| [x as u8, y as u8, 9].into());
        let mut sources = Vec::new();
        for name in ["a.png", "b.bmp", "c.tif"] {
            let path = folder.path().join(name);
            image.save(&path).unwrap();
            sources.push(Source::file(path));
        }
        sources.push(Source::from(image));
        sources.push(Source::from(RgbImage::new(4, 5)));
        let hashes = checked(&sources).unwrap().unwrap();
        assert!(hashes[..4].iter().all(|hash| *hash == hashes[0]));
        assert_ne!(hashes[4], hashes[0]);
        let stopped = check_all((&sources, Reading::default()), Path::new(""), |_, _| {
            ControlFlow::Break(())
        });
        assert_eq!(stopped.unwrap(), None);
    }

    #[test]
    fn all_that_cannot_be_used_are_named_the_first_ten_in_full() {
        let broken: Vec<Source> = (0..12)
            .map(|i| Source::file(format!("none/{i:02}.png")))
            .collect();
        let one = checked(&broken[..1]).unwrap_err();
        assert_eq!(one.path(), Some(Path::new("none/00.png")));
        let text = checked(&broken).unwrap_err().to_string();
        assert!(
            text.contains("set: 12 of its images cannot be used:\n"),
            "{text}"
        );
        assert!(
            text.contains("09.png: No such file") && !text.contains("10.png"),
            "{text}"
        );
        assert!(text.ends_with("and 2 more"), "{text}");
    }
}

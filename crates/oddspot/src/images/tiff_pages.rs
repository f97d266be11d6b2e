//! Which pictures a TIFF file has: those of its chain of directories, those that lie within these, and others that
//! its writers only speak of.

use std::collections::HashSet;
use std::path::Path;

use ::tiff::Directory;
use ::tiff::decoder::Decoder;
use ::tiff::decoder::ifd::Value;
use ::tiff::tags::{IfdPointer, Tag};
use serde_json::Value as Json;

use super::image_file::Seekable;
use super::refusal::{refused, unsupported};
use crate::error::{Error, Result};

/// Pages that a file may have.
pub(super) const MOST_PAGES: usize = 1000;

/// Bits of `NewSubfileType`: a smaller copy of another page, and a mask of it.
const NO_PAGE: u32 = 1 | 4;
/// Planes of a volume, as SGI has it.
const IMAGE_DEPTH: Tag = Tag::Unknown(32_997);
/// A value for each picture of a stack, as MetaMorph has it.
const STACK: Tag = Tag::Unknown(33_629);
/// What `PhotometricInterpretation` says of the samples of a sensor.
const OF_SENSOR: [u32; 2] = [32_803, 34_892];

/// A file that is looked through.
pub(super) struct Directories<'f, 'a> {
    pub decoder: &'f mut Decoder<Box<dyn Seekable + 'a>>,
    /// Bytes of the file.
    pub length: u64,
    pub name: &'a Path,
}

/// What is known of a directory.
struct Entry {
    at: IfdPointer,
    kind: u32,
    /// Pictures that it says there are.
    said: usize,
    /// Whether it says that only the first of them has a directory.
    is_cut_short: bool,
}

impl Directories<'_, '_> {
    /// Where the directories of its pages lie, from the one that the decoder stands at: a directory, then those
    /// within it, then the next.
    ///
    /// # Errors
    /// A directory that cannot be read; more pages than are allowed; a file of which some pictures have no directory.
    pub fn pages(&mut self) -> Result<Vec<IfdPointer>> {
        let Some(first) = self.decoder.ifd_pointer() else {
            return Ok(Vec::new());
        };
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut waiting = vec![first];
        while let Some(at) = waiting.pop() {
            if !seen.insert(at.0) {
                return Err(refused(self.name)(::tiff::TiffError::FormatError(
                    ::tiff::TiffFormatError::CycleInOffsets,
                )));
            }
            if seen.len() > MOST_PAGES {
                return Err(self.too_many());
            }
            let directory = self.decoder.read_directory(at);
            let directory = directory.map_err(refused(self.name))?;
            found.push(self.entry(at, &directory)?);
            waiting.extend(directory.next());
            let within = self.numbers(&directory, Tag::SubIfd)?;
            if seen.len() + waiting.len() + within.len() > MOST_PAGES {
                return Err(self.too_many());
            }
            waiting.extend(within.into_iter().rev().map(IfdPointer));
        }
        self.check_all_there(&found)?;
        let is_page = |entry: &&Entry| entry.kind & NO_PAGE == 0;
        let pages: Vec<IfdPointer> = found.iter().filter(is_page).map(|entry| entry.at).collect();
        Ok(match pages.is_empty() {
            // A thumbnail alone is what the file shows.
            true => vec![first],
            false => pages,
        })
    }

    fn too_many(&self) -> Error {
        unsupported(self.name, format!("it has more than {MOST_PAGES} pages"))
    }

    /// Refuses the samples of a sensor, which are no picture yet.
    ///
    /// # Errors
    /// Such a page.
    pub fn check_developed(&mut self, at: IfdPointer) -> Result<()> {
        let directory = self.decoder.read_directory(at);
        let directory = directory.map_err(refused(self.name))?;
        let colours = self.number(&directory, Tag::PhotometricInterpretation)?;
        match colours.is_some_and(|colours| OF_SENSOR.contains(&colours)) {
            true => Err(unsupported(
                self.name,
                "it is a raw photograph, whose picture is not developed yet",
            )),
            false => Ok(()),
        }
    }

    fn entry(&mut self, at: IfdPointer, directory: &Directory) -> Result<Entry> {
        let kind = self.number(directory, Tag::NewSubfileType)?.unwrap_or(0);
        let mut side = |tag| Ok::<_, Error>(u64::from(self.number(directory, tag)?.unwrap_or(1)));
        let sides = [side(Tag::ImageLength)?, side(Tag::ImageWidth)?];
        let samples = side(Tag::SamplesPerPixel)?;
        let depth = side(IMAGE_DEPTH)?;
        let is_plain = side(Tag::Compression)? == 1;
        let bits = self.number(directory, Tag::BitsPerSample)?.unwrap_or(1);
        let mut tags = self.decoder.read_directory_tags(directory);
        let text = tags.find_tag(Tag::ImageDescription).ok().flatten();
        let text = text.and_then(|text| text.into_string().ok());
        let stack = match tags.find_tag(STACK).ok().flatten() {
            Some(Value::List(values)) => values.len(),
            _ => 1,
        };
        let bytes = sides.iter().fold(samples * u64::from(bits), |all, &side| {
            all.saturating_mul(side)
        }) / 8;
        // The others would lie behind, as they are: a page that was taken out of a stack still speaks of them.
        let (told, is_cut_short) = match is_plain && self.length >= 2 * bytes.min(self.length) {
            true => pictures_told(&text.unwrap_or_default(), sides, samples),
            false => (1, false),
        };
        let depth = usize::try_from(depth).unwrap_or(usize::MAX);
        Ok(Entry {
            at,
            kind,
            said: told.max(stack).max(depth),
            is_cut_short,
        })
    }

    /// Refuses a file that speaks of more pictures than have a directory.
    fn check_all_there(&self, found: &[Entry]) -> Result<()> {
        let said = found.iter().map(|entry| entry.said).max().unwrap_or(1);
        let is_cut_short = found
            .iter()
            .any(|entry| entry.is_cut_short && entry.said > 1);
        if said <= found.len() && !is_cut_short {
            return Ok(());
        }
        let reason = format!(
            "it is a stack of {said} pictures of which only the first has a directory: save it with a directory \
             for each, or each as a file of its own"
        );
        Err(Error::image(self.name, reason))
    }

    fn number(&mut self, directory: &Directory, tag: Tag) -> Result<Option<u32>> {
        let first = self.numbers(directory, tag)?.first().copied();
        Ok(first.and_then(|number| u32::try_from(number).ok()))
    }

    fn numbers(&mut self, directory: &Directory, tag: Tag) -> Result<Vec<u64>> {
        let mut tags = self.decoder.read_directory_tags(directory);
        let numbers = tags.find_tag_unsigned_vec::<u64>(tag);
        let numbers = numbers.map_err(refused(self.name))?;
        Ok(numbers.unwrap_or_default())
    }
}

/// How many pictures of these (height, width) and samples a description speaks of, as ImageJ and tifffile write it;
/// and whether it says that they have one directory.
fn pictures_told(text: &str, [height, width]: [u64; 2], samples: u64) -> (usize, bool) {
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_matches(['\0', ' ', '\n']);
    if text.starts_with("ImageJ=") {
        let images = text.lines().find_map(|line| line.strip_prefix("images="));
        let images = images.and_then(|count| count.trim().parse().ok());
        return (images.unwrap_or(1), false);
    }
    let Some(said) = Some(text)
        .filter(|text| text.starts_with('{'))
        .and_then(|text| serde_json::from_str::<Json>(text).ok())
    else {
        return (1, false);
    };
    let shape = said.get("shape").and_then(Json::as_array);
    let shape: Vec<u64> = shape
        .into_iter()
        .flatten()
        .filter_map(Json::as_u64)
        .collect();
    // A description that went along with a picture of another size says nothing of this one.
    let is_of_this = shape.windows(2).any(|pair| pair == [height, width]);
    let product = |sides: &[u64]| {
        sides
            .iter()
            .try_fold(1_u64, |all, &side| all.checked_mul(side))
    };
    let of_one = product(&[height, width, samples]).filter(|&of_one| of_one > 0);
    let count = match (product(&shape), of_one) {
        (Some(all), Some(of_one)) if is_of_this && all % of_one == 0 => all / of_one,
        _ => 1,
    };
    let is_cut_short = said.get("truncated").and_then(Json::as_bool) == Some(true);
    (usize::try_from(count).unwrap_or(usize::MAX), is_cut_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_known_by_what_their_writers_say() {
        let told = |text: &str, samples| pictures_told(text, [24, 32], samples);
        assert_eq!(told("ImageJ=1.11a\nimages=3\nslices=3\n\0", 1), (3, false));
        assert_eq!(
            told("{\"shape\": [2, 24, 32, 3], \"truncated\": true}", 3),
            (2, true)
        );
        assert_eq!(told("{\"shape\": [24, 32, 3]}", 3), (1, false));
        assert_eq!(told("{\"shape\": [3, 24, 32]}", 3), (1, false));
        assert_eq!(told("{\"shape\": [5, 24, 32]}", 1), (5, false));
        assert_eq!(told("{\"shape\": [48, 64]}", 1), (1, false));
        for other in ["", "a part, images=7", "{\"shape\": \"round\"}", "{"] {
            assert_eq!(told(other, 1), (1, false), "{other}");
        }
    }
}

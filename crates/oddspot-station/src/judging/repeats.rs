//! Images that come again and again: a camera that is stuck gives the same picture while parts pass.

use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::quality::FixedState;

use crate::words::Sentence;

/// Images of a station with the very same pixels, one after the other.
pub struct Repeats {
    station: String,
    /// From so many in a row on they are not trusted; 0 trusts all.
    most: u32,
    last: Mutex<Row>,
}

/// Images in a row that have the same pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// By which their pixels are known; None where nobody looks.
    pixels: Option<u64>,
    /// How many they are.
    pub images: u32,
}

impl Repeats {
    /// Of a station that had no image yet; from so many in a row on they are not trusted, 0 trusts all.
    pub fn new(station: &str, most: u32) -> Self {
        Self {
            station: station.to_owned(),
            most,
            last: Mutex::default(),
        }
    }

    /// By which the pixels of a decoded image are known, whatever else its file holds; None where nobody looks.
    pub fn pixels(&self, image: &impl Hash) -> Option<u64> {
        (self.most > 0).then(|| FixedState::with_seed(0).hash_one(image))
    }

    /// The row that an image with these pixels would end.
    pub fn row(&self, pixels: Option<u64>) -> Row {
        let last = *self.lock();
        let is_same = pixels.is_some() && last.pixels == pixels;
        let images = match is_same {
            true => last.images.saturating_add(1),
            false => 1,
        };
        Row { pixels, images }
    }

    /// Notes the row that the last image ended, and gives the one of before; that is noted again if the image was not
    /// kept.
    pub fn note(&self, row: Row) -> Row {
        std::mem::replace(&mut *self.lock(), row)
    }

    /// Tells once when a row becomes too long, and when it ends.
    pub fn tell(&self, before: Row, row: Row) {
        match (self.is_too_long(before), self.is_too_long(row)) {
            (false, true) => tracing::warn!("{}: {}", self.station, self.stuck()),
            (true, false) => tracing::info!("{}: another picture came", self.station),
            _ => {}
        }
    }

    /// Whether a row has too many images for the last of them to be trusted.
    pub fn is_too_long(&self, row: Row) -> bool {
        self.most > 0 && row.images >= self.most
    }

    /// That the last images had the very same pixels, if these were too many.
    pub fn trouble(&self) -> Option<Sentence> {
        let row = *self.lock();
        self.is_too_long(row).then(|| self.stuck())
    }

    /// Without the exact number: outputs tell it anew whenever it is another sentence.
    fn stuck(&self) -> Sentence {
        Sentence::new("camera-stuck").with("images", i64::from(self.most))
    }

    fn lock(&self) -> MutexGuard<'_, Row> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image by its size and its samples.
    type Image = ([u32; 2], Vec<u8>);

    fn image(red: u8) -> Image {
        ([4, 3], [red, 2, 3].repeat(12))
    }

    fn come(repeats: &Repeats, image: &Image) -> (u32, bool) {
        let row = repeats.row(repeats.pixels(image));
        repeats.note(row);
        assert_eq!(repeats.trouble().is_some(), repeats.is_too_long(row));
        (row.images, repeats.is_too_long(row))
    }

    #[test]
    fn images_in_a_row_are_counted_until_another_comes() {
        let repeats = Repeats::new("top", 3);
        assert_eq!(repeats.trouble(), None);
        let same = [1, 1, 1, 1].map(|red| come(&repeats, &image(red)));
        assert_eq!(same, [(1, false), (2, false), (3, true), (4, true)]);
        let said = repeats.trouble().unwrap().to_string();
        assert!(said.starts_with("3 or more images in a row"), "{said}");
        assert_eq!(come(&repeats, &image(2)), (1, false));
        assert_eq!(come(&repeats, &image(1)), (1, false));
        // What was not kept is not noted.
        assert_eq!(repeats.row(repeats.pixels(&image(1))).images, 2);
        let before = repeats.note(repeats.row(repeats.pixels(&image(1))));
        assert_eq!(repeats.note(before).images, 2);
        assert_eq!(come(&repeats, &image(1)), (2, false));
    }

    #[test]
    fn one_pixel_or_another_shape_is_another_picture() {
        let repeats = Repeats::new("top", 2);
        let mut other = image(1);
        other.1[35] = 4;
        let turned = ([3, 4], image(1).1);
        let all = [image(1), other, turned].map(|one| repeats.pixels(&one));
        assert!(all[0] != all[1] && all[0] != all[2]);
        assert_eq!(all[0], repeats.pixels(&image(1)));
    }

    #[test]
    fn with_0_nobody_looks() {
        let repeats = Repeats::new("top", 0);
        for _ in 0..5 {
            assert_eq!(come(&repeats, &image(1)), (1, false));
        }
    }
}

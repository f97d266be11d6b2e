//! What is seen of good images: pieces, each of one of them. An image that is looked at whole is one piece.

use std::ops::Range;
use std::path::Path;

use super::pictures::Pictures;
use crate::error::Result;
use crate::view::{Frame, Sight};

/// Pieces of images, those of an image one after the other.
#[derive(Clone, Default)]
pub struct Pieces {
    /// Their pixels, of the model's size; none where nothing is trained on them.
    pub pictures: Pictures,
    /// Where each lies in its image.
    pub frames: Vec<Frame>,
    /// Behind the last piece of each image.
    ends: Vec<usize>,
}

impl Pieces {
    /// None yet; what of their pixels goes to a file is as [`Pictures::within`] says.
    pub(super) fn within(budget_mib: usize, scratch: &Path) -> Self {
        Self {
            pictures: Pictures::within(budget_mib, scratch),
            ..Self::default()
        }
    }

    /// Appends an image, with its pieces' pixels or without.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn push(&mut self, sights: Vec<Sight>, with_pixels: bool) -> Result<()> {
        for sight in sights {
            self.frames.push(sight.frame);
            if with_pixels {
                self.pictures.push(sight.image)?;
            }
        }
        self.ends.push(self.frames.len());
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.frames.len()
    }

    /// How many images they are of.
    pub fn images(&self) -> usize {
        self.ends.len()
    }

    /// The image that a piece is of, counted from 0.
    pub fn image_of(&self, piece: usize) -> usize {
        self.ends.partition_point(|&end| end <= piece)
    }

    /// The pieces of an image.
    pub fn of_image(&self, image: usize) -> Range<usize> {
        let start = image.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[image]
    }

    /// How many each image gives.
    pub fn counts(&self) -> impl Iterator<Item = usize> {
        (0..self.images()).map(|image| self.of_image(image).len())
    }

    /// The pieces of some of the images, in the given order.
    pub fn of_images(&self, images: &[usize]) -> Vec<usize> {
        let of_each = images.iter().map(|&image| self.of_image(image));
        of_each.flatten().collect()
    }

    /// Some of the images, in the given order.
    #[must_use]
    pub fn part(&self, images: &[usize]) -> Self {
        let pieces = self.of_images(images);
        let mut end = 0;
        Self {
            pictures: match self.pictures.is_empty() {
                true => self.pictures.clone(),
                false => self.pictures.part(&pieces),
            },
            frames: pieces.iter().map(|&piece| self.frames[piece]).collect(),
            ends: (images.iter())
                .map(|&image| {
                    end += self.of_image(image).len();
                    end
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn pieces(counts: &[usize]) -> Pieces {
        let mut pieces = Pieces::within(1, Path::new(""));
        for &count in counts {
            let sight = |at: usize| Sight {
                image: RgbImage::new(at as u32 + 1, 1),
                frame: Frame::WHOLE,
                aligned: None,
            };
            pieces.push((0..count).map(sight).collect(), true).unwrap();
        }
        pieces
    }

    #[test]
    fn pieces_know_their_image_and_images_their_pieces() {
        let pieces = pieces(&[2, 1, 3]);
        assert_eq!((pieces.count(), pieces.images()), (6, 3));
        let of: Vec<usize> = (0..6).map(|piece| pieces.image_of(piece)).collect();
        assert_eq!(of, [0, 0, 1, 2, 2, 2]);
        assert_eq!(pieces.of_image(2), 3..6);
        assert_eq!(pieces.counts().collect::<Vec<_>>(), [2, 1, 3]);
    }

    #[test]
    fn a_part_has_the_pieces_of_its_images_in_its_order() {
        let part = pieces(&[2, 1, 3]).part(&[2, 0]);
        let widths: Vec<u32> = (0..part.pictures.len())
            .map(|at| part.pictures.get(at).unwrap().width())
            .collect();
        assert_eq!(widths, [1, 2, 3, 1, 2]);
        assert_eq!(part.counts().collect::<Vec<_>>(), [3, 2]);
    }
}

//! The mean of good images.

use image::RgbImage;

use crate::view::Sight;

/// Sums of what is seen of good images.
#[derive(Clone, Default)]
pub struct MeanPicture {
    sums: Vec<u64>,
    images: u64,
    sides: (u32, u32),
}

impl MeanPicture {
    /// Adds an image; a piece of one says nothing of what others show there.
    pub(super) fn add(&mut self, sight: &Sight) {
        if sight.frame.piece.is_some() {
            return;
        }
        self.sums.resize(sight.image.len(), 0);
        self.images += 1;
        self.sides = sight.image.dimensions();
        for (sum, &value) in self.sums.iter_mut().zip(sight.image.as_raw()) {
            *sum += u64::from(value);
        }
    }

    /// The same of its own images and others.
    #[must_use]
    pub(super) fn with(mut self, others: &Self) -> Self {
        if self.images == 0 {
            return others.clone();
        }
        self.images += others.images;
        for (sum, other) in self.sums.iter_mut().zip(&others.sums) {
            *sum += other;
        }
        self
    }

    /// Their mean; None of none.
    pub(super) fn finish(self) -> Option<RgbImage> {
        let images = self.images;
        if images == 0 {
            return None;
        }
        let means = self.sums.into_iter();
        let means = means.map(|sum| ((sum + images / 2) / images) as u8);
        RgbImage::from_raw(self.sides.0, self.sides.1, means.collect())
    }
}

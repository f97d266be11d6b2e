//! What was found in an image, and what pictures of it are drawn from.

use crate::images::ImageSize;
use crate::maps::{ScoreMap, mask_above, outlined, outlined_over};
use crate::terms::position::Placement;
use crate::verdict::{AnomalyMaps, Finding};

/// What was found in one image, with its maps as they were made: nothing here is as large as the image.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What is said of the image.
    pub finding: Finding,
    /// The anomaly map and its parts over the whole image: at the model's `image_size`, or, of an image in
    /// pieces, at a quarter of their scale.
    pub maps: AnomalyMaps,
    /// Which pixels of the maps are inspected, row by row; None where all are.
    pub inspected: Option<Vec<bool>>,
    /// What the position classifier says, in pixels of the image resized to `image_size`.
    pub placement: Option<Placement>,
    /// The model's.
    pub image_size: ImageSize,
    /// What is outlined lies above this score.
    pub outlined_above: f32,
}

/// The same at the size of a picture.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What is said of the image, in pixels of the image itself.
    pub finding: Finding,
    /// The anomaly map and its parts, resized to the picture.
    pub maps: AnomalyMaps,
    /// The pixels of the regions, `[height, width]` of the picture, row by row.
    pub mask: Vec<bool>,
    /// What the position classifier says, in pixels of the image resized to the model's `image_size`.
    pub placement: Option<Placement>,
    /// The picture's pixels in one of `image_size`, columns and rows.
    pub scale: [f32; 2],
    /// Which pixels of the picture are inspected, row by row; None where all are.
    pub inspected: Option<Vec<bool>>,
}

impl Examined {
    /// The pixels of the image that are in the finding's regions, row by row: as many as their areas say. Drawn, they
    /// have the edges of the map's pixels, which those of [`at`](Self::at) have not.
    pub fn mask(&self) -> Vec<bool> {
        let image = [self.finding.width, self.finding.height].map(|side| side as usize);
        outlined_over(&self.maps.total, self.outlined_above, image)
    }

    /// What is drawn in a picture of the image, of any size.
    pub fn at(&self, picture: ImageSize) -> Inspection {
        let ImageSize { width, height } = picture;
        let maps = self.maps.each(|map| map.resize_bilinear(height, width));
        let inspected = self.inspected.as_ref().map(|inspected| {
            let shares = shares(inspected, &self.maps.total);
            mask_above(&shares.resize_bilinear(height, width), 0.5)
        });
        let mut above = self.outlined_above;
        if !self.finding.regions.is_empty() {
            // Resizing can shave the peak: what is told of must show.
            above = above.min(maps.total.peak().0.next_down());
        }
        let mut mask = outlined(&maps.total, above);
        for (outlined, inspected) in mask.iter_mut().zip(inspected.iter().flatten()) {
            *outlined &= inspected;
        }
        Inspection {
            finding: self.finding.clone(),
            maps,
            mask,
            inspected,
            placement: self.placement.clone(),
            scale: scale(self.image_size, [width, height]),
        }
    }
}

/// Pixels of a picture (columns, rows) in one of the model's.
pub(super) fn scale(model: ImageSize, picture: [usize; 2]) -> [f32; 2] {
    [
        picture[0] as f32 / model.width as f32,
        picture[1] as f32 / model.height as f32,
    ]
}

/// 1 where it is inspected and 0 elsewhere, as a map like another.
pub(super) fn shares(inspected: &[bool], like: &ScoreMap) -> ScoreMap {
    let share = |&inspected: &bool| f32::from(u8::from(inspected));
    ScoreMap {
        values: inspected.iter().map(share).collect(),
        ..*like
    }
}

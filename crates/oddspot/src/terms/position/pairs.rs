//! Pairs of patches, and which of eight directions lies between them.

use std::ops::Range;

use rand::Rng;
use rand::RngExt;

use crate::images::ImageSize;
use crate::settings::{PATCH_RADIUS, Settings};

/// (row, column) from the centre patch to its neighbour, for the classes 0 to 7.
pub const DIRECTIONS: [(isize, isize); 8] = [
    (-1, -1),
    (-1, 0),
    (-1, 1),
    (0, -1),
    (0, 1),
    (1, -1),
    (1, 0),
    (1, 1),
];

/// A pair of patch centres, as rows and columns of the student's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Index of the image in its batch.
    pub image: usize,
    /// Centre patch.
    pub centre: (usize, usize),
    /// Neighbouring patch.
    pub neighbour: (usize, usize),
    /// The direction, an index of [`DIRECTIONS`].
    pub class: usize,
}

/// Where on the student's grid patches and pairs fit into the image.
#[derive(Clone, Copy, Debug)]
pub struct PatchGrid {
    size: ImageSize,
    stride: usize,
    steps: usize,
}

impl PatchGrid {
    /// The grid of an image size, output stride and pair offset (in pixels, a multiple of the
    /// stride).
    pub fn new(size: ImageSize, output_stride: usize, offset: usize) -> Self {
        Self {
            size,
            stride: output_stride,
            steps: offset / output_stride,
        }
    }

    /// The grid of a configuration.
    pub fn of(settings: &Settings) -> Self {
        Self::new(
            settings.image_size,
            settings.student.output_stride,
            settings.position.offset,
        )
    }

    /// The image's size.
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Pixels between neighbouring positions.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Pixels between the centres of a pair along each non-zero axis.
    pub(crate) fn offset(&self) -> usize {
        self.steps * self.stride
    }

    /// The position (row, column) with evidence that lies nearest to a pixel (row, column); None
    /// where no pair fits at all.
    pub(crate) fn nearest(&self, (y, x): (usize, usize)) -> Option<(usize, usize)> {
        let far = |at: usize, pixel: usize| (at * self.stride).abs_diff(pixel).pow(2);
        let nearest = |class: usize| {
            let (rows, columns) = self.centres(class);
            let row = rows.min_by_key(|&row| far(row, y))?;
            let column = columns.min_by_key(|&column| far(column, x))?;
            Some((row, column))
        };
        (self.classes().into_iter())
            .filter_map(nearest)
            .min_by_key(|&(row, column)| far(row, y) + far(column, x))
    }

    /// The directions in which a position has a neighbour inside.
    pub(crate) fn classes_at(&self, (row, column): (usize, usize)) -> Vec<usize> {
        let fits = |&class: &usize| {
            let (rows, columns) = self.centres(class);
            rows.contains(&row) && columns.contains(&column)
        };
        (0..DIRECTIONS.len()).filter(fits).collect()
    }

    /// Rows and columns whose patch lies wholly inside the image: centres from 32 to size − 33.
    pub fn inside(&self) -> (Range<usize>, Range<usize>) {
        let axis = |size: usize| {
            let first = PATCH_RADIUS.div_ceil(self.stride);
            let end = (size.saturating_sub(PATCH_RADIUS)).div_ceil(self.stride);
            first..end.max(first)
        };
        (axis(self.size.height), axis(self.size.width))
    }

    /// Rows and columns of the centres whose neighbour in a direction is inside too.
    pub fn centres(&self, class: usize) -> (Range<usize>, Range<usize>) {
        let (rows, columns) = self.inside();
        let axis = |inside: Range<usize>, direction: isize| match direction {
            -1 => (inside.start + self.steps).min(inside.end)..inside.end,
            0 => inside,
            _ => inside.start..inside.end.saturating_sub(self.steps).max(inside.start),
        };
        let (down, across) = DIRECTIONS[class];
        (axis(rows, down), axis(columns, across))
    }

    /// The directions in which some pair fits.
    pub fn classes(&self) -> Vec<usize> {
        (0..DIRECTIONS.len())
            .filter(|&class| {
                let (rows, columns) = self.centres(class);
                !rows.is_empty() && !columns.is_empty()
            })
            .collect()
    }

    /// The position of a centre's neighbour in a direction.
    pub fn neighbour(&self, (row, column): (usize, usize), class: usize) -> (usize, usize) {
        let (down, across) = DIRECTIONS[class];
        let steps = self.steps as isize;
        (
            row.saturating_add_signed(down * steps),
            column.saturating_add_signed(across * steps),
        )
    }

    /// Draws `count` valid pairs of one image: direction uniform, centre uniform among those
    /// valid for it. None where no pair fits at all.
    pub fn draw(&self, count: usize, image: usize, random: &mut impl Rng) -> Vec<Pair> {
        let classes = self.classes();
        if classes.is_empty() {
            return Vec::new();
        }
        (0..count)
            .map(|_| {
                let class = classes[random.random_range(0..classes.len())];
                let (rows, columns) = self.centres(class);
                let centre = (random.random_range(rows), random.random_range(columns));
                Pair {
                    image,
                    centre,
                    neighbour: self.neighbour(centre, class),
                    class,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    fn grid(width: usize, height: usize, stride: usize, offset: usize) -> PatchGrid {
        PatchGrid::new(ImageSize { width, height }, stride, offset)
    }

    #[test]
    fn every_drawn_patch_lies_inside_the_image_in_its_direction() {
        for (width, height, stride, offset) in
            [(256, 256, 8, 64), (160, 136, 4, 32), (136, 136, 1, 64)]
        {
            let grid = grid(width, height, stride, offset);
            let pairs = grid.draw(500, 3, &mut seed::stream(1, "test"));
            assert_eq!(pairs.len(), 500);
            for pair in pairs {
                let pixels = |(row, column): (usize, usize)| (row * stride, column * stride);
                let (centre, neighbour) = (pixels(pair.centre), pixels(pair.neighbour));
                for (row, column) in [centre, neighbour] {
                    assert!((32..=height - 33).contains(&row), "{row} of {height}");
                    assert!((32..=width - 33).contains(&column), "{column} of {width}");
                }
                let (down, across) = DIRECTIONS[pair.class];
                let step = offset as isize;
                assert_eq!(neighbour.0 as isize - centre.0 as isize, down * step);
                assert_eq!(neighbour.1 as isize - centre.1 as isize, across * step);
                assert_eq!(pair.image, 3);
            }
        }
    }

    #[test]
    fn directions_are_drawn_evenly_and_centres_reach_their_bounds() {
        let grid = grid(256, 256, 8, 64);
        let pairs = grid.draw(8000, 0, &mut seed::stream(2, "test"));
        for class in 0..8 {
            let share = pairs.iter().filter(|p| p.class == class).count();
            assert!((800..1200).contains(&share), "class {class}: {share}");
        }
        // Direction 7 (down, right): centres from pixel 32 to 223 − 64, on multiples of 8.
        let rows = pairs.iter().filter(|p| p.class == 7).map(|p| p.centre.0);
        assert_eq!((rows.clone().min(), rows.max()), (Some(4), Some(19)));
    }

    #[test]
    fn an_image_too_low_for_vertical_pairs_still_has_horizontal_ones() {
        let flat = grid(256, 72, 8, 64);
        let pairs = flat.draw(50, 0, &mut seed::stream(0, "test"));
        assert!(pairs.iter().all(|p| [3, 4].contains(&p.class)));
        assert!(
            grid(64, 64, 8, 64)
                .draw(5, 0, &mut seed::stream(0, "test"))
                .is_empty()
        );
    }
}

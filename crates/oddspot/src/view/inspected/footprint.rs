//! Which pixels of images a pixel of the model's size is made of: what takes in any that is ignored is ignored too, so
//! that nothing of it shows.

use std::ops::Range;

use crate::images::ImageSize;

/// How images come to the grid of what is inspected, along each axis (columns, rows).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::view) enum Footprint {
    /// Resized to it, and moved after that or not.
    Resized { moved: bool },
    /// Cut into pieces, of which each pixel lies in a cell and takes in so many pixels of the image on each side.
    Cut { reach: [usize; 2] },
}

impl Footprint {
    /// Which cells of a grid take in nothing that is ignored of images of a size, of which these pixels are inspected.
    pub(super) fn inspected(
        self,
        (image, pixels): (ImageSize, &[bool]),
        grid: ImageSize,
    ) -> Vec<bool> {
        let columns = self.along(image.width, grid.width, 0);
        let rows = self.along(image.height, grid.height, 1);
        let across: Vec<bool> = (pixels.chunks_exact(image.width))
            .flat_map(|row| (columns.iter()).map(|taken| !row[taken.clone()].contains(&false)))
            .collect();
        let cell = |rows: &Range<usize>, column: usize| {
            (rows.clone()).all(|row| across[row * grid.width + column])
        };
        (rows.iter())
            .flat_map(|rows| (0..grid.width).map(move |column| cell(rows, column)))
            .collect()
    }

    /// What each of some cells takes in of so many pixels.
    fn along(self, pixels: usize, cells: usize, axis: usize) -> Vec<Range<usize>> {
        // In pixels, of which each is `2 * cells` here: all numbers stay whole.
        let reach = match self {
            // That of the triangle that `resize` shrinks or enlarges by. What is moved is moved by whole cells, and
            // lies half a cell away from there, and between pixels.
            Self::Resized { moved } => {
                let moved = match moved && pixels != cells {
                    true => pixels + 2 * cells,
                    false => 0,
                };
                2 * pixels.max(cells) + moved
            }
            // All pixels that a cell touches.
            Self::Cut { reach } => pixels + cells + 2 * cells * reach[axis],
        };
        let taken = |cell: usize| {
            let middle = (2 * cell + 1) * pixels;
            // The first pixel of which (2 pixel + 1) cells > middle − reach, and the first of which it is no more below
            // middle + reach.
            let first = match middle.checked_sub(reach) {
                None => 0,
                Some(from) => (from + cells) / (2 * cells),
            };
            let end = (middle + reach + cells).div_ceil(2 * cells) - 1;
            first..end.min(pixels)
        };
        (0..cells).map(taken).collect()
    }
}

#[cfg(test)]
mod tests {
    use ::image::{Rgb, RgbImage};

    use super::*;
    use crate::images::resize;

    const PLAIN: Footprint = Footprint::Resized { moved: false };

    #[test]
    fn of_an_image_of_the_grids_size_each_cell_is_its_pixel() {
        let own: Vec<_> = (0..24).map(|at| at..at + 1).collect();
        assert_eq!(PLAIN.along(24, 24, 0), own);
        assert_eq!(Footprint::Resized { moved: true }.along(24, 24, 1), own);
        assert_eq!(Footprint::Cut { reach: [0; 2] }.along(24, 24, 1), own);
    }

    #[test]
    fn no_pixel_that_resizing_takes_in_is_missed_and_few_others_are_held() {
        for [pixels, cells] in [[100, 24], [25, 24], [24, 24], [23, 24], [7, 24], [96, 24]] {
            let size = ImageSize {
                width: cells,
                height: 1,
            };
            let ranges = PLAIN.along(pixels, cells, 0);
            for pixel in 0..pixels {
                let lit = |x: u32, _| Rgb([255 * u8::from(x as usize == pixel); 3]);
                let resized = resize(&RgbImage::from_fn(pixels as u32, 1, lit), size);
                for (cell, taken) in ranges.iter().enumerate() {
                    let shows = resized.get_pixel(cell as u32, 0).0[0] > 0;
                    assert!(
                        !shows || taken.contains(&pixel),
                        "{pixels} {cells}: {pixel} in {cell}"
                    );
                }
            }
            let most = 2 * pixels.div_ceil(cells) + 1;
            assert!(ranges.iter().all(|taken| (1..=most).contains(&taken.len())));
        }
    }

    #[test]
    fn cells_of_pieces_hold_every_pixel_that_they_touch() {
        let cut = Footprint::Cut { reach: [0, 1] };
        assert_eq!(cut.along(6, 4, 0), [0..2, 1..3, 3..5, 4..6]);
        assert_eq!(cut.along(6, 4, 1), [0..3, 0..4, 2..6, 3..6]);
        assert_eq!(cut.along(2, 4, 0), [0..1, 0..1, 1..2, 1..2]);
    }

    #[test]
    fn a_cell_is_inspected_if_all_is_that_it_takes_in() {
        let image = ImageSize {
            width: 16,
            height: 8,
        };
        let pixels: Vec<bool> = (0..128).map(|at| at % 16 < 8).collect();
        let found = PLAIN.inspected((image, &pixels), ImageSize::square(4));
        let row = [true, false, false, false];
        assert_eq!(found, [row; 4].concat());
        let all = PLAIN.inspected((image, &[true; 128]), ImageSize::square(4));
        assert!(!all.contains(&false));
    }
}

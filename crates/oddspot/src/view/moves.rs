//! From where good images lie to where an image lies, and back.

use ::image::{Rgb, RgbImage};

use super::edges::between;
use crate::images::ImageSize;
use crate::maps::ScoreMap;

/// How far from the end of the photograph nothing is evidence yet, in pixels of a 256-pixel image:
/// networks see past the end.
const MARGIN: f32 = 12.0;
/// A turn that moves no pixel farther than this is none: it would only blur.
const LEAST_TURN: f32 = 1.0;

/// How an image lies: turned about its middle, then moved. In pixels of the picture that it was found in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pose {
    /// Columns to the right.
    pub dx: f32,
    /// Rows down.
    pub dy: f32,
    /// Clockwise, in radians.
    pub angle: f32,
}

/// A map of pixels to pixels, both of the model's size: `across` and `down` hold what the column, the row
/// and 1 are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    across: [f32; 3],
    down: [f32; 3],
}

impl Pose {
    /// The same as a map of pixels of an image of a size, where it was found in one of size `found_in`. By
    /// whole pixels unless it is turned, so that nothing is blurred.
    pub(super) fn on(&self, size: ImageSize, found_in: ImageSize) -> Move {
        let half = (size.width.max(size.height) as f32) / 2.0;
        if self.angle.abs() * half > LEAST_TURN {
            return self.exactly_on(size, found_in);
        }
        let straight = Self {
            angle: 0.0,
            ..*self
        };
        let mut found = straight.exactly_on(size, found_in);
        found.across[2] = found.across[2].round();
        found.down[2] = found.down[2].round();
        found
    }

    /// The same without rounding.
    pub(super) fn exactly_on(&self, size: ImageSize, found_in: ImageSize) -> Move {
        let [sx, sy] = [
            size.width as f32 / found_in.width as f32,
            size.height as f32 / found_in.height as f32,
        ];
        let (sin, cos) = self.angle.sin_cos();
        let [cx, cy] = centre(size);
        let [xx, xy, yx, yy] = [cos, -sin * sx / sy, sin * sy / sx, cos];
        Move {
            across: [xx, xy, self.dx * sx + cx - xx * cx - xy * cy],
            down: [yx, yy, self.dy * sy + cy - yx * cx - yy * cy],
        }
    }
}

/// The middle of an image.
fn centre(size: ImageSize) -> [f32; 2] {
    [size.width, size.height].map(|side| (side as f32 - 1.0) / 2.0)
}

impl Move {
    /// Nothing is moved.
    pub const NONE: Self = Self {
        across: [1.0, 0.0, 0.0],
        down: [0.0, 1.0, 0.0],
    };

    /// Along each axis what a pixel is multiplied by, and what is added.
    pub(super) fn of_axes([[across, right], [down, below]]: [[f32; 2]; 2]) -> Self {
        Self {
            across: [across, 0.0, right],
            down: [0.0, down, below],
        }
    }

    /// Where a pixel (column, row) comes to lie.
    pub fn point(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.across, self.down].map(|[by_x, by_y, plus]| by_x * x + by_y * y + plus)
    }

    /// A step (columns, rows) as it comes to lie.
    pub fn step(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.across, self.down].map(|[by_x, by_y, _]| by_x * x + by_y * y)
    }

    /// The way back.
    pub fn inverse(&self) -> Self {
        let ([a, b, x], [c, d, y]) = (self.across, self.down);
        let area = a * d - b * c;
        let [a, b, c, d] = [d / area, -b / area, -c / area, a / area];
        Self {
            across: [a, b, -a * x - b * y],
            down: [c, d, -c * x - d * y],
        }
    }

    /// The same of cells of so many pixels a side.
    pub fn of_cells(&self, side: usize) -> Self {
        let side = side as f32;
        let middle = (side - 1.0) / 2.0;
        let of_axis = |[by_x, by_y, plus]: [f32; 3]| {
            [by_x, by_y, ((by_x + by_y - 1.0) * middle + plus) / side]
        };
        Self {
            across: of_axis(self.across),
            down: of_axis(self.down),
        }
    }

    /// How far the middle of an image of a size is moved: columns and rows.
    pub(super) fn of_centre(&self, size: ImageSize) -> [f32; 2] {
        let [cx, cy] = centre(size);
        let [x, y] = self.point([cx, cy]);
        [x - cx, y - cy]
    }

    /// The image whose pixels are taken from where they are mapped to; what lies outside mirrors what is
    /// inside.
    pub(super) fn image(&self, image: RgbImage) -> RgbImage {
        if *self == Self::NONE {
            return image;
        }
        let (width, height) = image.dimensions();
        RgbImage::from_fn(width, height, |x, y| {
            let [x, y] = self.point([x as f32, y as f32]);
            let (left, top) = (x.floor(), y.floor());
            let (across, down) = (x - left, y - top);
            let pixel = |right: f32, below: f32| {
                let at = [mirrored(left + right, width), mirrored(top + below, height)];
                image.get_pixel(at[0], at[1]).0
            };
            let corners = [
                (pixel(0.0, 0.0), (1.0 - across) * (1.0 - down)),
                (pixel(1.0, 0.0), across * (1.0 - down)),
                (pixel(0.0, 1.0), (1.0 - across) * down),
                (pixel(1.0, 1.0), across * down),
            ];
            let channel = |channel: usize| {
                let parts = corners.map(|(pixel, weight)| weight * f32::from(pixel[channel]));
                (parts.iter().sum::<f32>() + 0.5) as u8
            };
            Rgb([channel(0), channel(1), channel(2)])
        })
    }

    /// How much each pixel that this maps into the image is evidence, in [0, 1]: nothing outside of the
    /// image, and little at its end. None where all is inside.
    pub fn evidence(&self, size: ImageSize) -> Option<ScoreMap> {
        if *self == Self::NONE {
            return None;
        }
        let ends = [size.width as f32 - 0.5, size.height as f32 - 0.5];
        let inside = |at: [f32; 2]| {
            let [x, y] = self.point(at);
            [x + 0.5, ends[0] - x, y + 0.5, ends[1] - y]
        };
        // How deep the frame reaches past each side of the image: it does so farthest in a corner.
        let [right, bottom] = [size.width, size.height].map(|side| side as f32 - 1.0);
        let corners = [[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]].map(inside);
        let depth = |side: usize| corners.iter().fold(0.0, |d: f32, c| d.max(-c[side]));
        let margin = MARGIN * size.width.max(size.height) as f32 / 256.0;
        let margins: [f32; 4] = std::array::from_fn(|side| depth(side).min(margin));
        if margins.iter().all(|&margin| margin <= 0.0) {
            return None;
        }
        let pixel = |at: usize| {
            let distances = inside([(at % size.width) as f32, (at / size.width) as f32]);
            let sides = distances.iter().zip(&margins);
            sides.fold(1.0, |least: f32, (&distance, &margin)| match margin {
                margin if margin <= 0.0 => least,
                // Half of the margin counts for nothing, the other half ever more.
                _ => least.min((2.0 * distance / margin - 1.0).clamp(0.0, 1.0)),
            })
        };
        Some(ScoreMap {
            height: size.height,
            width: size.width,
            values: (0..size.width * size.height).map(pixel).collect(),
        })
    }

    /// A map of what was seen, of the model's size, as it lies in the image; where nothing was seen the least
    /// that it says anywhere.
    pub fn back(&self, map: &ScoreMap) -> ScoreMap {
        if *self == Self::NONE {
            return map.clone();
        }
        let unseen = map.least();
        let from_image = self.inverse();
        let pixel = |at: usize| {
            let [x, y] = from_image.point([(at % map.width) as f32, (at / map.width) as f32]);
            between(map, x, y).unwrap_or(unseen)
        };
        ScoreMap {
            values: (0..map.values.len()).map(pixel).collect(),
            ..*map
        }
    }
}

/// A column or row of an image that lies at `at`, or mirrors what does.
fn mirrored(at: f32, side: u32) -> u32 {
    let at = at as i64;
    let period = 2 * i64::from(side);
    let at = at.rem_euclid(period);
    at.min(period - 1 - at) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize {
        width: 32,
        height: 24,
    };

    fn turned(degrees: f32, dx: f32, dy: f32) -> Move {
        let angle = degrees.to_radians();
        Pose { dx, dy, angle }.on(SIZE, SIZE)
    }

    #[test]
    fn the_way_back_leads_to_where_it_came_from() {
        let there = turned(37.0, 3.25, -1.5);
        let [x, y] = there.inverse().point(there.point([5.0, 7.0]));
        assert!((x - 5.0).abs() < 1e-4 && (y - 7.0).abs() < 1e-4);
    }

    #[test]
    fn a_quarter_turn_clockwise_brings_right_to_below() {
        let [x, y] = turned(90.0, 0.0, 0.0).step([1.0, 0.0]);
        assert!(x.abs() < 1e-6 && (y - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_picture_of_other_proportions_keeps_the_shape_of_what_is_turned() {
        // An image of 2:1, as a square of 64: what is right by 8 of its columns is 16 pixels away.
        let wide = ImageSize {
            width: 128,
            height: 64,
        };
        let pose = Pose {
            angle: std::f32::consts::FRAC_PI_2,
            ..Pose::default()
        };
        let [x, y] = pose.on(ImageSize::square(64), wide).step([8.0, 0.0]);
        assert!(x.abs() < 1e-5 && (y - 16.0).abs() < 1e-5, "{x} {y}");
    }

    #[test]
    fn without_a_turn_it_moves_by_whole_pixels() {
        let image = RgbImage::from_fn(32, 24, |x, y| Rgb([x as u8 * 7, y as u8 * 9, 3]));
        let moved = turned(0.5, 2.3, -0.8);
        let found = moved.image(image.clone());
        assert_eq!(found.get_pixel(4, 9), image.get_pixel(6, 8));
        assert_eq!(turned(0.5, 0.3, -0.4), Move::NONE);
    }

    #[test]
    fn a_cell_moves_as_its_pixels_do() {
        let there = turned(12.0, 5.0, -3.0);
        // The middle of the cell (2, 3) of 4 pixels a side.
        let [x, y] = there.point([9.5, 13.5]);
        let [column, row] = there.of_cells(4).point([2.0, 3.0]);
        assert!((4.0 * column + 1.5 - x).abs() < 1e-4);
        assert!((4.0 * row + 1.5 - y).abs() < 1e-4);
        assert_eq!(Move::NONE.of_cells(4), Move::NONE);
    }

    #[test]
    fn what_lies_outside_is_no_evidence_and_the_other_ends_are() {
        assert!(Move::NONE.evidence(SIZE).is_none());
        let evidence = turned(0.0, 4.0, 0.0).evidence(SIZE).unwrap();
        // The frame's last four columns lie past the image's right end.
        assert_eq!(evidence.at(3, 31), 0.0);
        assert_eq!(evidence.at(3, 28), 0.0);
        assert!((0..26).all(|x| evidence.at(0, x) == 1.0));
    }

    #[test]
    fn a_map_goes_back_to_where_its_pixels_came_from() {
        let mut map = ScoreMap::filled(24, 32, 0.0);
        map.values[8 * 32 + 4] = 5.0;
        let back = turned(0.0, 2.0, -3.0).back(&map);
        assert_eq!(back.peak(), (5.0, (5, 6)));
        // Its first two columns were not seen, and say no more than the quietest that were.
        let quiet = ScoreMap {
            values: (0..24 * 32).map(|at| at as f32 - 900.0).collect(),
            ..map
        };
        let back = turned(0.0, 2.0, 0.0).back(&quiet);
        assert_eq!((back.at(5, 0), back.at(5, 1)), (-900.0, -900.0));
        assert_eq!(back.at(5, 2), quiet.at(5, 0));
    }
}

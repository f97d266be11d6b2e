//! Arrows on a picture: from where a patch lies to where it looks as if it belonged.

use image::{Rgb, RgbImage};
use oddspot::judge::Inspection;
use oddspot::terms::position::Placement;

use crate::ink::{EDGE, LINE, blend};

/// Most arrows of one picture.
const MOST: usize = 3;

/// An arrow, its ends as (column, row) in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrow {
    /// Its foot.
    pub from: [f32; 2],
    /// Its head.
    pub to: [f32; 2],
}

impl Arrow {
    /// Arrows of the surest misplaced neighbours (at most three), each from where it lies to where
    /// it would belong, in a picture `scale` (columns, rows) times the size of the model's.
    pub fn of(placement: &Placement, scale: [f32; 2]) -> Vec<Self> {
        let (column, row) = placement.centre;
        let at = |(across, down): (isize, isize)| {
            let [across, down] = placement.reach((across, down));
            let place = [column as f32 + across + 0.5, row as f32 + down + 0.5];
            [place[0] * scale[0], place[1] * scale[1]]
        };
        let neighbours = placement.misplaced().into_iter().take(MOST);
        let arrow = |[from, to]: [(isize, isize); 2]| Self {
            from: at(from),
            to: at(to),
        };
        neighbours
            .map(|neighbour| arrow(neighbour.steps()))
            .collect()
    }

    /// The arrow on an inspected image that its line names, where what is odd has to do with its place; none
    /// elsewhere.
    pub fn of_inspection(inspection: &Inspection) -> Option<Self> {
        let finding = &inspection.finding;
        let is_of_place = finding.why.is_some() && finding.shares().is_of_place();
        let placement = inspection.placement.as_ref().filter(|_| is_of_place)?;
        Self::of(placement, inspection.scale).into_iter().next()
    }

    /// The same arrow in a picture `scale` times the size.
    pub fn scaled(self, scale: [f32; 2]) -> Self {
        let scaled = |[x, y]: [f32; 2]| [x * scale[0], y * scale[1]];
        Self {
            from: scaled(self.from),
            to: scaled(self.to),
        }
    }

    /// The arrow cut so that its head is seen: what a patch looks like may belong beyond the
    /// picture's border.
    fn within(self, [width, height]: [f32; 2], margin: f32) -> Self {
        let mut share = 1.0f32;
        for (from, to, end) in [
            (self.from[0], self.to[0], width),
            (self.from[1], self.to[1], height),
        ] {
            // A picture may be narrower than both margins.
            let margin = margin.min(0.5 * end);
            let edge = to.clamp(margin, end - margin);
            if edge != to && to != from {
                share = share.min(((edge - from) / (to - from)).max(0.0));
            }
        }
        let cut = |from: f32, to: f32| from + share * (to - from);
        Self {
            to: [cut(self.from[0], self.to[0]), cut(self.from[1], self.to[1])],
            ..self
        }
    }

    /// The strokes of an arrow: shaft and both sides of its head, `size` pixels long.
    fn strokes(self, size: f32) -> [[[f32; 2]; 2]; 3] {
        let along = [self.to[0] - self.from[0], self.to[1] - self.from[1]];
        let length = along[0].hypot(along[1]).max(1e-6);
        let [x, y] = along.map(|step| step / length * size.min(0.5 * length));
        let side = |turn: f32| {
            let back = [
                self.to[0] - 0.87 * x + turn * 0.5 * y,
                self.to[1] - 0.87 * y - turn * 0.5 * x,
            ];
            [self.to, back]
        };
        [[self.from, self.to], side(1.0), side(-1.0)]
    }
}

/// Draws arrows in the contour's colour between dark edges, as thick as suits the picture.
pub fn draw(picture: &mut RgbImage, arrows: &[Arrow]) {
    draw_in(picture, arrows, LINE);
}

/// As [`draw`], in a bright colour of its own.
pub(crate) fn draw_in(picture: &mut RgbImage, arrows: &[Arrow], colour: Rgb<u8>) {
    let size = [picture.width() as f32, picture.height() as f32];
    let longer = size[0].max(size[1]);
    let line = (longer / 170.0).max(1.0);
    let strokes: Vec<_> = (arrows.iter())
        .flat_map(|arrow| arrow.within(size, 2.0 * line).strokes(longer / 24.0))
        .collect();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let at = [x as f32 + 0.5, y as f32 + 0.5];
        let away = |away: f32, stroke: &[[f32; 2]; 2]| away.min(distance(at, *stroke));
        let away = strokes.iter().fold(f32::INFINITY, away);
        blend(pixel, EDGE, line + 0.5 - away);
        blend(pixel, colour, 0.5 * line + 0.5 - away);
    }
}

/// From a point to the nearest point of a stroke.
fn distance(at: [f32; 2], [from, to]: [[f32; 2]; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let off = [at[0] - from[0], at[1] - from[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let share = ((off[0] * along[0] + off[1] * along[1]) / square.max(1e-6)).clamp(0.0, 1.0);
    (off[0] - share * along[0]).hypot(off[1] - share * along[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::terms::position::Neighbour;
    use oddspot::view::Move;

    #[test]
    fn an_arrow_leads_from_where_a_neighbour_lies_to_where_it_belongs() {
        let neighbour = |lies, belongs, probability| Neighbour {
            lies,
            belongs,
            probability,
            probability_here: 0.1,
        };
        let placement = Placement {
            centre: (100, 80),
            offset: 64,
            to_image: Move::NONE,
            is_told: true,
            neighbours: vec![
                neighbour(3, 1, 0.6),
                neighbour(4, 4, 0.9),
                neighbour(6, 0, 0.8),
            ],
        };
        let arrows = Arrow::of(&placement, [2.0, 1.0]);
        assert_eq!(
            arrows,
            [
                Arrow {
                    from: [201.0, 144.5],
                    to: [73.0, 16.5]
                },
                Arrow {
                    from: [73.0, 80.5],
                    to: [201.0, 16.5]
                },
            ]
        );
    }

    #[test]
    fn an_arrow_that_leads_out_of_the_picture_ends_at_its_border() {
        let arrow = |to| Arrow {
            from: [50.0, 40.0],
            to,
        };
        let size = [100.0, 80.0];
        for (to, margin, expected) in [
            ([150.0, 40.0], 5.0, [95.0, 40.0]),
            ([0.0, -60.0], 10.0, [35.0, 10.0]),
            ([60.0, 50.0], 10.0, [60.0, 50.0]),
            ([60.0, 90.0], 60.0, [50.0, 40.0]),
        ] {
            let found = arrow(to).within(size, margin).to;
            let away = (found[0] - expected[0]).hypot(found[1] - expected[1]);
            assert!(away < 1e-3, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn a_picture_narrower_than_an_arrows_margin_can_be_drawn_on() {
        let arrow = Arrow {
            from: [2.0, 20.0],
            to: [-60.0, 300.0],
        };
        for (width, height) in [(0, 0), (1, 1), (5, 512), (512, 5)] {
            draw(&mut RgbImage::new(width, height), &[arrow]);
        }
    }

    #[test]
    fn the_shaft_and_the_head_are_drawn_and_nothing_else() {
        let paper = image::Rgb([9, 9, 9]);
        let mut picture = RgbImage::from_pixel(100, 100, paper);
        let arrow = Arrow {
            from: [20.0, 50.0],
            to: [80.0, 50.0],
        };
        draw(&mut picture, &[arrow]);
        // A line of one pixel lies half on either side of the row's edge.
        for (x, y) in [(50, 49), (50, 50), (78, 48), (78, 51)] {
            let [red, green, _] = picture.get_pixel(x, y).0;
            assert!(green > 80 && red < 9, "{x}, {y}");
        }
        for (x, y) in [(50, 44), (22, 47), (85, 50), (10, 50)] {
            assert_eq!(*picture.get_pixel(x, y), paper, "{x}, {y}");
        }
    }
}

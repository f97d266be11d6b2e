//! Why a place is odd: which neighbours of a patch look as if they belonged elsewhere.

use serde::{Deserialize, Serialize};

use super::pairs::{DIRECTIONS, PatchGrid};
use super::sureness;
use crate::view::Move;

/// Where a neighbour lies, by its class.
pub const NAMES: [&str; 8] = [
    "upper left",
    "above",
    "upper right",
    "left",
    "right",
    "lower left",
    "below",
    "lower right",
];

/// The least probability with which a place is told: more than all others together.
pub(crate) const TOLD_FROM: f32 = 0.5;

/// A neighbouring patch, and where the classifier would put it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Where it lies, an index of [`NAMES`] and [`DIRECTIONS`].
    pub lies: usize,
    /// Where it looks as if it belonged: the likeliest class.
    pub belongs: usize,
    /// Probability of that, in [0, 1].
    pub probability: f32,
    /// Probability of where it lies: 1 − this is the pair's error in `e_pos`.
    pub probability_here: f32,
}

/// What the classifier says of a patch and its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// (column, row) of the patch's centre, in pixels of the image resized to the model's `image_size`.
    pub centre: (usize, usize),
    /// Pixels between the centre and a neighbour's along each axis, as the model sees the image.
    pub offset: usize,
    /// From where the model sees it to where it lies in the image.
    pub to_image: Move,
    /// The neighbours whose patch lies inside the image, in the order of the classes.
    pub neighbours: Vec<Neighbour>,
    /// Whether the classifier knows so much of good images that what it says is told.
    pub is_told: bool,
}

impl Placement {
    /// From the probabilities `[8]` of each neighbour's classes, told by where it lies.
    pub(crate) fn new(
        grid: &PatchGrid,
        position: (usize, usize),
        probabilities: impl IntoIterator<Item = (usize, [f32; 8])>,
    ) -> Self {
        let neighbours = probabilities.into_iter().map(|(lies, of_classes)| {
            let likelier = |a: &usize, b: &usize| of_classes[*a].total_cmp(&of_classes[*b]);
            let belongs = (0..DIRECTIONS.len()).max_by(likelier).unwrap_or(lies);
            Neighbour {
                lies,
                belongs,
                probability: of_classes[belongs],
                probability_here: of_classes[lies],
            }
        });
        let (row, column) = position;
        Self {
            centre: (column * grid.stride(), row * grid.stride()),
            offset: grid.offset(),
            to_image: Move::NONE,
            neighbours: neighbours.collect(),
            is_told: true,
        }
    }

    /// The same of a classifier that can be trusted so far: one that is mostly wrong of good images is not told.
    #[must_use]
    pub(crate) fn trusted(self, trust: f64) -> Self {
        let is_told = trust >= sureness(1.0 - f64::from(TOLD_FROM));
        Self { is_told, ..self }
    }

    /// The same of an image that the model saw moved so: its centre as it lies in the image.
    #[must_use]
    pub fn moved(mut self, to_image: &Move) -> Self {
        let (column, row) = self.centre;
        let moved = to_image.point([column as f32, row as f32]);
        let [column, row] = moved.map(|at| at.round().max(0.0) as usize);
        self.centre = (column, row);
        self.to_image = *to_image;
        self
    }

    /// (columns, rows) in pixels of the model's size from the centre to what lies so many offsets from it,
    /// as they lie in the image.
    pub fn reach(&self, (across, down): (isize, isize)) -> [f32; 2] {
        let offset = self.offset as f32;
        self.to_image
            .step([across as f32 * offset, down as f32 * offset])
    }

    /// The neighbours that the classifier is sure of, if it is told.
    pub fn told(&self) -> impl Iterator<Item = &Neighbour> {
        let neighbours = self.neighbours.iter();
        neighbours.filter(|n| self.is_told && n.probability >= TOLD_FROM)
    }

    /// Those of them that look as if they belonged elsewhere, the surest first.
    pub fn misplaced(&self) -> Vec<Neighbour> {
        let elsewhere = self.told().filter(|n| n.belongs != n.lies);
        let mut found: Vec<Neighbour> = elsewhere.copied().collect();
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        found
    }
}

impl Neighbour {
    /// As a sentence's part: "left neighbour looks like what belongs above".
    pub fn words(&self) -> String {
        let side = match NAMES[self.lies] {
            "above" => "upper",
            "below" => "lower",
            side => side,
        };
        let place = match NAMES[self.belongs] {
            vertical @ ("above" | "below") => vertical.to_owned(),
            side => format!("to the {side}"),
        };
        format!("{side} neighbour looks like what belongs {place}")
    }

    /// (columns, rows) from the centre to where it lies and to where it would belong, in units
    /// of the offset.
    pub fn steps(&self) -> [(isize, isize); 2] {
        [self.lies, self.belongs].map(|class| {
            let (down, across) = DIRECTIONS[class];
            (across, down)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::ImageSize;

    #[test]
    fn the_likeliest_class_is_where_a_neighbour_belongs() {
        let size = ImageSize {
            width: 256,
            height: 256,
        };
        let grid = PatchGrid::new(size, 8, 64);
        let sure = |class: usize, p: f32| {
            let mut all = [(1.0 - p) / 7.0; 8];
            all[class] = p;
            all
        };
        let read = [(3, sure(1, 0.9)), (4, sure(4, 0.8)), (6, sure(3, 0.95))];
        let placement = Placement::new(&grid, (10, 20), read);
        assert_eq!((placement.centre, placement.offset), ((160, 80), 64));
        assert_eq!(placement.neighbours.len(), 3);
        let misplaced = placement.misplaced();
        let words: Vec<_> = misplaced.iter().map(Neighbour::words).collect();
        assert_eq!(
            words,
            [
                "lower neighbour looks like what belongs to the left",
                "left neighbour looks like what belongs above"
            ]
        );
        assert_eq!(misplaced[0].steps(), [(0, 1), (-1, 0)]);
        assert!((misplaced[1].probability_here - 0.1 / 7.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_near_chance_is_not_told() {
        let neighbour = |probability| Neighbour {
            lies: 1,
            belongs: 3,
            probability,
            probability_here: 0.1,
        };
        let placement = Placement {
            centre: (8, 8),
            offset: 4,
            to_image: Move::NONE,
            neighbours: [0.14, 0.9, 0.45].map(neighbour).to_vec(),
            is_told: true,
        };
        assert_eq!(placement.misplaced(), [neighbour(0.9)]);
        let of_texture = placement.clone().trusted(sureness(0.67));
        assert!(of_texture.misplaced().is_empty());
        assert_eq!(placement.clone().trusted(sureness(0.04)), placement);
    }
}

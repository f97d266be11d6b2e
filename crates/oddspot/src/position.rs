//! The position classifier: pairs of patches, which of eight directions lies between them,
//! and the contextual error `e_pos`.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::activation::{leaky_relu, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::Rng;
use rand::RngExt;

use crate::config::{Config, PATCH_RADIUS, PositionConfig};
use crate::image::ImageSize;
use crate::map::ScoreMap;
use crate::network::{Linear, Parameters};
use crate::student::{Student, StudentMaps};

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

/// Three fully connected layers `D → hidden → hidden → 8` with LeakyReLU between.
#[derive(Module, Debug)]
pub struct PositionClassifier {
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
    #[module(skip)]
    negative_slope: f64,
}

impl PositionClassifier {
    /// Builds the classifier for level-3 features of `features` channels.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn new(
        parameters: &Parameters,
        config: &PositionConfig,
        features: usize,
    ) -> Result<Self, String> {
        let hidden = config.hidden;
        Ok(Self {
            fc1: parameters.linear("fc1", features, hidden)?,
            fc2: parameters.linear("fc2", hidden, hidden)?,
            fc3: parameters.linear("fc3", hidden, DIRECTIONS.len())?,
            negative_slope: config.negative_slope,
        })
    }

    /// Its three layers, in order.
    pub(crate) fn layers(&self) -> [&Linear; 3] {
        [&self.fc1, &self.fc2, &self.fc3]
    }

    /// Slope of the LeakyReLU below zero.
    pub(crate) fn negative_slope(&self) -> f64 {
        self.negative_slope
    }

    /// Logits `[rows, 8]` of the differences `S³(p0) − S³(pk)` `[rows, D]`.
    pub fn forward(&self, difference: Tensor<2>) -> Tensor<2> {
        self.logits_of_projection(self.fc1.project(difference))
    }

    /// Logits from the first layer's product without its bias: `W(a − b) = Wa − Wb`, so a
    /// position projected once serves all of its pairs.
    fn logits_of_projection(&self, projected: Tensor<2>) -> Tensor<2> {
        let leaky = |x| leaky_relu(x, self.negative_slope);
        let x = leaky(projected + self.fc1.bias.val().unsqueeze());
        self.fc3.forward(leaky(self.fc2.forward(x)))
    }
}

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
    pub fn of(config: &Config) -> Self {
        Self::new(
            config.image_size,
            config.student.output_stride,
            config.position.offset,
        )
    }

    /// Pixels between neighbouring positions.
    pub(crate) fn stride(&self) -> usize {
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

    /// The pairs that a position of a single image is the centre of.
    pub(crate) fn pairs_at(&self, centre: (usize, usize)) -> Vec<Pair> {
        let pair = |class| Pair {
            image: 0,
            centre,
            neighbour: self.neighbour(centre, class),
            class,
        };
        self.classes_at(centre).into_iter().map(pair).collect()
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
    fn inside(&self) -> (Range<usize>, Range<usize>) {
        let axis = |size: usize| {
            let first = PATCH_RADIUS.div_ceil(self.stride);
            let end = (size.saturating_sub(PATCH_RADIUS)).div_ceil(self.stride);
            first..end.max(first)
        };
        (axis(self.size.height), axis(self.size.width))
    }

    /// Rows and columns of the centres whose neighbour in a direction is inside too.
    pub(crate) fn centres(&self, class: usize) -> (Range<usize>, Range<usize>) {
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
    pub(crate) fn classes(&self) -> Vec<usize> {
        (0..DIRECTIONS.len())
            .filter(|&class| {
                let (rows, columns) = self.centres(class);
                !rows.is_empty() && !columns.is_empty()
            })
            .collect()
    }

    pub(crate) fn neighbour(&self, (row, column): (usize, usize), class: usize) -> (usize, usize) {
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

/// Logits `[pairs, 8]` of the classifier for pairs of positions of a batch.
pub fn classify(
    classifier: &PositionClassifier,
    student: &Student,
    maps: &StudentMaps,
    pairs: &[Pair],
) -> Tensor<2> {
    let [batch, height, width, channels] = maps.trunk.dims();
    let device = maps.trunk.device();
    let rows = maps
        .trunk
        .clone()
        .reshape([batch * height * width, channels]);
    let index = |image: usize, (row, column): (usize, usize)| {
        ((image * height + row) * width + column) as i32
    };
    let centres = pairs.iter().map(|p| index(p.image, p.centre));
    let neighbours = pairs.iter().map(|p| index(p.image, p.neighbour));
    let picks: Vec<i32> = centres.chain(neighbours).collect();
    let picks = Tensor::<1, Int>::from_data(TensorData::from(picks.as_slice()), &device);
    let features = student.level3(rows.select(0, picks));
    let n = pairs.len();
    let difference = features.clone().narrow(0, 0, n) - features.narrow(0, n, n);
    classifier.forward(difference)
}

/// The true classes of pairs, `[pairs]`.
pub fn classes(pairs: &[Pair], device: &Device) -> Tensor<1, Int> {
    let classes: Vec<i32> = pairs.iter().map(|p| p.class as i32).collect();
    Tensor::from_data(TensorData::from(classes.as_slice()), device)
}

/// `e_pos = (1/n) Σ_k (1 − p(y_k))` of one image on the student's grid, NaN where no pair fits
/// (n = 0). `maps` holds one image.
pub fn e_pos_grid(
    classifier: &PositionClassifier,
    student: &Student,
    maps: &StudentMaps,
    grid: &PatchGrid,
) -> ScoreMap {
    let [_, height, width, channels] = maps.trunk.dims();
    let trunk = maps.trunk.clone().reshape([height * width, channels]);
    let projected = classifier.fc1.project(student.level3(trunk));
    let hidden = projected.dims()[1];
    let projected = projected.reshape([height, width, hidden]);
    let mut sums = EposSums::new(height, width);
    for class in grid.classes() {
        let (rows, columns) = grid.centres(class);
        let (down, across) = grid.neighbour((rows.start, columns.start), class);
        let (tall, wide) = (rows.len(), columns.len());
        let centre = projected.clone().slice([rows.clone(), columns.clone()]);
        let neighbour = projected
            .clone()
            .slice([down..down + tall, across..across + wide]);
        let difference = (centre - neighbour).reshape([tall * wide, hidden]);
        let probabilities = softmax(classifier.logits_of_projection(difference), 1);
        let probability = probabilities.narrow(1, class, 1).into_data();
        sums.add(grid, class, probability.iter::<f32>());
    }
    sums.finish()
}

/// `Σ_k (1 − p(y_k))` at every position of the student's grid, and how many terms it has.
pub(crate) struct EposSums {
    height: usize,
    width: usize,
    sums: Vec<f32>,
    counts: Vec<u8>,
}

impl EposSums {
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            sums: vec![0.0; height * width],
            counts: vec![0; height * width],
        }
    }

    /// Adds a direction, given the probability of the true class at each of its centres.
    pub fn add(
        &mut self,
        grid: &PatchGrid,
        class: usize,
        probabilities: impl Iterator<Item = f32>,
    ) {
        let (rows, columns) = grid.centres(class);
        let wide = columns.len();
        for (i, p) in probabilities.enumerate() {
            let at = (rows.start + i / wide) * self.width + columns.start + i % wide;
            // NaN stands for "no evidence" below; a broken network must not pass for that.
            self.sums[at] += if p.is_nan() { f32::INFINITY } else { 1.0 - p };
            self.counts[at] += 1;
        }
    }

    /// The mean over the directions, NaN where there is none.
    pub fn finish(self) -> ScoreMap {
        let terms = self.sums.iter().zip(&self.counts);
        let mean = |(&sum, &n)| if n == 0 { f32::NAN } else { sum / f32::from(n) };
        ScoreMap {
            height: self.height,
            width: self.width,
            values: terms.map(mean).collect(),
        }
    }
}

/// Brings `e_pos` from the student's grid to the image, NaN where there is no evidence.
///
/// Grid position i is centred on pixel stride·i. Pixels whose patch lies inside the image take
/// the bilinear interpolation of the grid positions around them that have evidence; all others
/// have none, so that the excluded border does not bleed in.
pub fn e_pos_at_pixels(e_pos: &ScoreMap, grid: &PatchGrid) -> ScoreMap {
    let (rows, columns) = grid.inside();
    let ImageSize { width, height } = grid.size;
    let mut pixels = ScoreMap::filled(height, width, f32::NAN);
    let inside = |size: usize| PATCH_RADIUS..size.saturating_sub(PATCH_RADIUS);
    for row in inside(height) {
        let down = taps(row, grid.stride, &rows);
        for column in inside(width) {
            let across = taps(column, grid.stride, &columns);
            let (mut sum, mut weight) = (0.0, 0.0);
            for (i, wi) in down {
                for (j, wj) in across {
                    let value = e_pos.at(i, j);
                    if wi * wj > 0.0 && !value.is_nan() {
                        sum += wi * wj * value;
                        weight += wi * wj;
                    }
                }
            }
            if weight > 0.0 {
                pixels.values[row * width + column] = sum / weight;
            }
        }
    }
    pixels
}

/// The two grid positions around a pixel and their weights, clamped to a range of positions.
fn taps(pixel: usize, stride: usize, valid: &Range<usize>) -> [(usize, f32); 2] {
    let last = valid.end.saturating_sub(1);
    let first = (pixel / stride).clamp(valid.start, last);
    let second = (first + 1).min(last);
    let fraction = (pixel as f32 / stride as f32 - first as f32).clamp(0.0, 1.0);
    [(first, 1.0 - fraction), (second, fraction)]
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

    #[test]
    fn pixels_take_no_value_from_positions_without_evidence() {
        let grid = grid(160, 160, 8, 32);
        let mut e_pos = ScoreMap::filled(20, 20, f32::NAN);
        for row in 4..16 {
            for column in 4..16 {
                e_pos.values[row * 20 + column] = 0.5;
            }
        }
        let pixels = e_pos_at_pixels(&e_pos, &grid);
        for row in 0..160 {
            for column in 0..160 {
                let inside = (32..128).contains(&row) && (32..128).contains(&column);
                let value = pixels.at(row, column);
                assert!(
                    if inside { value == 0.5 } else { value.is_nan() },
                    "({row}, {column})"
                );
            }
        }
    }
}

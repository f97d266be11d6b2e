//! The position classifier's passes: `e_pos` of an image, and a training step's pairs.

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Workspace};

use super::layers::{CpuLinear, values as parameter};
use super::parameters::{LayerPlace, Layout};
use super::{fits, room};
use crate::config::PairWeights;
use crate::e_pos::PairErrors;
use crate::map::ScoreMap;
use crate::network::Linear;
use crate::placement::Placement;
use crate::position::{DIRECTIONS, Pair, PatchGrid, PositionClassifier};

/// The classifier of a finished model.
pub(super) struct CpuPosition {
    /// `W₁ W₃`: the first layer after head 3. Both are linear and biases cancel in differences,
    /// so that one product per position serves all of its pairs.
    projection: CpuLinear,
    bias: Vec<f32>,
    fc2: CpuLinear,
    fc3: CpuLinear,
    slope: f32,
}

/// Memory of a pass, kept from image to image.
#[derive(Default)]
pub struct PositionMemory {
    projected: Vec<f32>,
    pairs: PairsMemory,
}

/// What a number of pairs take on their way through the layers.
#[derive(Default)]
struct PairsMemory {
    hidden: [Vec<f32>; 2],
    logits: Vec<f32>,
}

impl CpuPosition {
    pub fn new(workspace: &Workspace, classifier: &PositionClassifier, head3: &Linear) -> Self {
        let [fc1, fc2, fc3] = classifier.layers();
        let ([hidden, features], [_, channels]) = (fc1.weight.dims(), head3.weight.dims());
        let (first, head) = (parameter(&fc1.weight), parameter(&head3.weight));
        let mut product = Vec::with_capacity(hidden * channels);
        for row in first.chunks_exact(features) {
            let mut sums = vec![0.0f64; channels];
            for (&factor, head) in row.iter().zip(head.chunks_exact(channels)) {
                for (sum, &value) in sums.iter_mut().zip(head) {
                    *sum += f64::from(factor) * f64::from(value);
                }
            }
            product.extend(sums.into_iter().map(|sum| sum as f32));
        }
        Self {
            projection: CpuLinear::from_values(workspace, &product, vec![0.0; hidden]),
            bias: parameter(&fc1.bias),
            fc2: CpuLinear::new(workspace, fc2),
            fc3: CpuLinear::new(workspace, fc3),
            slope: classifier.negative_slope() as f32,
        }
    }

    /// `e_pos` on the student's grid of `[height, width]` positions, from the trunk.
    pub fn e_pos_grid(
        &self,
        workspace: &mut Workspace,
        trunk: &[f32],
        [height, width]: [usize; 2],
        (grid, weights): (&PatchGrid, PairWeights),
        memory: &mut PositionMemory,
    ) -> ScoreMap {
        let hidden = self.bias.len();
        let positions = height * width;
        let projected = room(&mut memory.projected, positions * hidden);
        self.projection
            .run_into(workspace, positions, trunk, Epilogue::default(), projected);
        let mut errors = PairErrors::new(height, width);
        for class in grid.classes() {
            let (rows, columns) = grid.centres(class);
            let (down, across) = grid.neighbour((rows.start, columns.start), class);
            let pairs = rows.len() * columns.len();
            let first = room(&mut memory.pairs.hidden[0], pairs * hidden);
            let line = columns.len() * hidden;
            for (at, to) in first.chunks_exact_mut(line).enumerate() {
                let centre = ((rows.start + at) * width + columns.start) * hidden;
                let neighbour = ((down + at) * width + across) * hidden;
                let centre = projected[centre..][..line].chunks_exact(hidden);
                let neighbour = projected[neighbour..][..line].chunks_exact(hidden);
                for ((to, centre), neighbour) in
                    to.chunks_exact_mut(hidden).zip(centre).zip(neighbour)
                {
                    self.first_layer(centre, neighbour, to);
                }
            }
            let probabilities = self.probabilities(workspace, pairs, &mut memory.pairs);
            errors.set(
                grid,
                class,
                probabilities.map(|of_classes| of_classes[class]),
            );
        }
        errors.e_pos(grid, weights)
    }

    /// What is said of one position of the image whose `e_pos_grid` was computed last with this
    /// memory. `width`: positions in a row.
    pub fn placement(
        &self,
        workspace: &mut Workspace,
        width: usize,
        grid: &PatchGrid,
        position: (usize, usize),
        memory: &mut PositionMemory,
    ) -> Placement {
        let hidden = self.bias.len();
        let classes = grid.classes_at(position);
        let first = room(&mut memory.pairs.hidden[0], classes.len() * hidden);
        let at = |(row, column): (usize, usize)| (row * width + column) * hidden;
        for (&class, to) in classes.iter().zip(first.chunks_exact_mut(hidden)) {
            let centre = &memory.projected[at(position)..][..hidden];
            let neighbour = &memory.projected[at(grid.neighbour(position, class))..][..hidden];
            self.first_layer(centre, neighbour, to);
        }
        let probabilities = self.probabilities(workspace, classes.len(), &mut memory.pairs);
        Placement::new(grid, position, classes.iter().copied().zip(probabilities))
    }

    /// A pair's first hidden layer from its projected positions.
    fn first_layer(&self, centre: &[f32], neighbour: &[f32], to: &mut [f32]) {
        for (i, to) in to.iter_mut().enumerate() {
            *to = leaky(centre[i] - neighbour[i] + self.bias[i], self.slope);
        }
    }

    /// The classes' probabilities for each of the pairs whose first hidden layer lies in the
    /// memory.
    fn probabilities<'a>(
        &self,
        workspace: &mut Workspace,
        pairs: usize,
        memory: &'a mut PairsMemory,
    ) -> impl Iterator<Item = [f32; 8]> + 'a {
        let hidden = self.bias.len();
        let [first, second] = &mut memory.hidden;
        let first = &first[..pairs * hidden];
        let second = room(second, pairs * hidden);
        self.fc2
            .run_into(workspace, pairs, first, Epilogue::default(), second);
        for value in second.iter_mut() {
            *value = leaky(*value, self.slope);
        }
        let logits = room(&mut memory.logits, pairs * DIRECTIONS.len());
        self.fc3
            .run_into(workspace, pairs, second, Epilogue::default(), logits);
        logits
            .as_chunks::<8>()
            .0
            .iter()
            .map(|logits| softmax(*logits))
    }
}

fn leaky(value: f32, slope: f32) -> f32 {
    // NaN takes the second arm and stays.
    if value > 0.0 { value } else { value * slope }
}

fn softmax(logits: [f32; 8]) -> [f32; 8] {
    let largest = logits.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let exponentials = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = exponentials.iter().sum();
    exponentials.map(|value| value / sum)
}

/// The classifier in training.
pub(super) struct PositionTraining {
    layers: [LayerPlace; 3],
    head3: LayerPlace,
    forward: [LinearWeights; 3],
    backward: [LinearWeights; 3],
    slope: f32,
    /// Differences of the pairs: of the trunk `[pairs, c4]`, and the gradient of them.
    differences: [Vec<f32>; 2],
    /// What each layer takes, and last the logits: `[pairs, D]`, two hidden ones, `[pairs, 8]`.
    rows: [Vec<f32>; 4],
    /// The gradients of them.
    of_rows: [Vec<f32>; 4],
    of_head3: Vec<f32>,
}

/// What the pairs of a step say.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairLosses {
    /// `L_pos`.
    pub loss: f32,
    /// Share of pairs placed rightly.
    pub accuracy: f64,
}

/// The trunk's shape, and how to find a position in it.
#[derive(Clone, Copy)]
pub(super) struct TrunkGrid {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl TrunkGrid {
    fn place(&self, image: usize, (row, column): (usize, usize)) -> std::ops::Range<usize> {
        let at = ((image * self.height + row) * self.width + column) * self.channels;
        at..at + self.channels
    }
}

impl PositionTraining {
    /// None where the networks have no classifier.
    pub fn new(workspace: &Workspace, layout: &Layout, values: &[f32], slope: f32) -> Option<Self> {
        let layers =
            ["position.fc1", "position.fc2", "position.fc3"].map(|name| layout.layer(name));
        let [Some(fc1), Some(fc2), Some(fc3)] = layers else {
            return None;
        };
        let layers = [fc1, fc2, fc3];
        let isa = workspace.isa();
        let weight = |layer: &LayerPlace| &values[layer.weight.clone()];
        Some(Self {
            head3: layout.layer("student.head3")?,
            forward: layers
                .each_ref()
                .map(|layer| fits(LinearWeights::pack(isa, weight(layer), layer.sizes))),
            backward: layers.each_ref().map(|layer| {
                fits(LinearWeights::pack_transposed(
                    isa,
                    weight(layer),
                    layer.sizes,
                ))
            }),
            layers,
            slope,
            differences: Default::default(),
            rows: Default::default(),
            of_rows: Default::default(),
            of_head3: Vec::new(),
        })
    }

    /// Takes over parameters that have changed.
    pub fn refresh(&mut self, values: &[f32]) {
        for weights in [&mut self.forward, &mut self.backward] {
            for (weights, layer) in weights.iter_mut().zip(&self.layers) {
                fits(weights.refresh(&values[layer.weight.clone()]));
            }
        }
    }

    /// Classifies pairs of positions of the trunk `[batch, height, width, c4]`; `head3` is ready
    /// for the forward pass.
    pub fn forward(
        &mut self,
        workspace: &mut Workspace,
        values: &[f32],
        (trunk, grid): (&[f32], TrunkGrid),
        pairs: &[Pair],
        head3: &LinearWeights,
    ) -> PairLosses {
        let n = pairs.len();
        let differences = room(&mut self.differences[0], n * grid.channels);
        for (pair, to) in pairs
            .iter()
            .zip(differences.chunks_exact_mut(grid.channels))
        {
            let centre = &trunk[grid.place(pair.image, pair.centre)];
            let neighbour = &trunk[grid.place(pair.image, pair.neighbour)];
            for ((to, a), b) in to.iter_mut().zip(centre).zip(neighbour) {
                *to = a - b;
            }
        }
        let plain = Epilogue::default();
        // Head 3's bias cancels in the difference.
        let features = room(&mut self.rows[0], n * self.head3.sizes[0]);
        fits(linear(
            workspace,
            n,
            differences,
            head3,
            None,
            plain,
            features,
        ));
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, after) = self.rows.split_at_mut(index + 1);
            let from = &before[index][..n * layer.sizes[1]];
            let to = room(&mut after[0], n * layer.sizes[0]);
            let bias = Some(&values[layer.bias.clone()]);
            let weights = &self.forward[index];
            fits(linear(workspace, n, from, weights, bias, plain, to));
            if index < 2 {
                for value in to {
                    *value = leaky(*value, self.slope);
                }
            }
        }
        self.cross_entropy(pairs)
    }

    /// `L_pos` of the logits, and its gradient times the number of pairs.
    fn cross_entropy(&mut self, pairs: &[Pair]) -> PairLosses {
        let n = pairs.len();
        let logits = self.rows[3][..8 * n].as_chunks::<8>().0;
        let gradients = room(&mut self.of_rows[3], 8 * n).as_chunks_mut::<8>().0;
        let (mut loss, mut right) = (0.0f64, 0);
        for ((pair, logits), gradient) in pairs.iter().zip(logits).zip(gradients) {
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = logits.iter().map(|v| f64::from(v - largest).exp()).sum();
            loss += sum.ln() - f64::from(logits[pair.class] - largest);
            let better = |best, i| if logits[i] > logits[best] { i } else { best };
            right += usize::from((0..8).fold(0, better) == pair.class);
            *gradient = softmax(*logits);
            gradient[pair.class] -= 1.0;
        }
        PairLosses {
            loss: (loss / n as f64) as f32,
            accuracy: right as f64 / n as f64,
        }
    }

    /// Backward from `scale · L_pos` to the parameters of the classifier. What it adds to head 3
    /// and to the trunk is kept for [`add_to_head3`](Self::add_to_head3) and
    /// [`add_to_trunk`](Self::add_to_trunk). `head3` is ready for the backward pass.
    pub fn backward(
        &mut self,
        workspace: &mut Workspace,
        n: usize,
        scale: f32,
        head3: &LinearWeights,
        gradients: &mut [f32],
    ) {
        let isa = workspace.isa();
        let plain = Epilogue::default();
        for value in &mut self.of_rows[3][..8 * n] {
            *value *= scale / n as f32;
        }
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = self.of_rows.split_at_mut(index + 1);
            let dy = &mut after[0][..n * layer.sizes[0]];
            if index < 2 {
                for (gradient, &y) in dy.iter_mut().zip(&self.rows[index + 1]) {
                    *gradient = if y > 0.0 {
                        *gradient
                    } else {
                        *gradient * self.slope
                    };
                }
            }
            let db = &mut gradients[layer.bias.clone()];
            fits(relu_bias_backward(isa, n, None, dy, db));
            let x = &self.rows[index][..n * layer.sizes[1]];
            let dw = &mut gradients[layer.weight.clone()];
            fits(linear_weight_gradient(workspace, n, x, dy, layer.sizes, dw));
            let dx = room(&mut before[index], n * layer.sizes[1]);
            fits(linear(
                workspace,
                n,
                dy,
                &self.backward[index],
                None,
                plain,
                dx,
            ));
        }
        let sizes = self.head3.sizes;
        let [differences, of_differences] = &mut self.differences;
        let differences = &differences[..n * sizes[1]];
        let dy = &self.of_rows[0][..n * sizes[0]];
        let dw = room(&mut self.of_head3, sizes[0] * sizes[1]);
        fits(linear_weight_gradient(
            workspace,
            n,
            differences,
            dy,
            sizes,
            dw,
        ));
        let dx = room(of_differences, n * sizes[1]);
        fits(linear(workspace, n, dy, head3, None, plain, dx));
    }

    /// Adds the pairs' part to the gradient of the trunk.
    pub fn add_to_trunk(&self, pairs: &[Pair], grid: TrunkGrid, of_trunk: &mut [f32]) {
        let rows = self.differences[1].chunks_exact(grid.channels);
        for (pair, row) in pairs.iter().zip(rows) {
            for (to, value) in of_trunk[grid.place(pair.image, pair.centre)]
                .iter_mut()
                .zip(row)
            {
                *to += value;
            }
            let neighbour = grid.place(pair.image, pair.neighbour);
            for (to, value) in of_trunk[neighbour].iter_mut().zip(row) {
                *to -= value;
            }
        }
    }

    /// Adds the pairs' part to the gradient of head 3's weight.
    pub fn add_to_head3(&self, gradients: &mut [f32]) {
        let to = &mut gradients[self.head3.weight.clone()];
        for (to, value) in to.iter_mut().zip(&self.of_head3) {
            *to += value;
        }
    }
}

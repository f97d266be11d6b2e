//! The classifier of a finished model at work: one product a position serves all of its pairs.

use oddspot_conv::linear::{LinearWeights, linear};
use oddspot_conv::{Epilogue, Workspace};

use super::pair_errors::PairErrors;
use super::pairs::{DIRECTIONS, PatchGrid};
use super::placement::Placement;
use crate::error::Result;
use crate::files::{NamedTensor, NamedTensors};
use crate::net::classifier::LAYERS;
use crate::net::forward::room;
use crate::net::leaky;
use crate::net::tensors::lacks;
use crate::settings::PairWeights;

/// The classifier behind the student's last head.
pub(super) struct Classifier {
    /// `W₁ W_head`: the first layer after the head. Both are linear and biases cancel in differences,
    /// `W(a − b) = Wa − Wb`.
    projection: LinearWeights,
    bias: Vec<f32>,
    second: Layer,
    third: Layer,
    slope: f32,
}

/// The classifier's first layer behind the student's last head, `W₁ W_head` `[hidden, trunk's channels]`, and its bias
/// `[hidden]`, which is added once to a difference.
///
/// # Errors
/// A tensor that is missing.
pub fn first_layer(tensors: &NamedTensors, head: &str) -> Result<(Vec<f32>, Vec<f32>)> {
    let first = find(tensors, LAYERS[0], "weight")?;
    let head = find(tensors, head, "weight")?;
    let bias = find(tensors, LAYERS[0], "bias")?.values.clone();
    let features = first.values.len() / bias.len().max(1);
    let channels = head.values.len() / features.max(1);
    let mut product = Vec::with_capacity(bias.len() * channels);
    for row in first.values.chunks_exact(features) {
        let mut sums = vec![0.0f64; channels];
        for (&factor, head) in row.iter().zip(head.values.chunks_exact(channels)) {
            for (sum, &value) in sums.iter_mut().zip(head) {
                *sum += f64::from(factor) * f64::from(value);
            }
        }
        product.extend(sums.into_iter().map(|sum| sum as f32));
    }
    Ok((product, bias))
}

fn find<'a>(tensors: &'a NamedTensors, layer: &str, part: &str) -> Result<&'a NamedTensor> {
    let name = format!("{layer}.{part}");
    tensors.get(&name).ok_or_else(|| lacks(&name))
}

/// A linear layer.
struct Layer {
    weights: LinearWeights,
    bias: Vec<f32>,
}

/// Memory of a pass, kept from image to image: of the projected positions, the pairs' two hidden
/// layers and their logits.
pub(super) struct Memory<'a>(pub &'a mut [Vec<f32>; 4]);

impl Classifier {
    pub fn new(
        workspace: &Workspace,
        tensors: &NamedTensors,
        head: &str,
        slope: f32,
    ) -> Result<Self> {
        let (product, bias) = first_layer(tensors, head)?;
        let channels = product.len() / bias.len().max(1);
        let isa = workspace.isa();
        let layer = |name: &str| -> Result<Layer> {
            let weight = find(tensors, name, "weight")?;
            let bias = find(tensors, name, "bias")?;
            let sizes = [
                bias.values.len(),
                weight.values.len() / bias.values.len().max(1),
            ];
            Ok(Layer {
                weights: LinearWeights::pack(isa, &weight.values, sizes)?,
                bias: bias.values.clone(),
            })
        };
        Ok(Self {
            projection: LinearWeights::pack(isa, &product, [bias.len(), channels])?,
            second: layer(LAYERS[1])?,
            third: layer(LAYERS[2])?,
            bias,
            slope,
        })
    }

    /// `e_pos` on the student's grid of `[height, width]` positions, from the trunk.
    pub fn e_pos(
        &self,
        workspace: &mut Workspace,
        (trunk, [height, width]): (&[f32], [usize; 2]),
        (grid, weights): (&PatchGrid, PairWeights),
        memory: Memory,
    ) -> Result<crate::maps::ScoreMap> {
        let hidden = self.bias.len();
        let positions = height * width;
        let [projected, first, rest @ ..] = memory.0;
        let projected = room(projected, positions * hidden);
        let (bias, plain) = (vec![0.0; hidden], Epilogue::default());
        let weights_of_first = &self.projection;
        linear(
            workspace,
            positions,
            trunk,
            weights_of_first,
            Some(&bias),
            plain,
            projected,
        )?;
        let mut errors = PairErrors::new(height, width);
        for class in grid.classes() {
            let (rows, columns) = grid.centres(class);
            let (down, across) = grid.neighbour((rows.start, columns.start), class);
            let pairs = rows.len() * columns.len();
            let first = room(first, pairs * hidden);
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
            let of_pairs = self.probabilities(workspace, pairs, first, rest)?;
            let probabilities = of_pairs.map(|of_classes| of_classes[class]);
            errors.set(grid, class, probabilities);
        }
        Ok(errors.e_pos(grid, weights))
    }

    /// What is said of one position of the image whose `e_pos` was computed last with this memory.
    /// `width`: positions in a row.
    pub fn placement(
        &self,
        workspace: &mut Workspace,
        width: usize,
        grid: &PatchGrid,
        position: (usize, usize),
        memory: Memory,
    ) -> Result<Placement> {
        let hidden = self.bias.len();
        let classes = grid.classes_at(position);
        let [projected, first, rest @ ..] = memory.0;
        let first = room(first, classes.len() * hidden);
        let at = |(row, column): (usize, usize)| (row * width + column) * hidden;
        for (&class, to) in classes.iter().zip(first.chunks_exact_mut(hidden)) {
            let centre = &projected[at(position)..][..hidden];
            let neighbour = &projected[at(grid.neighbour(position, class))..][..hidden];
            self.first_layer(centre, neighbour, to);
        }
        let probabilities = self.probabilities(workspace, classes.len(), first, rest)?;
        let probabilities = classes.iter().copied().zip(probabilities);
        Ok(Placement::new(grid, position, probabilities))
    }

    /// A pair's first hidden layer from its projected positions.
    fn first_layer(&self, centre: &[f32], neighbour: &[f32], to: &mut [f32]) {
        for (i, to) in to.iter_mut().enumerate() {
            *to = leaky(centre[i] - neighbour[i] + self.bias[i], self.slope);
        }
    }

    /// The classes' probabilities for each of the pairs, from their first hidden layers.
    fn probabilities<'a>(
        &self,
        workspace: &mut Workspace,
        pairs: usize,
        first: &[f32],
        [second, logits]: &'a mut [Vec<f32>; 2],
    ) -> Result<impl Iterator<Item = [f32; 8]> + 'a> {
        let second = room(second, pairs * self.bias.len());
        self.second.run(workspace, pairs, first, second)?;
        for value in second.iter_mut() {
            *value = leaky(*value, self.slope);
        }
        let logits = room(logits, pairs * DIRECTIONS.len());
        self.third.run(workspace, pairs, second, logits)?;
        let logits = logits.as_chunks::<8>().0;
        Ok(logits.iter().map(|logits| softmax(*logits)))
    }
}

impl Layer {
    fn run(&self, workspace: &mut Workspace, rows: usize, x: &[f32], y: &mut [f32]) -> Result<()> {
        let plain = Epilogue::default();
        linear(
            workspace,
            rows,
            x,
            &self.weights,
            Some(&self.bias),
            plain,
            y,
        )?;
        Ok(())
    }
}

/// Probabilities of logits.
pub(crate) fn softmax(logits: [f32; 8]) -> [f32; 8] {
    let largest = logits.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let exponentials = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = exponentials.iter().sum();
    exponentials.map(|value| value / sum)
}

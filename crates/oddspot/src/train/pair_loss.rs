//! `L_pos` of a step's pairs: from the trunk through the student's last head and the classifier, and
//! back.

use oddspot_conv::linear::{linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Shape, Workspace};

use crate::error::{Error, Result};
use crate::net::forward::room;
use crate::net::learned::Learned;
use crate::net::network::Value;
use crate::net::tensors::{LayerPlace, Layout};
use crate::net::training_pass::{Backward, TrainingMemory, TrainingPass};
use crate::settings::Settings;
use crate::terms::position::{Pair, softmax};

/// The classifier in training.
pub(super) struct PairPasses {
    classifier: TrainingPass,
    /// Where the logits are.
    logits: Value,
    /// The student's last head.
    head: (String, LayerPlace),
    trunk: Value,
    grid: Shape,
    /// Differences of the pairs: of the trunk `[pairs, c4]`, and the gradient of them.
    differences: [Vec<f32>; 2],
    /// Differences of the features `[pairs, D]`, what the classifier takes.
    features: Vec<f32>,
    memory: TrainingMemory,
    of_maps: TrainingMemory,
    of_head: Vec<f32>,
}

/// What the pairs of a step say.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairLosses {
    /// `L_pos`.
    pub loss: f32,
    /// Share of pairs placed rightly.
    pub accuracy: f64,
}

/// The values of a position of a map, row-major.
fn place(grid: Shape, image: usize, (row, column): (usize, usize)) -> std::ops::Range<usize> {
    let at = ((image * grid.height + row) * grid.width + column) * grid.channels;
    at..at + grid.channels
}

impl PairPasses {
    /// None where the networks have no classifier.
    pub fn new(
        workspace: &Workspace,
        settings: &Settings,
        learned: &Learned,
        layout: &Layout,
        values: &[f32],
    ) -> Result<Option<Self>> {
        let Some(network) = &learned.classifier else {
            return Ok(None);
        };
        let pairs = settings.training.batch * settings.position.pairs;
        let features = learned.levels.last().map_or(0, |level| level.channels);
        let input = Shape::new(1, 1, pairs, features);
        let head = &learned.student()?.head;
        let place = layout.layer(head);
        let place = place.ok_or_else(|| Error::internal("a layout without the last head"))?;
        let (size, trunk) = (settings.image_size, learned.student()?.trunk());
        let batch = Shape::new(settings.training.batch, size.height, size.width, 3);
        let shapes = learned.student()?.network.shapes(batch)?;
        Ok(Some(Self {
            logits: network.layers().len(),
            classifier: TrainingPass::new(workspace, network, layout, values, input)?,
            head: (head.clone(), place),
            trunk,
            grid: shapes[trunk],
            differences: Default::default(),
            features: Vec::new(),
            memory: TrainingMemory::default(),
            of_maps: TrainingMemory::default(),
            of_head: Vec::new(),
        }))
    }

    /// Takes over parameters that have changed.
    pub fn refresh(&mut self, values: &[f32]) -> Result<()> {
        self.classifier.refresh(values)
    }

    /// Classifies pairs of positions of the trunk.
    pub fn forward(
        &mut self,
        workspace: &mut Workspace,
        values: &[f32],
        (student, maps): (&TrainingPass, &TrainingMemory),
        pairs: &[Pair],
    ) -> Result<PairLosses> {
        let (grid, sizes) = (self.grid, self.head.1.sizes);
        let trunk = student.map(self.trunk, maps);
        let differences = room(&mut self.differences[0], pairs.len() * grid.channels);
        for (pair, to) in pairs
            .iter()
            .zip(differences.chunks_exact_mut(grid.channels))
        {
            let centre = &trunk[place(grid, pair.image, pair.centre)];
            let neighbour = &trunk[place(grid, pair.image, pair.neighbour)];
            for ((to, a), b) in to.iter_mut().zip(centre).zip(neighbour) {
                *to = a - b;
            }
        }
        // The head's bias cancels in the difference.
        let head = student
            .layer(&self.head.0)
            .and_then(|layer| layer.forward());
        let head = head.ok_or_else(|| Error::internal("a student without its last head"))?;
        let features = room(&mut self.features, pairs.len() * sizes[0]);
        let plain = Epilogue::default();
        linear(
            workspace,
            pairs.len(),
            differences,
            head,
            None,
            plain,
            features,
        )?;
        self.classifier
            .forward(workspace, values, features, &mut self.memory)?;
        Ok(self.cross_entropy(pairs))
    }

    /// `L_pos` of the logits, and in their place its gradient times the number of pairs.
    fn cross_entropy(&mut self, pairs: &[Pair]) -> PairLosses {
        let logits = self.classifier.map_mut(self.logits, &mut self.memory);
        let (mut loss, mut right) = (0.0f64, 0);
        for (pair, logits) in pairs.iter().zip(logits.as_chunks_mut::<8>().0) {
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = logits.iter().map(|v| f64::from(v - largest).exp()).sum();
            loss += sum.ln() - f64::from(logits[pair.class] - largest);
            let better = |best, i| if logits[i] > logits[best] { i } else { best };
            right += usize::from((0..8).fold(0, better) == pair.class);
            *logits = softmax(*logits);
            logits[pair.class] -= 1.0;
        }
        let n = pairs.len();
        PairLosses {
            loss: (loss / n as f64) as f32,
            accuracy: right as f64 / n as f64,
        }
    }

    /// Backward from `scale · L_pos` to the parameters of the classifier. What it adds to the head
    /// and to the trunk is kept for [`add_to_head`](Self::add_to_head) and
    /// [`add_to_trunk`](Self::add_to_trunk).
    pub fn backward(
        &mut self,
        workspace: &mut Workspace,
        values: &[f32],
        scale: f32,
        student: &TrainingPass,
        gradients: &mut [f32],
    ) -> Result<()> {
        let sizes = self.head.1.sizes;
        let logits = self.classifier.map_mut(self.logits, &mut self.memory);
        let n = logits.len() / 8;
        for value in logits {
            *value *= scale / n as f32;
        }
        let work = Backward {
            values,
            input: &self.features[..n * sizes[0]],
            memory: &mut self.memory,
            of: &mut self.of_maps,
            gradients,
            of_input: true,
        };
        self.classifier.backward(workspace, work, |_, _| {})?;
        let [differences, of_differences] = &mut self.differences;
        let differences = &differences[..n * sizes[1]];
        let dy = &self.of_maps.maps[0][..n * sizes[0]];
        let dw = room(&mut self.of_head, sizes[0] * sizes[1]);
        linear_weight_gradient(workspace, n, differences, dy, sizes, dw)?;
        let head = student
            .layer(&self.head.0)
            .and_then(|layer| layer.backward());
        let head = head.ok_or_else(|| Error::internal("a student without its last head"))?;
        let dx = room(of_differences, n * sizes[1]);
        linear(workspace, n, dy, head, None, Epilogue::default(), dx)?;
        Ok(())
    }

    /// Adds the pairs' part to the gradient of a value, if it is the trunk.
    pub fn add_to_trunk(&self, value: Value, pairs: &[Pair], of_trunk: &mut [f32]) {
        if value != self.trunk {
            return;
        }
        let rows = self.differences[1].chunks_exact(self.grid.channels);
        for (pair, row) in pairs.iter().zip(rows) {
            let centre = place(self.grid, pair.image, pair.centre);
            for (to, value) in of_trunk[centre].iter_mut().zip(row) {
                *to += value;
            }
            let neighbour = place(self.grid, pair.image, pair.neighbour);
            for (to, value) in of_trunk[neighbour].iter_mut().zip(row) {
                *to -= value;
            }
        }
    }

    /// Adds the pairs' part to the gradient of the head's weight.
    pub fn add_to_head(&self, gradients: &mut [f32]) {
        let to = &mut gradients[self.head.1.weight.clone()];
        for (to, value) in to.iter_mut().zip(&self.of_head) {
            *to += value;
        }
    }
}

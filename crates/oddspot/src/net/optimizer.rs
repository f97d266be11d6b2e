//! What turns gradients into steps: Adam, and Muon for the convolutions' weights.

use std::ops::Range;

use oddspot_conv::Workspace;
use oddspot_conv::adam::Adam;
use oddspot_conv::muon::{MOMENTUM, Muon};

use super::tensors::Layout;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::settings::{Optimizer, TrainingSettings};

/// An optimizer of all values of a layout, with its moments.
pub struct Steps {
    adam: Adam,
    /// Places that Adam updates, and whether they know weight decay.
    adams: Vec<(Range<usize>, bool)>,
    /// Places of the matrices that Muon updates, and their sizes; their momentum is the first of
    /// the moments.
    muons: Vec<(Range<usize>, [usize; 2])>,
    moments: [Vec<f32>; 2],
}

impl Steps {
    /// The optimizer of some settings; tensors whose name begins with `undecayed` know no weight
    /// decay.
    pub fn new(settings: &TrainingSettings, layout: &Layout, undecayed: &str) -> Self {
        let mut adams = Vec::new();
        let mut muons = Vec::new();
        for (tensor, place) in layout.iter() {
            // A convolution's weight as a matrix: outputs, and inputs times the kernel's places.
            let muon = settings.optimizer == Optimizer::Muon && tensor.shape.len() == 4;
            match muon {
                true => muons.push((place, [tensor.shape[0], tensor.shape[1..].iter().product()])),
                false => adams.push((place, !tensor.name.starts_with(undecayed))),
            }
        }
        Self {
            adam: Adam {
                learning_rate: 0.0,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: settings.weight_decay as f32,
                step: 0,
            },
            adams,
            muons,
            moments: [vec![0.0; layout.count()], vec![0.0; layout.count()]],
        }
    }

    /// Whether no step was made yet.
    pub fn is_first(&self) -> bool {
        self.adam.step == 0
    }

    /// One step.
    ///
    /// # Errors
    /// Values or gradients of another layout.
    pub fn step(
        &mut self,
        workspace: &mut Workspace,
        values: &mut [f32],
        gradients: &[f32],
        learning_rate: f64,
    ) -> Result<()> {
        self.adam.step += 1;
        let learning_rate = learning_rate as f32;
        let muon = Muon {
            learning_rate,
            momentum: MOMENTUM,
        };
        let [first, second] = &mut self.moments;
        for (place, sizes) in &self.muons {
            let weight = &mut values[place.clone()];
            let gradient = &gradients[place.clone()];
            let momentum = &mut first[place.clone()];
            muon.update(workspace, *sizes, weight, gradient, momentum)?;
        }
        let isa = workspace.isa();
        for (place, decayed) in &self.adams {
            let adam = Adam {
                learning_rate,
                weight_decay: match decayed {
                    true => self.adam.weight_decay,
                    false => 0.0,
                },
                ..self.adam
            };
            let at = || place.clone();
            adam.update(
                isa,
                &mut values[at()],
                &gradients[at()],
                &mut first[at()],
                &mut second[at()],
            )?;
        }
        Ok(())
    }

    /// The state: the number of steps made (64 bits), then both moments of all values (32-bit
    /// floats), little-endian.
    pub fn state(&self) -> Vec<u8> {
        let steps = self.adam.step as u64;
        let moments = self.moments.iter().flatten();
        steps
            .to_le_bytes()
            .into_iter()
            .chain(moments.flat_map(|value| value.to_le_bytes()))
            .collect()
    }

    /// Goes on from a [`state`](Self::state).
    ///
    /// # Errors
    /// A state of another layout.
    pub fn set_state(&mut self, bytes: &[u8]) -> Result<()> {
        let fail = |reason: String| Error::new(ErrorKind::Damaged, Subject::Checkpoint, reason);
        let count = self.moments[0].len();
        let needed = 8 + 8 * count;
        let Some((steps, moments)) = bytes
            .split_first_chunk::<8>()
            .filter(|_| bytes.len() == needed)
        else {
            return Err(fail(format!(
                "the optimizer's state in it has {} bytes, not {needed}",
                bytes.len()
            )));
        };
        self.adam.step = i32::try_from(u64::from_le_bytes(*steps))
            .map_err(|_| fail("the optimizer's state in it counts too many steps".to_owned()))?;
        let values = moments.as_chunks::<4>().0.iter();
        let values = values.map(|b| f32::from_le_bytes(*b));
        for (to, value) in self.moments.iter_mut().flatten().zip(values) {
            *to = value;
        }
        Ok(())
    }
}

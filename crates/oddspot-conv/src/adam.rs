//! One step of Adam (Kingma & Ba, 2015), with an L2 penalty in the gradient, as PyTorch's.

use rayon::prelude::*;

use crate::shape::{Result, check_length};
use crate::simd::{Isa, Kernel, Vector};

/// Settings of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate.
    pub learning_rate: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Added to the denominator.
    pub epsilon: f32,
    /// L2 penalty: times the parameter, added to its gradient.
    pub weight_decay: f32,
    /// Steps made, this one included: 1 for the first.
    pub step: i32,
}

/// Parameters that one task updates.
const BLOCK: usize = 16_384;

impl Adam {
    /// Updates parameters and moments of the same length.
    ///
    /// # Errors
    /// Slices of different lengths.
    pub fn update(
        &self,
        isa: Isa,
        parameters: &mut [f32],
        gradients: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) -> Result<()> {
        let needed = parameters.len();
        check_length("the gradient", needed, gradients)?;
        check_length("the first moment", needed, first)?;
        check_length("the second moment", needed, second)?;
        let adam = *self;
        parameters
            .par_chunks_mut(BLOCK)
            .zip(gradients.par_chunks(BLOCK))
            .zip(first.par_chunks_mut(BLOCK))
            .zip(second.par_chunks_mut(BLOCK))
            .for_each(|(((parameters, gradients), first), second)| {
                isa.run(Block {
                    adam,
                    parameters,
                    gradients,
                    first,
                    second,
                });
            });
        Ok(())
    }
}

struct Block<'a> {
    adam: Adam,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let adam = self.adam;
        let correction1 = 1.0 - f64::from(adam.beta1).powi(adam.step);
        let correction2 = 1.0 - f64::from(adam.beta2).powi(adam.step);
        // SAFETY: all four have the same length.
        unsafe {
            let rate = V::splat((f64::from(adam.learning_rate) / correction1) as f32);
            let scale = V::splat((1.0 / correction2.sqrt()) as f32);
            let (beta1, rest1) = (V::splat(adam.beta1), V::splat(1.0 - adam.beta1));
            let (beta2, rest2) = (V::splat(adam.beta2), V::splat(1.0 - adam.beta2));
            let (epsilon, decay) = (V::splat(adam.epsilon), V::splat(adam.weight_decay));
            let mut at = 0;
            while at < self.parameters.len() {
                let lanes = (self.parameters.len() - at).min(V::LANES);
                let to = self.parameters.as_mut_ptr().add(at);
                let (to1, to2) = (
                    self.first.as_mut_ptr().add(at),
                    self.second.as_mut_ptr().add(at),
                );
                let parameter = V::load_first(to, lanes);
                let gradient = V::load_first(self.gradients.as_ptr().add(at), lanes);
                let gradient = parameter.mul_add(decay, gradient);
                let moment1 = V::load_first(to1, lanes).mul_add(beta1, gradient.mul(rest1));
                let square = gradient.mul(gradient).mul(rest2);
                let moment2 = V::load_first(to2, lanes).mul_add(beta2, square);
                let denominator = moment2.sqrt().mul_add(scale, epsilon);
                let update = moment1.mul(rate).div(denominator);
                parameter.sub(update).store_first(to, lanes);
                moment1.store_first(to1, lanes);
                moment2.store_first(to2, lanes);
                at += lanes;
            }
        }
    }
}

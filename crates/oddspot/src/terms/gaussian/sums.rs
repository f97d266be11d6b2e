//! The sums that a Gaussian comes from; and what was fitted before, as its sums again: images that are no
//! longer there count on.

use oddspot_conv::Workspace;
use oddspot_conv::factor::{invert_factor, triangle};
use oddspot_conv::linear::linear_weight_gradient;

use super::{Fitted, Gaussian};
use crate::error::Result;

/// Sums over some pieces of a block's features, less the block's centre.
#[derive(Clone)]
pub(super) struct Sums {
    pub pieces: usize,
    /// Of each place's window means, `[places, channels]`.
    pub means: Vec<f32>,
    /// Of their products over the window, `[channels, channels]`.
    pub products: Vec<f32>,
}

impl Sums {
    pub fn nothing(places: usize, channels: usize) -> Self {
        Self {
            pieces: 0,
            means: vec![0.0; places * channels],
            products: vec![0.0; channels * channels],
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.pieces += other.pieces;
        let add = |to: &mut [f32], from: &[f32]| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        };
        add(&mut self.means, &other.means);
        add(&mut self.products, &other.products);
    }
}

/// A level's block as it was fitted before, to images that are no longer there.
pub(super) struct Known<'a> {
    pieces: usize,
    level: &'a Fitted,
    /// `W` of the block, its rows one after the other, and their scales.
    rows: &'a [i8],
    scales: &'a [f32],
}

impl<'a> Known<'a> {
    /// None where there are no pieces.
    pub fn of(term: &'a Gaussian, at: usize, block: usize, pieces: usize) -> Option<Self> {
        let level = term.levels.get(at).filter(|_| pieces > 0)?;
        let channels = level.scales.len() / term.blocks.count();
        let size = triangle(channels);
        Some(Self {
            pieces,
            level,
            rows: &level.rows[block * size..][..size],
            scales: &level.scales[block * channels..][..channels],
        })
    }

    fn mean(&self, place: usize) -> &[f32] {
        let channels = self.scales.len();
        &self.level.mean[place * channels..][..channels]
    }

    /// The mean of the places' means.
    pub fn centre(&self, places: &[usize], channels: usize) -> Vec<f32> {
        let mut centre = vec![0.0; channels];
        for &place in places {
            let share = 1.0 / places.len() as f32;
            (centre.iter_mut().zip(self.mean(place))).for_each(|(sum, mean)| *sum += share * mean);
        }
        centre
    }

    /// The sums that give this mean and this covariance again, less what drew it to that of channels without
    /// correlation.
    pub fn sums(
        &self,
        places: &[usize],
        centre: &[f32],
        shrinkage: f32,
        workspace: &mut Workspace,
    ) -> Result<Sums> {
        let channels = centre.len();
        let pieces = self.pieces as f32;
        let mut factor = vec![0.0; channels * channels];
        for (row, scale) in self.scales.iter().enumerate() {
            let values = &self.rows[triangle(row)..][..=row];
            let to = &mut factor[row * channels..][..=row];
            (to.iter_mut().zip(values)).for_each(|(to, &step)| *to = scale * f32::from(step));
        }
        // C = W⁻¹ W⁻ᵀ.
        let mut packed = vec![0.0; triangle(channels)];
        invert_factor(workspace.isa(), channels, &factor, &mut packed)?;
        factor.fill(0.0);
        for row in 0..channels {
            for (column, &value) in packed[triangle(row)..][..=row].iter().enumerate() {
                factor[column * channels + row] = value;
            }
        }
        let mut sums = Sums::nothing(places.len(), channels);
        let sizes = [channels, channels];
        linear_weight_gradient(
            workspace,
            channels,
            &factor,
            &factor,
            sizes,
            &mut sums.products,
        )?;
        let diagonal = || (0..channels).map(|at| at * channels + at);
        let trace: f32 = diagonal().map(|at| sums.products[at]).sum();
        let ridge = shrinkage / (1.0 + shrinkage) * trace / channels.max(1) as f32;
        diagonal().for_each(|at| sums.products[at] = (sums.products[at] - ridge).max(0.0));
        sums.pieces = self.pieces;
        sums.products.iter_mut().for_each(|sum| *sum *= pieces);
        let share = pieces / places.len().max(1) as f32;
        for (index, &place) in places.iter().enumerate() {
            let mean: Vec<f32> = (self.mean(place).iter().zip(centre))
                .map(|(mean, centre)| mean - centre)
                .collect();
            for (row, own) in sums.products.chunks_exact_mut(channels).zip(&mean) {
                (row.iter_mut().zip(&mean)).for_each(|(sum, other)| *sum += share * own * other);
            }
            let to = &mut sums.means[index * channels..][..channels];
            to.iter_mut()
                .zip(&mean)
                .for_each(|(to, mean)| *to = pieces * mean);
        }
        Ok(sums)
    }
}

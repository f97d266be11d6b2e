//! The weight gradient: `dU = Σ_tiles V (A dY Aᵀ)ᵀ` for each element of the tile, then
//! `Gᵀ dU G`.

use std::ops::Range;

use rayon::prelude::*;

use super::matrices::PRODUCTS;
use super::tile_transforms::{Domain, gradient_tile, input_tile};
use super::tiles::Tiles;
use super::weights::{SKEW, filter_gradients};
use crate::panel::{Matrix, add_outer, panel_width};
use crate::shape::Conv3x3;
use crate::simd::{Kernel, Vector};
use crate::workspace::{SharedMut, Workspace};

/// Tiles that are transformed and summed up together. The sums of a tile do not depend on it.
const CHUNK_TILES: usize = 192;

/// `dw` `[outputs, inputs, 3, 3]` from the input and the output's gradient. Slices have been
/// checked.
pub(crate) fn weight_gradient(
    workspace: &mut Workspace,
    conv: Conv3x3,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let isa = workspace.isa();
    let (inputs, outputs) = (conv.input.channels, conv.outputs);
    let padded_inputs = inputs.next_multiple_of(isa.lanes());
    let padded_outputs = outputs.next_multiple_of(panel_width(isa.lanes()));
    let tiles = Tiles::new(conv);
    let count = tiles.count();
    let chunk = count.min(CHUNK_TILES);
    let [zeros, shared, sums] = &mut workspace.shared;
    let zeros = zeros.zeroed(inputs.max(outputs));
    let scratch =
        shared.take(Domain::len(chunk, padded_inputs) + Domain::len(chunk, padded_outputs));
    // Rows of gradients are padded to panels, which the transform does not write.
    let (of_inputs, of_outputs) = scratch.split_at_mut(Domain::len(chunk, padded_inputs));
    if padded_outputs > outputs {
        of_outputs.fill(0.0);
    }
    let product = inputs * padded_outputs + SKEW;
    let sums = sums.take(PRODUCTS * product);
    for first in (0..count).step_by(chunk) {
        let part = Part {
            tiles,
            first,
            count: chunk.min(count - first),
            conv,
            x: x.as_ptr(),
            dy: dy.as_ptr(),
            zeros: zeros.as_ptr(),
            inputs: Domain::new(of_inputs.as_mut_ptr(), chunk, padded_inputs),
            outputs: Domain::new(of_outputs.as_mut_ptr(), chunk, padded_outputs),
            padded_outputs,
            sums: SharedMut::new(sums),
            product,
        };
        const RUN: usize = 4;
        (0..part.count.div_ceil(RUN))
            .into_par_iter()
            .for_each(|index| {
                let run = index * RUN..((index + 1) * RUN).min(part.count);
                isa.run(Transforms(&part, run));
            });
        let panels = padded_outputs / panel_width(isa.lanes());
        (0..PRODUCTS).into_par_iter().for_each(|product| {
            isa.run(Sums(&part, product, 0..panels));
        });
    }
    filter_gradients(isa, sums, product, [outputs, inputs], dw);
}

/// Some tiles, with the scratch memory of both transforms and the running sums.
struct Part {
    tiles: Tiles,
    first: usize,
    count: usize,
    conv: Conv3x3,
    x: *const f32,
    dy: *const f32,
    zeros: *const f32,
    inputs: Domain,
    outputs: Domain,
    padded_outputs: usize,
    sums: SharedMut,
    /// Distance of two products' sums, `[inputs, padded outputs]` each.
    product: usize,
}

// SAFETY: threads transform tiles of their own, and add to products of their own.
unsafe impl Sync for Part {}

struct Transforms<'a>(&'a Part, Range<usize>);

impl Kernel for Transforms<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let part = self.0;
        let (inputs, outputs) = (part.conv.input.channels, part.conv.outputs);
        for tile in self.1 {
            let at = part.first + tile;
            // SAFETY: each tile is in one run; slices and scratch were sized for it.
            unsafe {
                input_tile::<V>(
                    &part.tiles,
                    at,
                    part.x,
                    inputs,
                    part.zeros,
                    part.inputs,
                    tile,
                );
                gradient_tile::<V>(
                    &part.tiles,
                    at,
                    part.dy,
                    outputs,
                    part.zeros,
                    part.outputs,
                    tile,
                );
            }
        }
    }
}

struct Sums<'a>(&'a Part, usize, Range<usize>);

impl Kernel for Sums<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (part, product) = (self.0, self.1);
        let width = panel_width(V::LANES);
        for panel in self.2 {
            // SAFETY: each product is in one task, and both its operands were made before.
            unsafe {
                add_outer::<V>(
                    part.conv.input.channels,
                    part.count,
                    Matrix {
                        at: part.inputs.at.add(product * part.inputs.product),
                        stride: part.inputs.tile,
                    },
                    Matrix {
                        at: part
                            .outputs
                            .at
                            .add(product * part.outputs.product + panel * width),
                        stride: part.outputs.tile,
                    },
                    part.sums.get().add(product * part.product + panel * width),
                    part.padded_outputs,
                    part.first > 0,
                );
            }
        }
    }
}

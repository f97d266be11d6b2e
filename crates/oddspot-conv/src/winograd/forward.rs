//! The forward pass, which is the input gradient's too (on rotated weights).

use std::ops::Range;

use rayon::prelude::*;

use super::matrices::PRODUCTS;
use super::tile_transforms::{Domain, Output, input_tile, output_tile};
use super::tiles::Tiles;
use super::weights::TransformedWeights;
use crate::epilogue::Epilogue;
use crate::panel::{Rows, TILE_ROWS, panel_width, times_panel};
use crate::shape::Conv3x3;
use crate::simd::{Isa, Kernel, Vector};
use crate::workspace::{SharedMut, Workspace};

/// Largest number of weights for which each thread takes blocks of tiles through all three
/// steps: the transformed weights are read anew for every block and must stay in the cache.
const MOST_FUSED_WEIGHTS: usize = 256 * 256;
/// Bytes of a block in the Winograd domain: it shares a thread's second-level cache.
const BLOCK_BYTES: usize = 640 << 10;
/// Tiles of a block, at least (a multiple of the register tile's rows).
const FEWEST_BLOCK_TILES: usize = 24;
/// Tiles that go through the three steps together when all threads share them.
const MOST_SHARED_TILES: usize = 384;

/// `y = conv(x) + bias`. Slices have been checked.
pub(crate) fn forward(
    workspace: &mut Workspace,
    conv: Conv3x3,
    x: &[f32],
    weights: &TransformedWeights,
    bias: Option<&[f32]>,
    epilogue: Epilogue,
    y: &mut [f32],
) {
    let isa = workspace.isa();
    let [zeros, shared, _] = &mut workspace.shared;
    let inputs = conv.input.channels;
    let pass = Pass {
        tiles: Tiles::new(conv),
        inputs,
        padded_inputs: inputs.next_multiple_of(isa.lanes()),
        padded_outputs: weights.padded_outputs(),
        x: x.as_ptr(),
        zeros: zeros.zeroed(inputs).as_ptr(),
        weights,
        output: Output {
            at: y.as_mut_ptr(),
            channels: conv.outputs,
            stride: y.len() / conv.input.positions(),
            bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            epilogue,
        },
    };
    let count = pass.tiles.count();
    let few = count < 2 * FEWEST_BLOCK_TILES * rayon::current_num_threads();
    if few || inputs * conv.outputs > MOST_FUSED_WEIGHTS {
        let chunk = count.min(MOST_SHARED_TILES);
        let scratch = SharedMut::new(shared.take(pass.scratch(chunk)));
        for first in (0..count).step_by(chunk) {
            // SAFETY: the scratch has room for a chunk, and the steps of chunks do not overlap.
            let part = unsafe { pass.part(first, chunk.min(count - first), scratch.get()) };
            part.together(isa);
        }
        return;
    }
    let per_tile = 4 * PRODUCTS * (pass.padded_inputs + pass.padded_outputs);
    let block = (BLOCK_BYTES / per_tile / TILE_ROWS * TILE_ROWS).max(FEWEST_BLOCK_TILES);
    let locals = workspace.locals.ready();
    (0..count.div_ceil(block))
        .into_par_iter()
        .for_each(|index| {
            let first = index * block;
            let mut scratch = locals.mine();
            let scratch = scratch.take(pass.scratch(block)).as_mut_ptr();
            // SAFETY: the scratch has room for a block and is this thread's alone.
            let part = unsafe { pass.part(first, block.min(count - first), scratch) };
            isa.run(Alone(part));
        });
}

/// A convolution in progress.
#[derive(Clone, Copy)]
struct Pass<'a> {
    tiles: Tiles,
    inputs: usize,
    padded_inputs: usize,
    padded_outputs: usize,
    x: *const f32,
    zeros: *const f32,
    weights: &'a TransformedWeights,
    output: Output,
}

// SAFETY: threads read what `x`, `zeros` and the bias point at, and write disjoint tiles of the
// output.
unsafe impl Sync for Pass<'_> {}

impl<'a> Pass<'a> {
    /// Values of scratch memory for some tiles.
    fn scratch(&self, tiles: usize) -> usize {
        Domain::len(tiles, self.padded_inputs) + Domain::len(tiles, self.padded_outputs)
    }

    /// The part of some tiles.
    ///
    /// # Safety
    /// `scratch` has room for [`scratch`](Self::scratch) values, and no other part uses it.
    unsafe fn part(&self, first: usize, tiles: usize, scratch: *mut f32) -> Part<'a> {
        let inputs = Domain::new(scratch, tiles, self.padded_inputs);
        // SAFETY: the caller's.
        let after = unsafe { scratch.add(Domain::len(tiles, self.padded_inputs)) };
        Part {
            pass: *self,
            first,
            tiles,
            inputs,
            products: Domain::new(after, tiles, self.padded_outputs),
        }
    }
}

/// Some tiles of a pass, with their scratch memory.
#[derive(Clone, Copy)]
struct Part<'a> {
    pass: Pass<'a>,
    first: usize,
    tiles: usize,
    inputs: Domain,
    products: Domain,
}

// SAFETY: the scratch memory is this part's alone, and its threads share it out among them.
unsafe impl Sync for Part<'_> {}

impl Part<'_> {
    /// `V = Bᵀ d B` of a tile of the part.
    ///
    /// # Safety
    /// The processor has `V`'s instruction set; no other thread works on this tile.
    #[inline(always)]
    unsafe fn transform_input<V: Vector>(&self, tile: usize) {
        let Pass {
            tiles,
            x,
            inputs,
            zeros,
            ..
        } = &self.pass;
        // SAFETY: the caller's; slices and scratch were sized for it.
        unsafe {
            input_tile::<V>(
                tiles,
                self.first + tile,
                *x,
                *inputs,
                *zeros,
                self.inputs,
                tile,
            );
        }
    }

    /// `M = U V` of one element of the tiles, for one panel of outputs.
    ///
    /// # Safety
    /// As [`transform_input`](Self::transform_input), for this panel; all inputs are there.
    #[inline(always)]
    unsafe fn multiply<V: Vector>(&self, product: usize, panel: usize) {
        let width = panel_width(V::LANES);
        let weights = self.pass.weights.product(product);
        // SAFETY: the caller's; panel `panel` of `[panels][inputs][width]` is there.
        unsafe {
            times_panel::<V>(
                self.tiles,
                self.pass.inputs,
                self.inputs.at.add(product * self.inputs.product),
                self.inputs.tile,
                weights.as_ptr().add(panel * self.pass.inputs * width),
                Rows {
                    to: self
                        .products
                        .at
                        .add(product * self.products.product + panel * width),
                    stride: self.products.tile,
                },
            );
        }
    }

    /// `Y = Aᵀ M A` of a tile of the part.
    ///
    /// # Safety
    /// As [`transform_input`](Self::transform_input); all products are there.
    #[inline(always)]
    unsafe fn transform_output<V: Vector>(&self, tile: usize) {
        let pass = &self.pass;
        // SAFETY: the caller's; slices and scratch were sized for it.
        unsafe {
            let at = self.first + tile;
            output_tile::<V>(&pass.tiles, at, self.products, tile, pass.output);
        }
    }

    /// All three steps, each shared by all threads: the weights are read once for all tiles.
    fn together(&self, isa: Isa) {
        const RUN: usize = 4;
        let runs = (0..self.tiles.div_ceil(RUN)).into_par_iter();
        let run = |index: usize| index * RUN..((index + 1) * RUN).min(self.tiles);
        runs.clone()
            .for_each(|index| isa.run(Inputs(self, run(index))));
        let panels = self.pass.padded_outputs / panel_width(isa.lanes());
        // A few panels of one product at a time reuse its inputs from the cache.
        let group = panels.div_ceil(4);
        let groups = panels.div_ceil(group);
        (0..PRODUCTS * groups).into_par_iter().for_each(|task| {
            let first = task % groups * group;
            let panels = first..(first + group).min(panels);
            isa.run(Products(self, task / groups, panels));
        });
        runs.for_each(|index| isa.run(Outputs(self, run(index))));
    }
}

/// All three steps by one thread, in its own cache.
struct Alone<'a>(Part<'a>);

impl Kernel for Alone<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let part = &self.0;
        // SAFETY: the part is this thread's alone.
        unsafe {
            for tile in 0..part.tiles {
                part.transform_input::<V>(tile);
            }
            for product in 0..PRODUCTS {
                for panel in 0..part.pass.padded_outputs / panel_width(V::LANES) {
                    part.multiply::<V>(product, panel);
                }
            }
            for tile in 0..part.tiles {
                part.transform_output::<V>(tile);
            }
        }
    }
}

struct Inputs<'a>(&'a Part<'a>, Range<usize>);

impl Kernel for Inputs<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for tile in self.1 {
            // SAFETY: each tile is in one run.
            unsafe { self.0.transform_input::<V>(tile) }
        }
    }
}

struct Products<'a>(&'a Part<'a>, usize, Range<usize>);

impl Kernel for Products<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for panel in self.2 {
            // SAFETY: each panel of a product is in one task; the inputs were all transformed
            // before.
            unsafe { self.0.multiply::<V>(self.1, panel) }
        }
    }
}

struct Outputs<'a>(&'a Part<'a>, Range<usize>);

impl Kernel for Outputs<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for tile in self.1 {
            // SAFETY: each tile is in one run; the products were all made before.
            unsafe { self.0.transform_output::<V>(tile) }
        }
    }
}

//! A tile to the Winograd domain and back, all channels of it.

use super::matrices::{
    IN, OUT, PRODUCTS, both_axes, for_registers, input, output, output_gradient,
};
use super::tiles::Tiles;
use crate::epilogue::Epilogue;
use crate::simd::Vector;

/// A matrix `[36][tiles][channels]` in the Winograd domain: products are `product` apart, tiles
/// `tile`.
#[derive(Clone, Copy)]
pub(super) struct Domain {
    pub at: *mut f32,
    pub product: usize,
    pub tile: usize,
}

impl Domain {
    /// Added to the distances of products and of tiles, which would often be powers of two and
    /// make all of them fall into the same cache set.
    const SKEW: usize = 16;

    /// Room for `tiles` tiles of `channels` (a multiple of the lanes).
    pub fn len(tiles: usize, channels: usize) -> usize {
        PRODUCTS * (tiles * (channels + Self::SKEW) + Self::SKEW)
    }

    /// A matrix of [`len`](Self::len) values at a place.
    pub fn new(at: *mut f32, tiles: usize, channels: usize) -> Self {
        Self {
            at,
            product: tiles * (channels + Self::SKEW) + Self::SKEW,
            tile: channels + Self::SKEW,
        }
    }
}

/// `V = Bᵀ d B` of one tile of the input, to tile `to_tile` of a domain.
///
/// # Safety
/// `x` is the input of `tiles`' convolution, with `channels`; `zeros` may be read for that many;
/// the domain has room for the tile.
#[inline(always)]
pub(super) unsafe fn input_tile<V: Vector>(
    tiles: &Tiles,
    tile: usize,
    x: *const f32,
    channels: usize,
    zeros: *const f32,
    to: Domain,
    to_tile: usize,
) {
    let origin = tiles.origin(tile);
    let mut pixels = [zeros; PRODUCTS];
    for i in 0..IN {
        for j in 0..IN {
            if let Some(position) = tiles.input(origin, i, j) {
                // SAFETY: the position lies in the map.
                pixels[IN * i + j] = unsafe { x.add(position * channels) };
            }
        }
    }
    for_registers!(V, channels, |channel, lanes| {
        // SAFETY: `channel + lanes` is at most `channels`, and the domain's tiles are padded to
        // whole registers.
        unsafe {
            let to_pixel = to.at.add(to_tile * to.tile + channel);
            both_axes!(
                input::<V>, IN => IN,
                load: |i, j| V::load_first(pixels[IN * i + j].add(channel), lanes),
                store: |i, j, value| value.store(to_pixel.add((IN * i + j) * to.product))
            );
        }
    });
}

/// Where outputs go.
#[derive(Clone, Copy)]
pub(super) struct Output {
    /// The first position of `[positions, stride]`.
    pub at: *mut f32,
    /// Channels that are written.
    pub channels: usize,
    /// Channels of a position.
    pub stride: usize,
    /// A bias per channel, or null.
    pub bias: *const f32,
    pub epilogue: Epilogue,
}

/// `Y = Aᵀ M A` of one tile to the output.
///
/// # Safety
/// The output is that of `tiles`' convolution, and nobody else writes this tile.
#[inline(always)]
pub(super) unsafe fn output_tile<V: Vector>(
    tiles: &Tiles,
    tile: usize,
    from: Domain,
    from_tile: usize,
    to: Output,
) {
    let origin = tiles.origin(tile);
    let mut pixels = [std::ptr::null_mut(); OUT * OUT];
    for i in 0..OUT {
        for j in 0..OUT {
            if let Some(position) = tiles.output(origin, i, j) {
                // SAFETY: the position lies in the map, and the channels in it.
                pixels[OUT * i + j] =
                    unsafe { to.at.add(position * to.stride + to.epilogue.first) };
            }
        }
    }
    for_registers!(V, to.channels, |channel, lanes| {
        // SAFETY: as in `input_tile`; pixels outside of the map are null and skipped.
        unsafe {
            let zero = V::splat(0.0);
            let bias = match to.bias.is_null() {
                true => zero,
                false => V::load_first(to.bias.add(channel), lanes),
            };
            let floor = V::splat(match to.epilogue.relu {
                true => 0.0,
                false => f32::NEG_INFINITY,
            });
            let from_pixel = from.at.add(from_tile * from.tile + channel);
            both_axes!(
                output::<V>, IN => OUT,
                load: |i, j| V::load(from_pixel.add((IN * i + j) * from.product)),
                store: |i, j, value| {
                    let pixel = pixels[OUT * i + j];
                    if !pixel.is_null() {
                        // In this order NaN stays NaN, as in the plain implementation.
                        let mut value = floor.max(value.add(bias));
                        if to.epilogue.add {
                            value = value.add(V::load_first(pixel.add(channel), lanes));
                        }
                        value.store_first(pixel.add(channel), lanes);
                    }
                }
            );
        }
    });
}

/// `A dY Aᵀ` of one tile of the output's gradient; outputs outside of the map count 0.
///
/// # Safety
/// As [`input_tile`], `dy` being the gradient of the output, with `channels`.
#[inline(always)]
pub(super) unsafe fn gradient_tile<V: Vector>(
    tiles: &Tiles,
    tile: usize,
    dy: *const f32,
    channels: usize,
    zeros: *const f32,
    to: Domain,
    to_tile: usize,
) {
    let origin = tiles.origin(tile);
    let mut pixels = [zeros; OUT * OUT];
    for i in 0..OUT {
        for j in 0..OUT {
            if let Some(position) = tiles.output(origin, i, j) {
                // SAFETY: the position lies in the map.
                pixels[OUT * i + j] = unsafe { dy.add(position * channels) };
            }
        }
    }
    for_registers!(V, channels, |channel, lanes| {
        // SAFETY: as in `input_tile`.
        unsafe {
            let to_pixel = to.at.add(to_tile * to.tile + channel);
            both_axes!(
                output_gradient::<V>, OUT => IN,
                load: |i, j| V::load_first(pixels[OUT * i + j].add(channel), lanes),
                store: |i, j, value| value.store(to_pixel.add((IN * i + j) * to.product))
            );
        }
    });
}

//! Every kernel on random shapes against the plain loops, on every instruction set of this
//! processor.
#![allow(clippy::unwrap_used)]

mod convolution;
mod linear;
mod normalisation;
mod pool;
mod refusals;
mod residual;
mod strided;
mod threads;

use oddspot_conv::Epilogue;
use proptest::prelude::*;

/// Error allowed, relative to the largest value.
const TOLERANCE: f32 = 1e-4;

/// Values in [−1, 1), the same for the same seed.
fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    let largest = expected.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
    assert_within(found, expected, &vec![largest; expected.len()], what);
}

/// As [`assert_close`], of sums whose terms may cancel: held to `sizes`, the roots of the sums of
/// the squared terms.
#[track_caller]
fn assert_within(found: &[f32], expected: &[f32], sizes: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= TOLERANCE * sizes[i].max(1e-3),
            "{what}[{i}]: {f} for {e}, size {}",
            sizes[i]
        );
    }
}

/// Small shapes of all remainders, and now and then one of several blocks.
fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    prop_oneof![
        4 => (1usize..3, 1usize..14, 1usize..14),
        1 => (1usize..2, 20usize..40, 20usize..40),
    ]
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![1usize..10, 10usize..40]
}

/// What an epilogue makes of a layer's output that is written over `old`.
fn placed(product: &[f32], outputs: usize, epilogue: Epilogue, old: &[f32]) -> Vec<f32> {
    let mut placed = old.to_vec();
    for (position, product) in product.chunks_exact(outputs).enumerate() {
        for (i, value) in product.iter().enumerate() {
            let at = position * epilogue.stride + epilogue.first + i;
            placed[at] = if epilogue.add {
                placed[at] + value
            } else {
                *value
            };
        }
    }
    placed
}

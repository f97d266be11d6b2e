//! The sum that ends a residual block.

use rayon::prelude::*;

use crate::shape::{Result, check_length};
use crate::simd::{Isa, Kernel, Vector};

/// Values that a thread takes at a time; fewer are not worth waking another one.
const PART: usize = 1 << 14;

/// `a = a + b`, or `a = max(0, a + b)` where `relu` asks for it; NaN stays NaN. Both may have any
/// length, none included.
///
/// # Errors
/// Slices of different lengths.
pub fn residual_sum(isa: Isa, a: &mut [f32], b: &[f32], relu: bool) -> Result<()> {
    check_length("the other branch", a.len(), b)?;
    if a.len() <= PART {
        isa.run(Sum { a, b, relu });
        return Ok(());
    }
    a.par_chunks_mut(PART)
        .zip(b.par_chunks(PART))
        .for_each(|(a, b)| isa.run(Sum { a, b, relu }));
    Ok(())
}

/// The sum of two slices of one length.
struct Sum<'a> {
    a: &'a mut [f32],
    b: &'a [f32],
    relu: bool,
}

impl Kernel for Sum<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for (a, b) in self.a.chunks_mut(V::LANES).zip(self.b.chunks(V::LANES)) {
            let lanes = a.len();
            // SAFETY: both have that many floats, at most a register's lanes.
            unsafe {
                let mut sum =
                    V::load_first(a.as_ptr(), lanes).add(V::load_first(b.as_ptr(), lanes));
                if self.relu {
                    // In this order: `max` gives back its second argument where either is NaN.
                    sum = V::splat(0.0).max(sum);
                }
                sum.store_first(a.as_mut_ptr(), lanes);
            }
        }
    }
}

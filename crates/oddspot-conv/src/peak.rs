//! What the processor could do at best: the yardstick of the kernels.

use std::hint::black_box;
use std::time::Instant;

use crate::simd::{Isa, Kernel, Vector};

/// Independent chains of multiply-adds: enough to hide each one's latency.
const CHAINS: usize = 12;
const TURNS: usize = 2_000_000;

/// Multiply-adds per second on registers alone, by all threads of the current pool at once, in
/// GFLOP/s (two operations each). Takes some tens of milliseconds.
pub fn fma_gflops(isa: Isa) -> f64 {
    let threads = rayon::current_num_threads();
    let started = Instant::now();
    rayon::broadcast(|_| isa.run(Chains));
    let seconds = started.elapsed().as_secs_f64();
    let operations = 2 * threads * TURNS * CHAINS * isa.lanes();
    operations as f64 / seconds / 1e9
}

struct Chains;

impl Kernel for Chains {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: the caller's; `lanes` holds the widest register.
        unsafe {
            let mut sums = [V::splat(black_box(1.0)); CHAINS];
            let (factor, addend) = (V::splat(black_box(0.5)), V::splat(black_box(0.5)));
            for _ in 0..TURNS {
                for sum in &mut sums {
                    *sum = sum.mul_add(factor, addend);
                }
            }
            let mut lanes = [0.0f32; crate::simd::MAX_LANES];
            for sum in sums {
                sum.store(lanes.as_mut_ptr());
                black_box(&lanes);
            }
        }
    }
}

/// The largest of several measurements, since other work only ever slows one down.
pub fn best_fma_gflops(isa: Isa, measurements: usize) -> f64 {
    (0..measurements)
        .map(|_| fma_gflops(isa))
        .fold(0.0, f64::max)
}

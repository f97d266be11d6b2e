//! NEON.

use std::arch::aarch64::*;

use super::{Kernel, Vector, vector};

/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn run_neon(kernel: impl Kernel) {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Neon>() }
}

vector! {
    /// Four lanes of NEON.
    Neon(float32x4_t), 4 lanes,
    load: vld1q_f32,
    splat: vdupq_n_f32,
    store: vst1q_f32,
    add: vaddq_f32,
    sub: vsubq_f32,
    mul: vmulq_f32,
    div: vdivq_f32,
    sqrt: vsqrtq_f32,
    // Not `vmaxq_f32`, which has another answer for NaN.
    max: |a, b| vbslq_f32(vcgtq_f32(a, b), a, b),
    mul_add: |a, factor, addend| vfmaq_f32(addend, a, factor),
    mul_sub_from: |a, factor, minuend| vfmsq_f32(minuend, a, factor),
    select_gt: |a, b, yes, no| vbslq_f32(vcgtq_f32(a, b), yes, no),
    select_eq: |a, b, yes, no| vbslq_f32(vceqq_f32(a, b), yes, no)
}

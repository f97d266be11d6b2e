//! NEON.

use std::arch::aarch64::*;

use super::{Kernel, Vector};

/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn run_neon(kernel: impl Kernel) {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Neon>() }
}

#[derive(Clone, Copy)]
pub struct Neon(float32x4_t);

// SAFETY of every block below: a value of `Neon` is proof that the processor has the set; loads
// and stores pass on what their callers vouch for.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Vector for Neon {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { vld1q_f32(from) })
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { vdupq_n_f32(value) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self.0) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { vsubq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(unsafe { vdivq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(unsafe { vsqrtq_f32(self.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.select_gt(other, self, other)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { vfmaq_f32(addend.0, self.0, factor.0) })
    }
    #[inline(always)]
    fn mul_sub_from(self, factor: Self, minuend: Self) -> Self {
        Self(unsafe { vfmsq_f32(minuend.0, self.0, factor.0) })
    }
    #[inline(always)]
    fn select_gt(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { vbslq_f32(vcgtq_f32(self.0, other.0), yes.0, no.0) })
    }
    #[inline(always)]
    fn select_eq(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { vbslq_f32(vceqq_f32(self.0, other.0), yes.0, no.0) })
    }
}

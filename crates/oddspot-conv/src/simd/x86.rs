//! AVX2 with FMA, and AVX-512.

use std::arch::x86_64::*;

use super::{Kernel, Vector};

/// # Safety
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run_avx2(kernel: impl Kernel) {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Avx2>() }
}

/// # Safety
/// The processor has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub unsafe fn run_avx512(kernel: impl Kernel) {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Avx512>() }
}

macro_rules! vector {
    ($name:ident, $register:ty, $lanes:literal, $load:ident, $splat:ident, $store:ident,
     $add:ident, $sub:ident, $mul:ident, $div:ident, $sqrt:ident, $max:ident, $fmadd:ident,
     $fnmadd:ident, $gt:expr, $eq:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name($register);

        impl Vector for $name {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: the caller's.
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                // SAFETY: the caller's.
                Self(unsafe { $splat(value) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: the caller's.
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: a value is proof of the instruction set, here and below.
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $sub(self.0, other.0) })
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $mul(self.0, other.0) })
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $div(self.0, other.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $max(self.0, other.0) })
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $fmadd(self.0, factor.0, addend.0) })
            }
            #[inline(always)]
            fn mul_sub_from(self, factor: Self, minuend: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $fnmadd(self.0, factor.0, minuend.0) })
            }
            #[inline(always)]
            fn select_gt(self, other: Self, yes: Self, no: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $gt(self.0, other.0, yes.0, no.0) })
            }
            #[inline(always)]
            fn select_eq(self, other: Self, yes: Self, no: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $eq(self.0, other.0, yes.0, no.0) })
            }
        }
    };
}

macro_rules! select_256 {
    ($predicate:ident) => {
        |a, b, yes, no| _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<$predicate>(a, b))
    };
}

macro_rules! select_512 {
    ($predicate:ident) => {
        |a, b, yes, no| _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<$predicate>(a, b), no, yes)
    };
}

vector!(
    Avx2,
    __m256,
    8,
    _mm256_loadu_ps,
    _mm256_set1_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_sqrt_ps,
    _mm256_max_ps,
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps,
    select_256!(_CMP_GT_OQ),
    select_256!(_CMP_EQ_OQ)
);

vector!(
    Avx512,
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_set1_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_sqrt_ps,
    _mm512_max_ps,
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps,
    select_512!(_CMP_GT_OQ),
    select_512!(_CMP_EQ_OQ)
);

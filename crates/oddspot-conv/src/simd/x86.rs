//! AVX2 with FMA, and AVX-512.

use std::arch::x86_64::*;

use super::{Kernel, Vector, vector};

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

vector! {
    /// Eight lanes of AVX2 with FMA.
    Avx2(__m256), 8 lanes,
    load: _mm256_loadu_ps,
    splat: _mm256_set1_ps,
    store: _mm256_storeu_ps,
    add: _mm256_add_ps,
    sub: _mm256_sub_ps,
    mul: _mm256_mul_ps,
    div: _mm256_div_ps,
    sqrt: _mm256_sqrt_ps,
    max: _mm256_max_ps,
    mul_add: _mm256_fmadd_ps,
    mul_sub_from: _mm256_fnmadd_ps,
    select_gt: select_256!(_CMP_GT_OQ),
    select_eq: select_256!(_CMP_EQ_OQ)
}

vector! {
    /// Sixteen lanes of AVX-512.
    Avx512(__m512), 16 lanes,
    load: _mm512_loadu_ps,
    splat: _mm512_set1_ps,
    store: _mm512_storeu_ps,
    add: _mm512_add_ps,
    sub: _mm512_sub_ps,
    mul: _mm512_mul_ps,
    div: _mm512_div_ps,
    sqrt: _mm512_sqrt_ps,
    max: _mm512_max_ps,
    mul_add: _mm512_fmadd_ps,
    mul_sub_from: _mm512_fnmadd_ps,
    select_gt: select_512!(_CMP_GT_OQ),
    select_eq: select_512!(_CMP_EQ_OQ)
}

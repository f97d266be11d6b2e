//! Vectors of `f32` lanes: the kernels are written once over [`Vector`] and compiled for every
//! instruction set; [`Isa`] picks one at run time.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod isa;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use isa::{Isa, IsaError};

/// A register of `f32` lanes.
///
/// Only [`load`](Self::load) and [`splat`](Self::splat) make one, and both demand the
/// instruction set, so that a value is proof of it and arithmetic is safe.
pub(crate) trait Vector: Copy {
    /// Lanes of a register, at most [`MAX_LANES`].
    const LANES: usize;

    /// # Safety
    /// The processor has the instruction set, and `from` may be read for `LANES` floats.
    unsafe fn load(from: *const f32) -> Self;

    /// # Safety
    /// The processor has the instruction set.
    unsafe fn splat(value: f32) -> Self;

    /// # Safety
    /// `to` may be written for `LANES` floats.
    unsafe fn store(self, to: *mut f32);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    /// The larger of each pair of lanes; where either is NaN, `other`'s.
    fn max(self, other: Self) -> Self;
    /// `self · factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `minuend − self · factor`.
    fn mul_sub_from(self, factor: Self, minuend: Self) -> Self;
    /// `yes` where `self > other`, else `no` (also where either is NaN).
    fn select_gt(self, other: Self, yes: Self, no: Self) -> Self;
    /// `yes` where `self == other`, else `no`.
    fn select_eq(self, other: Self, yes: Self, no: Self) -> Self;

    /// The first `count` lanes from memory, the rest 0; all of them when `count` is `LANES`.
    ///
    /// # Safety
    /// As [`load`](Self::load), for `count ≤ LANES` floats.
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        if count == Self::LANES {
            // SAFETY: the caller's.
            return unsafe { Self::load(from) };
        }
        let mut lanes = [0.0; MAX_LANES];
        // SAFETY: the caller gives `count` floats, fewer than the array holds.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load(lanes.as_ptr())
        }
    }

    /// Writes the first `count` lanes.
    ///
    /// # Safety
    /// `to` may be written for `count ≤ LANES` floats.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        if count == Self::LANES {
            // SAFETY: the caller's.
            return unsafe { self.store(to) };
        }
        let mut lanes = [0.0; MAX_LANES];
        // SAFETY: the array holds every lane, and the caller gives room for `count` of them.
        unsafe {
            self.store(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }
}

/// A [`Vector`] from the intrinsics of an instruction set.
macro_rules! vector {
    (
        $(#[$doc:meta])*
        $name:ident($register:ty), $lanes:literal lanes,
        load: $load:expr, splat: $splat:expr, store: $store:expr,
        add: $add:expr, sub: $sub:expr, mul: $mul:expr, div: $div:expr, sqrt: $sqrt:expr,
        max: $max:expr, mul_add: $mul_add:expr, mul_sub_from: $mul_sub_from:expr,
        select_gt: $select_gt:expr, select_eq: $select_eq:expr
    ) => {
        $(#[$doc])*
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
                Self(unsafe { $mul_add(self.0, factor.0, addend.0) })
            }
            #[inline(always)]
            fn mul_sub_from(self, factor: Self, minuend: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $mul_sub_from(self.0, factor.0, minuend.0) })
            }
            #[inline(always)]
            fn select_gt(self, other: Self, yes: Self, no: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $select_gt(self.0, other.0, yes.0, no.0) })
            }
            #[inline(always)]
            fn select_eq(self, other: Self, yes: Self, no: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $select_eq(self.0, other.0, yes.0, no.0) })
            }
        }
    };
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use vector;

/// Lanes of the widest register.
pub(crate) const MAX_LANES: usize = 16;

/// Work that is compiled for every instruction set.
pub(crate) trait Kernel {
    /// Must be `#[inline(always)]`, with all that it calls, to be compiled for `V`.
    ///
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn run<V: Vector>(self);
}

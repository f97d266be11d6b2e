//! The one-dimensional transforms of Winograd's F(4, 3) at the points 0, ±1, ±2, ∞ (Lavin &
//! Gray, 2016): `y = Aᵀ[(G g) ⊙ (Bᵀ d)]` gives 4 outputs of a 3-tap filter `g` from 6 inputs
//! `d` with 6 products. Two-dimensional ones apply them to columns, then to rows.

use crate::simd::Vector;

/// Outputs of a tile on each axis.
pub(crate) const OUT: usize = 4;
/// Inputs of a tile on each axis.
pub(crate) const IN: usize = 6;
/// Products of a tile.
pub(crate) const PRODUCTS: usize = IN * IN;

/// `Bᵀ d`: 6 inputs.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn input<V: Vector>(d: [V; IN]) -> [V; IN] {
    // SAFETY: the caller's.
    let (two, four, five) = unsafe { (V::splat(2.0), V::splat(4.0), V::splat(5.0)) };
    let even = d[2].mul_sub_from(four, d[4]);
    let odd = d[1].mul_sub_from(four, d[3]);
    let outer = d[4].sub(d[2]);
    let twice = d[3].sub(d[1]);
    [
        d[0].mul_add(four, d[2].mul_sub_from(five, d[4])),
        even.add(odd),
        even.sub(odd),
        twice.mul_add(two, outer),
        twice.mul_sub_from(two, outer),
        d[1].mul_add(four, d[3].mul_sub_from(five, d[5])),
    ]
}

/// `Aᵀ m`: 6 products to 4 outputs.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn output<V: Vector>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: the caller's.
    let (two, four, eight) = unsafe { (V::splat(2.0), V::splat(4.0), V::splat(8.0)) };
    let (sum1, difference1) = (m[1].add(m[2]), m[1].sub(m[2]));
    let (sum2, difference2) = (m[3].add(m[4]), m[3].sub(m[4]));
    [
        m[0].add(sum1).add(sum2),
        difference2.mul_add(two, difference1),
        sum2.mul_add(four, sum1),
        difference2.mul_add(eight, difference1).add(m[5]),
    ]
}

/// `A y`, the transpose of [`output`]: 4 gradients of outputs to 6 of products.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn output_gradient<V: Vector>(y: [V; OUT]) -> [V; IN] {
    // SAFETY: the caller's.
    let (two, four, eight) = unsafe { (V::splat(2.0), V::splat(4.0), V::splat(8.0)) };
    let (even, odd) = (y[0].add(y[2]), y[1].add(y[3]));
    let even2 = y[2].mul_add(four, y[0]);
    let odd2 = y[3].mul_add(eight, y[1].mul(two));
    [
        y[0],
        even.add(odd),
        even.sub(odd),
        even2.add(odd2),
        even2.sub(odd2),
        y[3],
    ]
}

/// `G g`: 3 taps to 6 factors.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn filter<V: Vector>(g: [V; 3]) -> [V; IN] {
    // SAFETY: the caller's.
    let (quarter, sixth, minus_sixth) =
        unsafe { (V::splat(0.25), V::splat(1.0 / 6.0), V::splat(-1.0 / 6.0)) };
    // SAFETY: the caller's.
    let (twelfth, twenty_fourth) = unsafe { (V::splat(1.0 / 12.0), V::splat(1.0 / 24.0)) };
    let (ends, middle) = (g[0].add(g[2]).mul(minus_sixth), g[1].mul(sixth));
    let ends2 = g[2].mul_add(sixth, g[0].mul(twenty_fourth));
    let middle2 = g[1].mul(twelfth);
    [
        g[0].mul(quarter),
        ends.sub(middle),
        ends.add(middle),
        ends2.add(middle2),
        ends2.sub(middle2),
        g[2],
    ]
}

/// `Gᵀ u`, the transpose of [`filter`]: 6 gradients of factors to 3 of taps.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn filter_gradient<V: Vector>(u: [V; IN]) -> [V; 3] {
    // SAFETY: the caller's.
    let (quarter, sixth) = unsafe { (V::splat(0.25), V::splat(1.0 / 6.0)) };
    // SAFETY: the caller's.
    let (twelfth, twenty_fourth) = unsafe { (V::splat(1.0 / 12.0), V::splat(1.0 / 24.0)) };
    let (sum1, difference1) = (u[1].add(u[2]), u[2].sub(u[1]));
    let (sum2, difference2) = (u[3].add(u[4]), u[3].sub(u[4]));
    [
        sum2.mul_add(twenty_fourth, sum1.mul_sub_from(sixth, u[0].mul(quarter))),
        difference2.mul_add(twelfth, difference1.mul(sixth)),
        sum2.mul_add(sixth, sum1.mul_sub_from(sixth, u[5])),
    ]
}

/// A transform applied to the columns and then to the rows of a square, whose values are loaded
/// and stored by (row, column).
///
/// A macro, like [`for_registers`], since what is not inlined is not compiled for the
/// instruction set, and nothing forces a closure to be.
macro_rules! both_axes {
    (
        $transform:ident::<$V:ident>, $from:expr => $to:expr,
        load: |$i:ident, $j:ident| $load:expr,
        store: |$row:ident, $column:ident, $value:ident| $store:expr
    ) => {
        let zero = $V::splat(0.0);
        let mut half = [[zero; $from]; $to];
        for $j in 0..$from {
            let mut column = [zero; $from];
            for $i in 0..$from {
                column[$i] = $load;
            }
            let column = $transform(column);
            for i in 0..$to {
                half[i][$j] = column[i];
            }
        }
        for $row in 0..$to {
            let row = $transform(half[$row]);
            for $column in 0..$to {
                let $value = row[$column];
                $store
            }
        }
    };
}

/// Runs a body over all channels, register by register, given the first channel and the lanes.
///
/// The whole registers and the remainder are separate copies, so that the former compile
/// without a test for the latter.
macro_rules! for_registers {
    ($V:ident, $channels:expr, |$channel:ident, $lanes:ident| $body:expr) => {
        let whole = $channels - $channels % $V::LANES;
        let mut at = 0;
        while at < whole {
            let ($channel, $lanes) = (at, $V::LANES);
            $body
            at += $V::LANES;
        }
        if whole < $channels {
            let ($channel, $lanes) = (whole, $channels - whole);
            $body
        }
    };
}

pub(super) use {both_axes, for_registers};

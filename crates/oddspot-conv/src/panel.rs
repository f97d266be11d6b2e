//! The two small matrix products that everything rests on: rows times a packed panel, and the
//! outer products of rows summed up.

use crate::simd::Vector;

/// Rows that one register tile covers: 6 × 2 registers of sums leave room for the operands.
pub(crate) const TILE_ROWS: usize = 6;

/// Columns of a packed panel for registers of `lanes`.
pub(crate) const fn panel_width(lanes: usize) -> usize {
    2 * lanes
}

/// Takes the sums of a row of a register tile.
pub(crate) trait Store: Copy {
    /// # Safety
    /// The implementor's memory has room for this row.
    unsafe fn store<V: Vector>(self, row: usize, sums: [V; 2]);
}

/// Writes rows as they are, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub to: *mut f32,
    pub stride: usize,
}

impl Store for Rows {
    #[inline(always)]
    unsafe fn store<V: Vector>(self, row: usize, [first, second]: [V; 2]) {
        // SAFETY: the caller's.
        unsafe {
            let to = self.to.add(row * self.stride);
            first.store(to);
            second.store(to.add(V::LANES));
        }
    }
}

/// `rows × panel`: `depth` values of each of `rows` rows (`stride` apart) times a panel
/// `[depth][2 · LANES]`.
///
/// # Safety
/// The operands may be read so far, and `store` has room for every row.
#[inline(always)]
pub(crate) unsafe fn times_panel<V: Vector>(
    rows: usize,
    depth: usize,
    from: *const f32,
    stride: usize,
    panel: *const f32,
    store: impl Store,
) {
    /// # Safety
    /// As the outer function, for the rows from `row` on.
    #[inline(always)]
    unsafe fn tile<V: Vector, const ROWS: usize>(
        row: usize,
        depth: usize,
        from: *const f32,
        stride: usize,
        mut panel: *const f32,
        store: impl Store,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let from = from.add(row * stride);
            let mut sums = [[V::splat(0.0); 2]; ROWS];
            let mut starts = [from; ROWS];
            for (i, start) in starts.iter_mut().enumerate() {
                *start = from.add(i * stride);
            }
            // Four steps a turn hide the loop's own cost.
            let mut k = 0;
            while k + 4 <= depth {
                for q in 0..4 {
                    let first = V::load(panel.add(2 * q * V::LANES));
                    let second = V::load(panel.add((2 * q + 1) * V::LANES));
                    for i in 0..ROWS {
                        let value = V::splat(*starts[i].add(k + q));
                        sums[i][0] = value.mul_add(first, sums[i][0]);
                        sums[i][1] = value.mul_add(second, sums[i][1]);
                    }
                }
                panel = panel.add(8 * V::LANES);
                k += 4;
            }
            while k < depth {
                let first = V::load(panel);
                let second = V::load(panel.add(V::LANES));
                for i in 0..ROWS {
                    let value = V::splat(*starts[i].add(k));
                    sums[i][0] = value.mul_add(first, sums[i][0]);
                    sums[i][1] = value.mul_add(second, sums[i][1]);
                }
                panel = panel.add(2 * V::LANES);
                k += 1;
            }
            for (i, sums) in sums.into_iter().enumerate() {
                store.store(row + i, sums);
            }
        }
    }

    let mut row = 0;
    // SAFETY: the caller's, for every row below `rows`.
    unsafe {
        while row + TILE_ROWS <= rows {
            tile::<V, TILE_ROWS>(row, depth, from, stride, panel, store);
            row += TILE_ROWS;
        }
        match rows - row {
            5 => tile::<V, 5>(row, depth, from, stride, panel, store),
            4 => tile::<V, 4>(row, depth, from, stride, panel, store),
            3 => tile::<V, 3>(row, depth, from, stride, panel, store),
            2 => tile::<V, 2>(row, depth, from, stride, panel, store),
            1 => tile::<V, 1>(row, depth, from, stride, panel, store),
            _ => {}
        }
    }
}

/// Matrices whose rows are `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Matrix {
    pub at: *const f32,
    pub stride: usize,
}

/// `sums[i][j] = Σ_p left[p][i] · right[p][j]`, or added to what is there, for `i < rows` and `j < 2 · LANES`, over `depth`
/// positions p.
///
/// # Safety
/// The operands may be read so far, and `sums` read and written.
#[inline(always)]
pub(crate) unsafe fn add_outer<V: Vector>(
    rows: usize,
    depth: usize,
    left: Matrix,
    right: Matrix,
    sums: *mut f32,
    stride: usize,
    add: bool,
) {
    /// # Safety
    /// As the outer function, for the rows from `row` on.
    #[inline(always)]
    unsafe fn tile<V: Vector, const ROWS: usize>(
        row: usize,
        depth: usize,
        left: Matrix,
        right: Matrix,
        sums: *mut f32,
        stride: usize,
        add: bool,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let sums = sums.add(row * stride);
            let mut tile = [[V::splat(0.0); 2]; ROWS];
            if add {
                for (i, tile) in tile.iter_mut().enumerate() {
                    tile[0] = V::load(sums.add(i * stride));
                    tile[1] = V::load(sums.add(i * stride + V::LANES));
                }
            }
            let (mut from, mut other) = (left.at.add(row), right.at);
            for _ in 0..depth {
                let first = V::load(other);
                let second = V::load(other.add(V::LANES));
                for (i, sums) in tile.iter_mut().enumerate() {
                    let value = V::splat(*from.add(i));
                    sums[0] = value.mul_add(first, sums[0]);
                    sums[1] = value.mul_add(second, sums[1]);
                }
                from = from.add(left.stride);
                other = other.add(right.stride);
            }
            for (i, [first, second]) in tile.into_iter().enumerate() {
                first.store(sums.add(i * stride));
                second.store(sums.add(i * stride + V::LANES));
            }
        }
    }

    let mut row = 0;
    // SAFETY: the caller's, for every row below `rows`.
    unsafe {
        while row + TILE_ROWS <= rows {
            tile::<V, TILE_ROWS>(row, depth, left, right, sums, stride, add);
            row += TILE_ROWS;
        }
        match rows - row {
            5 => tile::<V, 5>(row, depth, left, right, sums, stride, add),
            4 => tile::<V, 4>(row, depth, left, right, sums, stride, add),
            3 => tile::<V, 3>(row, depth, left, right, sums, stride, add),
            2 => tile::<V, 2>(row, depth, left, right, sums, stride, add),
            1 => tile::<V, 1>(row, depth, left, right, sums, stride, add),
            _ => {}
        }
    }
}

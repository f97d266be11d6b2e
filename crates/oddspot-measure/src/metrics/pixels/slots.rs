//! How many normal pixels lie where among the anomalous ones.

use std::sync::atomic::{AtomicU64, Ordering};

/// Cells of the table by which a key's place is found, for each place.
const CELLS: usize = 4;

/// The scores of anomalous pixels, each once and the largest first, and how many normal ones lie between.
pub(super) struct Slots {
    keys: Vec<u32>,
    /// Of each score: anomalous pixels that have it, and what they add to the mean overlap.
    pub found: Vec<(u32, f64)>,
    /// Normal pixels before each score, and with it, in turn; then those behind the last.
    normal: Vec<AtomicU64>,
    /// The first key that lies in a cell or behind it, for each cell of equally many keys.
    table: Vec<u32>,
    shift: u32,
}

impl Slots {
    /// Of the anomalous pixels' keys in their order, and what each adds to the mean overlap.
    pub fn new(anomalous: Vec<(u32, f64)>) -> Self {
        let mut keys = Vec::new();
        let mut found: Vec<(u32, f64)> = Vec::new();
        for (key, share) in anomalous {
            match found.last_mut() {
                Some(last) if keys.last() == Some(&key) => {
                    last.0 += 1;
                    last.1 += share;
                }
                _ => {
                    keys.push(key);
                    found.push((1, share));
                }
            }
        }
        let extent = match (keys.first(), keys.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0,
        };
        let mut shift = 0;
        while (extent >> shift) as usize >= (CELLS * keys.len()).max(1) {
            shift += 1;
        }
        let first = keys.first().copied().unwrap_or(0);
        let mut table = vec![0; (extent >> shift) as usize + 2];
        for key in &keys {
            table[((key - first) >> shift) as usize + 1] += 1;
        }
        for cell in 1..table.len() {
            table[cell] += table[cell - 1];
        }
        Self {
            normal: (0..2 * keys.len() + 1).map(|_| AtomicU64::new(0)).collect(),
            keys,
            found,
            table,
            shift,
        }
    }

    /// Where a key's pixels are counted.
    fn slot(&self, key: u32) -> usize {
        let (Some(first), Some(last)) = (self.keys.first(), self.keys.last()) else {
            return 0;
        };
        if key < *first {
            return 0;
        }
        if key > *last {
            return 2 * self.keys.len();
        }
        let cell = ((key - first) >> self.shift) as usize;
        let [start, end] = [self.table[cell], self.table[cell + 1]].map(|at| at as usize);
        let at = start + self.keys[start..end].partition_point(|&other| other < key);
        2 * at + usize::from(self.keys.get(at) == Some(&key))
    }

    /// Counts pixels; several threads may.
    pub fn counting(&self) -> Counting<'_> {
        Counting {
            slots: self,
            slot: 0,
            pixels: 0,
        }
    }

    /// Of each score, from the largest on: its key, the normal pixels before it since the last, and with it.
    pub fn scores(&self) -> impl Iterator<Item = (u32, [u64; 2])> {
        let counted = |slot: usize| self.normal[slot].load(Ordering::Relaxed);
        let counts = (0..self.keys.len()).map(move |at| [counted(2 * at), counted(2 * at + 1)]);
        self.keys.iter().copied().zip(counts)
    }

    /// Normal pixels behind all scores.
    pub fn behind(&self) -> u64 {
        let last = self.normal.last();
        last.map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// Counting of a thread. Pixels beside each other are mostly counted at the same place.
pub(super) struct Counting<'a> {
    slots: &'a Slots,
    slot: usize,
    pixels: u64,
}

impl Counting<'_> {
    /// Counts a pixel.
    pub fn add(&mut self, key: u32) {
        let slot = self.slots.slot(key);
        if slot != self.slot {
            self.put();
            self.slot = slot;
        }
        self.pixels += 1;
    }

    fn put(&mut self) {
        if self.pixels > 0 {
            self.slots.normal[self.slot].fetch_add(self.pixels, Ordering::Relaxed);
            self.pixels = 0;
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.put();
    }
}

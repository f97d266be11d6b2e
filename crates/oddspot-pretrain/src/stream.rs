//! Batches for a program that learns from them elsewhere, as `gpu/pretrain.py` does: drawn by
//! every core, written one after the other.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use rayon::prelude::*;

use crate::batch::Batch;
use crate::formula::Pool;
use crate::pretraining::Pretraining;

/// Steps drawn at a time, so that a core that is done with one goes on with the next; fewer where
/// their views would take more bytes than these.
const AT_A_TIME: usize = 16;
const MOST_BYTES: usize = 1 << 28;

impl Pretraining {
    /// Writes the batches of all steps from the present one to the last but one, which leaves
    /// the last one to [`Pretraining::run`]. Each is, in little-endian order:
    /// - for each level, its number of points and how many of them, the first ones, are
    ///   unchanged (u32);
    /// - the views `[2·scenes, side, side, 3]`, normalised (f32);
    /// - for each level, the row of each first place (u32), the four rows of each second place
    ///   (u32) and their shares (f32), as [`Point`](crate::points::Point) has them.
    ///
    /// Ends early once `flow` breaks, which is asked before each.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn write_batches(
        &self,
        mut out: impl Write,
        flow: impl Fn() -> ControlFlow<()>,
    ) -> io::Result<()> {
        let views = 2 * self.recipe.scenes * self.recipe.view.pow(2) * 3;
        let at_a_time = (MOST_BYTES / (4 * views)).clamp(1, AT_A_TIME);
        let (send, receive) = sync_channel::<Vec<u8>>(at_a_time);
        thread::scope(|scope| {
            scope.spawn(move || self.draw(at_a_time, |batch| send.send(batch).is_ok()));
            for batch in receive {
                if flow().is_break() {
                    break;
                }
                out.write_all(&batch)?;
            }
            out.flush()
        })
    }

    /// Draws batches until they are no longer taken.
    fn draw(&self, at_a_time: usize, take: impl Fn(Vec<u8>) -> bool) {
        let (recipe, levels) = (
            &self.recipe,
            [0, 1, 2].map(|level| self.network.level(level)),
        );
        let last = recipe.steps.saturating_sub(1);
        let mut pool = self.pool.clone();
        for start in (self.step..last).step_by(at_a_time) {
            let steps = start..last.min(start + at_a_time);
            let pools: Vec<Pool> = (steps.clone())
                .map(|step| {
                    let now = pool.clone();
                    pool.refresh(step);
                    now
                })
                .collect();
            let drawn: Vec<Vec<u8>> = (steps.into_par_iter())
                .zip(&pools)
                .map(|(step, pool)| bytes(&Batch::new(recipe, pool, step, levels)))
                .collect();
            if !drawn.into_iter().all(&take) {
                return;
            }
        }
    }
}

fn bytes(batch: &Batch) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(batch.views.len() * 4 + (1 << 18));
    let mut number = |value: usize| bytes.extend_from_slice(&(value as u32).to_le_bytes());
    for points in &batch.points {
        number(points.len());
        number(points.iter().take_while(|point| !point.changed).count());
    }
    bytes.extend(batch.views.iter().flat_map(|value| value.to_le_bytes()));
    for points in &batch.points {
        let firsts = points.iter().map(|point| point.first);
        let seconds = points.iter().flat_map(|point| point.second);
        let rows = firsts.chain(seconds.clone().map(|(row, _)| row));
        bytes.extend(rows.flat_map(|row| (row as u32).to_le_bytes()));
        bytes.extend(seconds.flat_map(|(_, share)| share.to_le_bytes()));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Recipe;

    /// The next numbers, four bytes each, and what is left.
    fn take<const COUNT: usize, T>(rest: &mut &[u8], from: impl Fn([u8; 4]) -> T) -> [T; COUNT] {
        let (taken, left) = rest.split_at(4 * COUNT);
        *rest = left;
        let numbers = taken.as_chunks::<4>().0;
        std::array::from_fn(|i| from(numbers[i]))
    }

    #[test]
    fn all_batches_but_the_last_are_written_whole() {
        let recipe = Recipe {
            // More than are drawn at a time.
            steps: AT_A_TIME + 4,
            scenes: 2,
            view: 32,
            points: 5,
            ..Recipe::default()
        };
        for from in [0, 2] {
            let pretraining = Pretraining::at_step(recipe.clone(), from).unwrap();
            let mut written = Vec::new();
            (pretraining.write_batches(&mut written, || ControlFlow::Continue(()))).unwrap();
            let levels = [0, 1, 2].map(|level| pretraining.network.level(level));
            let mut rest = &written[..];
            let row = |bytes| u32::from_le_bytes(bytes) as usize;
            for step in from..recipe.steps - 1 {
                let batch = Batch::new(&recipe, &Pool::at_step(recipe.seed, step), step, levels);
                for points in &batch.points {
                    let unchanged = points.iter().filter(|point| !point.changed).count();
                    assert_eq!(
                        take(&mut rest, row),
                        [points.len(), unchanged],
                        "step {step}"
                    );
                }
                for &value in &batch.views {
                    assert_eq!(take(&mut rest, f32::from_le_bytes), [value], "step {step}");
                }
                for points in &batch.points {
                    for point in points {
                        assert_eq!(take(&mut rest, row), [point.first]);
                    }
                    for point in points {
                        assert_eq!(take(&mut rest, row), point.second.map(|(row, _)| row));
                    }
                    for point in points {
                        let shares = point.second.map(|(_, share)| share);
                        assert_eq!(take(&mut rest, f32::from_le_bytes), shares);
                    }
                }
            }
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn a_reader_that_goes_away_or_an_interruption_ends_it() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let recipe = Recipe {
            scenes: 2,
            view: 32,
            ..Recipe::default()
        };
        let pretraining = Pretraining::new(recipe).unwrap();
        let error = pretraining.write_batches(Gone, || ControlFlow::Continue(()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let mut written = Vec::new();
        pretraining
            .write_batches(&mut written, || ControlFlow::Break(()))
            .unwrap();
        assert!(written.is_empty());
    }
}

//! How far a training is, as a share of all of it and by what it does.

use oddspot::train::Progress;

use crate::history::Stage;

/// Where the parts of a training end, as shares of its time: images prepared, terms fitted, steps made.
const OF_DEFAULT: [f64; 3] = [0.05, 0.1, 0.92];
/// The same of one without steps.
const OF_INSTANT: [f64; 3] = [0.45, 0.75, 0.75];
/// Where looking through the images begins.
const LOOKING: f64 = 0.95;

/// How far a training is.
pub struct Steps {
    ends: [f64; 3],
    iterations: usize,
    /// Whether steps were made.
    has_trained: bool,
}

impl Steps {
    /// Of one with so many steps; 0 of one that makes none.
    pub fn of(iterations: usize) -> Self {
        Self {
            ends: match iterations {
                0 => OF_INSTANT,
                _ => OF_DEFAULT,
            },
            iterations,
            has_trained: false,
        }
    }

    /// How far it is by what it tells, and what it does; None of what says nothing of that.
    pub fn at(&mut self, progress: &Progress) -> Option<(f64, Stage)> {
        let [prepared, fitted, trained] = self.ends;
        let share = |done: usize, total: usize| done as f64 / total.max(1) as f64;
        Some(match *progress {
            Progress::Preparing { done, total } => (
                prepared * share(done, total),
                Stage::Prepares { done, total },
            ),
            Progress::Fitting { done, total, .. } => (
                prepared + (fitted - prepared) * share(done, total),
                Stage::Fits,
            ),
            Progress::Trains { from } => {
                self.has_trained = true;
                self.trains(from)
            }
            Progress::Step(report) => self.trains(report.iteration),
            Progress::Fold {
                fold,
                folds,
                iteration,
                iterations,
            } => (
                trained,
                Stage::Fold {
                    fold,
                    folds,
                    done: iteration,
                    total: iterations,
                },
            ),
            Progress::Scoring { done, total } => {
                let from = match self.has_trained {
                    true => trained,
                    false => fitted,
                };
                // Those of the first model take no share of a training that goes on.
                let to = match self.has_trained || self.iterations == 0 {
                    true => LOOKING,
                    false => fitted,
                };
                (
                    from + (to - from) * share(done, total),
                    Stage::Scores { done, total },
                )
            }
            _ => return None,
        })
    }

    fn trains(&self, iteration: usize) -> (f64, Stage) {
        let [_, fitted, trained] = self.ends;
        let share = iteration as f64 / self.iterations.max(1) as f64;
        (
            fitted + (trained - fitted) * share,
            Stage::Trains {
                done: iteration,
                total: self.iterations,
            },
        )
    }

    /// While the images are looked through.
    pub fn looking(done: usize, total: usize) -> (f64, Stage) {
        let share = done as f64 / total.max(1) as f64;
        (
            LOOKING + (1.0 - LOOKING) * share,
            Stage::Looks { done, total },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_goes_forward_through_its_parts() {
        let mut steps = Steps::of(100);
        let told = [
            Progress::Preparing { done: 3, total: 6 },
            Progress::Fitting {
                term: "x",
                done: 1,
                total: 2,
            },
            Progress::Scoring { done: 1, total: 2 },
            Progress::Trains { from: 50 },
            Progress::Scoring { done: 1, total: 2 },
        ];
        let shares: Vec<f64> = told.iter().map(|one| steps.at(one).unwrap().0).collect();
        assert!(shares.is_sorted(), "{shares:?}");
        assert!((shares[3] - 0.51).abs() < 1e-9);
        assert!(*shares.last().unwrap() < Steps::looking(0, 6).0);
    }
}

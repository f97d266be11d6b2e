//! Which pixels of a map are anomalous, as runs of its rows: as small as the defects are plain.

/// Anomalous pixels beside each other in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The row.
    pub row: u32,
    /// Its first column.
    pub start: u32,
    /// Behind its last column.
    pub end: u32,
    /// The component that it is of, counted from 0.
    pub component: u32,
}

/// Which pixels of a map are anomalous.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    height: usize,
    width: usize,
    runs: Vec<Run>,
    components: usize,
}

impl Truth {
    /// Of a good image.
    pub fn good(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            ..Self::default()
        }
    }

    /// Of `[height, width]` flags, row by row; pixels that they lack are normal.
    pub fn of(anomalous: &[bool], height: usize, width: usize) -> Self {
        let mut sides = Vec::new();
        let rows = anomalous.chunks(width.max(1)).take(height);
        for (row, flags) in (0..).zip(rows) {
            let mut at = 0;
            for same in flags.chunk_by(|a, b| a == b) {
                let end = at + same.len();
                if same[0] {
                    sides.push([row, at as u32, end as u32]);
                }
                at = end;
            }
        }
        Self::of_runs(&sides, height, width)
    }

    /// Of runs in reading order, each as its row, its first column and that behind its last.
    pub fn of_runs(runs: &[[u32; 3]], height: usize, width: usize) -> Self {
        let mut joined = Joined(Vec::with_capacity(runs.len()));
        // The runs of the row before that may still touch.
        let mut above = 0;
        for (at, &[row, start, end]) in runs.iter().enumerate() {
            joined.0.push(at as u32);
            let touches_none =
                |other: &[u32; 3]| other[0] + 1 < row || (other[0] + 1 == row && other[2] < start);
            while touches_none(&runs[above]) {
                above += 1;
            }
            let touching = (runs[above..at].iter().enumerate())
                .take_while(|(_, other)| other[0] + 1 == row && other[1] <= end);
            for (other, _) in touching {
                joined.join((above + other) as u32, at as u32);
            }
        }
        let (number, components) = joined.numbers();
        let runs = runs.iter().zip(number);
        Self {
            height,
            width,
            runs: runs
                .map(|(&[row, start, end], component)| Run {
                    row,
                    start,
                    end,
                    component,
                })
                .collect(),
            components,
        }
    }

    /// Pixels of the map.
    pub fn pixels(&self) -> u64 {
        self.height as u64 * self.width as u64
    }

    /// The anomalous ones.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Pixels of each 8-connected component.
    pub fn areas(&self) -> Vec<usize> {
        let mut areas = vec![0; self.components];
        for run in &self.runs {
            areas[run.component as usize] += (run.end - run.start) as usize;
        }
        areas
    }
}

/// What each is joined to, at the end the first of its component.
struct Joined(Vec<u32>);

impl Joined {
    fn first(&mut self, mut of: u32) -> u32 {
        while self.0[of as usize] != of {
            let next = self.0[of as usize];
            self.0[of as usize] = self.0[next as usize];
            of = next;
        }
        of
    }

    fn join(&mut self, a: u32, b: u32) {
        let [a, b] = [self.first(a), self.first(b)];
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// The component of each, in the order of their first members, and how many there are.
    fn numbers(mut self) -> (Vec<u32>, usize) {
        let mut numbers: Vec<u32> = Vec::with_capacity(self.0.len());
        let mut components = 0;
        for at in 0..self.0.len() as u32 {
            let first = self.first(at);
            if first == at {
                numbers.push(components);
                components += 1;
            } else {
                numbers.push(numbers[first as usize]);
            }
        }
        (numbers, components as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::maps::components;

    #[test]
    fn runs_have_the_components_of_their_pixels() {
        let mut state = 5_u64;
        for (height, width, odds) in [(1, 1, 2), (1, 40, 2), (30, 1, 2), (20, 31, 3), (25, 16, 6)] {
            let mask: Vec<bool> = (0..height * width)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
                    (state >> 33).is_multiple_of(odds)
                })
                .collect();
            let truth = Truth::of(&mask, height, width);
            let labelled = components::label(&mask, height, width);
            let mut labels = vec![0; height * width];
            for run in truth.runs() {
                let row = run.row as usize * width;
                labels[row + run.start as usize..row + run.end as usize].fill(run.component + 1);
            }
            assert_eq!(labels, labelled.labels);
            let areas: Vec<usize> = labelled.regions.iter().map(|region| region.area).collect();
            assert_eq!(truth.areas(), areas);
            assert_eq!(truth.pixels(), (height * width) as u64);
        }
    }

    #[test]
    fn a_short_mask_is_normal_where_it_ends() {
        let truth = Truth::of(&[true, true, true], 3, 2);
        assert_eq!(truth.areas(), [3]);
        assert_eq!(Truth::of(&[], 2, 0).pixels(), 0);
    }
}

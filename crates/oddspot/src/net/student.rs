//! The student as data: a dense network of receptive field 65, at any output stride, for the levels
//! of any teacher (design: `conv · pool · conv conv · pool · conv · pool · conv conv`, a 1×1 head a
//! level onto the teacher's channels).

use super::network::{Activation, Conv, INPUT, Level, Network, Pool, Value};
use crate::error::{Error, Result};
use crate::settings::StudentSettings;

/// Levels that the student can follow.
pub const LEVELS: usize = 3;

/// Image pixels between the student's features where its levels are read off, at output stride 8.
const STRIDES: [usize; LEVELS] = [2, 4, 8];

/// A student, and where things are in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Student {
    /// Its features are the levels, fine to coarse, at the teacher's sizes, and last the trunk: the
    /// level-3 features before their head, at every `output_stride` pixels.
    pub network: Network,
    /// The last level's head, which the position classifier reads the trunk through.
    pub head: String,
}

impl Student {
    /// The student of some settings for a teacher with these levels, fine to coarse.
    ///
    /// # Errors
    /// No level, more than three, or one finer than the student's own.
    pub fn new(settings: &StudentSettings, levels: &[Level]) -> Result<Self> {
        let first = LEVELS.checked_sub(levels.len());
        let Some(first) = first.filter(|_| !levels.is_empty()) else {
            return Err(Error::setting(
                "teacher",
                format!(
                    "it has {} levels; the student follows 1 to {LEVELS}",
                    levels.len()
                ),
            ));
        };
        let mut grid = Grid {
            network: Network::on_channels(3),
            output_stride: settings.output_stride,
            stride: 1,
            dilation: 1,
            levels,
            first,
        };
        let [c1, c2, c3, c4] = settings.widths;
        let x = grid.conv(INPUT, 0, c1);
        let x = grid.pool(x);
        let x = grid.conv(x, 1, c2);
        let x = grid.conv(x, 2, c2);
        grid.head(x, 0)?;
        let x = grid.pool(x);
        let x = grid.conv(x, 3, c3);
        grid.head(x, 1)?;
        let x = grid.pool(x);
        let x = grid.conv(x, 4, c4);
        let trunk = grid.conv(x, 5, c4);
        grid.head(trunk, 2)?;
        let mut network = grid.network;
        network.feature(trunk);
        Ok(Self {
            network,
            head: head_name(LEVELS - 1),
        })
    }

    /// The trunk.
    pub fn trunk(&self) -> Value {
        self.network.features().last().copied().unwrap_or(INPUT)
    }

    /// The levels.
    pub fn levels(&self) -> &[Value] {
        let features = self.network.features();
        &features[..features.len().saturating_sub(1)]
    }
}

fn head_name(level: usize) -> String {
    format!("student.head{}", level + 1)
}

/// Strides are real until their product reaches the output stride, dilations after.
struct Grid<'a> {
    network: Network,
    output_stride: usize,
    stride: usize,
    dilation: usize,
    levels: &'a [Level],
    /// The student's first level that has one of the teacher's.
    first: usize,
}

impl Grid<'_> {
    fn conv(&mut self, from: Value, number: usize, outputs: usize) -> Value {
        let conv = Conv {
            dilation: self.dilation,
            padding: self.dilation,
            ..Conv::same(format!("student.conv{number}"), outputs, 3)
        };
        self.network.conv(from, conv)
    }

    /// A pool that halves the grid, or dilates all that follows it.
    fn pool(&mut self, from: Value) -> Value {
        let strided = self.stride < self.output_stride;
        let dilation = if strided { 1 } else { self.dilation };
        let pool = Pool {
            kernel: 3,
            stride: if strided { 2 } else { 1 },
            dilation,
            padding: dilation,
            ceil: false,
        };
        match strided {
            true => self.stride *= 2,
            false => self.dilation *= 2,
        }
        self.network.max_pool(from, pool)
    }

    /// A level's head, at the teacher's size: the 1×1 head commutes with the average, and is cheaper
    /// after it.
    fn head(&mut self, from: Value, level: usize) -> Result<()> {
        let Some(at) = level.checked_sub(self.first) else {
            return Ok(());
        };
        let Level { stride, channels } = self.levels[at];
        let own = STRIDES[level];
        if !stride.is_multiple_of(own) {
            return Err(Error::setting(
                "teacher",
                format!(
                    "its level {} has a feature every {stride} pixels, which is no multiple of the \
                     student's {own}",
                    at + 1
                ),
            ));
        }
        let averaged = self.network.average_pool(from, stride / self.stride);
        let conv = Conv {
            activation: Activation::None,
            ..Conv::same(head_name(level), channels, 1)
        };
        let head = self.network.conv(averaged, conv);
        self.network.feature(head);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use oddspot_conv::Shape;

    use super::*;

    fn levels(strides: &[usize]) -> Vec<Level> {
        let level = |&stride| Level {
            stride,
            channels: 7,
        };
        strides.iter().map(level).collect()
    }

    #[test]
    fn features_have_the_teachers_sizes_and_the_trunk_the_output_stride() {
        for output_stride in [1, 2, 4, 8] {
            let settings = StudentSettings {
                widths: [3, 4, 5, 6],
                output_stride,
            };
            let student = Student::new(&settings, &levels(&[2, 4, 8])).unwrap();
            let shapes = student.network.shapes(Shape::new(1, 64, 40, 3)).unwrap();
            for (&value, stride) in student.levels().iter().zip([2, 4, 8]) {
                assert_eq!(shapes[value], Shape::new(1, 64 / stride, 40 / stride, 7));
            }
            let trunk = Shape::new(1, 64 / output_stride, 40 / output_stride, 6);
            assert_eq!(shapes[student.trunk()], trunk);
        }
    }

    #[test]
    fn coarser_and_fewer_levels_are_followed() {
        let settings = StudentSettings::default();
        let student = Student::new(&settings, &levels(&[4, 8, 16])).unwrap();
        let strides: Vec<usize> = (student.network.levels().iter())
            .map(|level| level.stride)
            .collect();
        assert_eq!(strides, [4, 8, 16, 8]);
        let student = Student::new(&settings, &levels(&[8])).unwrap();
        assert_eq!(student.levels().len(), 1);
        assert!(
            student
                .network
                .convs()
                .all(|conv| conv.name != "student.head2")
        );
    }

    #[test]
    fn levels_that_cannot_be_followed_are_refused() {
        let settings = StudentSettings::default();
        for strides in [&[][..], &[2, 2, 8], &[1, 2, 4, 8]] {
            assert!(
                Student::new(&settings, &levels(strides)).is_err(),
                "{strides:?}"
            );
        }
    }
}

//! Settings: everything that decides what is learned and how images are judged, saved with every
//! model. Each is one row of [`table`](self::Row), from which follow its field, its default and its
//! value in the paper, its range, its name in a TOML file and as an option of a command, and the table
//! of the documentation.

mod allowed;
mod choices;
mod reading;
mod row;
mod rules;
mod spelling;
mod table;
mod tile;
mod toml_file;

#[cfg(test)]
mod tests;

pub use choices::{
    Alignment, FeatureNorm, ImageLevel, MemoryScale, Method, Moments, Optimizer, PairWeights,
    PosFloor, Schedule, Units,
};
pub use row::{Row, Shown, row};
pub use spelling::Choice;
pub use table::{
    ClosedFormSettings, DetectionSettings, PositionSettings, Settings, StudentSettings,
    TrainingSettings, rows,
};
pub use tile::Tile;
pub use toml_file::toml_error;

use crate::error::{Error, ErrorKind, Result, Subject};

/// Half the student's receptive field, 65 pixels: the reach of a patch around its centre.
pub const PATCH_RADIUS: usize = 32;

/// A setting that two settings do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name, such as "training.seed".
    pub name: &'static str,
    /// What the one has, as [`Row::of`] writes it.
    pub mine: String,
    /// What the other has, likewise.
    pub other: String,
}

impl Settings {
    /// The default's closed-form terms alone: nothing is trained.
    pub fn instant() -> Self {
        Self {
            method: Method::Instant,
            ..Self::default()
        }
    }

    /// The default in a model file of less than half the size: coarser blocks, no wide
    /// window, fewer channels, fewer images remembered.
    pub fn compact() -> Self {
        let mut settings = Self::default();
        settings.closed_form.block = 4;
        settings.closed_form.window = 1;
        settings.closed_form.channels = 128;
        settings.closed_form.remembered = 48;
        settings.closed_form.remembered_pieces = 48;
        settings
    }

    /// Sets one by its name, such as "training.iterations", to what [`Row::of`] would write.
    ///
    /// # Errors
    /// A name that there is not, or a text that is no value of it.
    pub fn set(&mut self, name: &str, text: &str) -> Result<()> {
        match row(name) {
            Some(row) => row.set(self, text),
            None => Err(Error::new(
                ErrorKind::Invalid,
                Subject::Settings,
                toml_file::unknown(name),
            )),
        }
    }

    /// Where others are not as these, in the order of the table.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        self.differences_in(other, |_| true)
    }

    /// Those that make another model; see [`Row::decisive`].
    pub fn decisive_differences(&self, other: &Self) -> Vec<Difference> {
        self.differences_in(other, |row| row.decisive)
    }

    fn differences_in(&self, other: &Self, counts: impl Fn(&Row) -> bool) -> Vec<Difference> {
        (rows().filter(|row| counts(row)))
            .map(|row| Difference {
                name: row.name,
                mine: row.of(self),
                other: row.of(other),
            })
            .filter(|difference| difference.mine != difference.other)
            .collect()
    }
}

impl ClosedFormSettings {
    /// What files do not say: a model stays as it was before there was this setting.
    fn levels_before() -> usize {
        2
    }

    /// Whether a file need not say it.
    fn are_levels_before(levels: &usize) -> bool {
        *levels == Self::levels_before()
    }

    /// Whether a file need not say it: before there was this setting one number was for both.
    fn as_many_as_images(pieces: &usize) -> bool {
        *pieces == 0
    }
}

impl Settings {
    /// The same with what it leaves to the good images (`auto`) as settings have it that these have settled.
    #[must_use]
    pub fn settled_as(&self, settled: &Self) -> Self {
        let mut same = self.clone();
        if same.bit_depth.is_auto() {
            same.bit_depth = settled.bit_depth;
        }
        if same.alignment == Alignment::Auto {
            same.alignment = settled.alignment;
        }
        same
    }

    /// Good images that are remembered, at most, or pieces of them where they are cut.
    pub fn remembered(&self) -> usize {
        let ClosedFormSettings {
            remembered,
            remembered_pieces,
            ..
        } = self.closed_form;
        match remembered_pieces {
            0 => remembered,
            _ if self.tile.is_none() => remembered,
            pieces => pieces,
        }
    }
}

impl TrainingSettings {
    /// The learning rate of an iteration, counted from 0.
    pub fn learning_rate_at(&self, iteration: usize) -> f64 {
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let progress = iteration as f64 / self.iterations as f64;
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        }
    }
}

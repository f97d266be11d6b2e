//! The terms of the score, each in a room of its own: what it makes of an image's features, what is
//! usual of that in good images, and how it is fused.
//!
//! Everything behind them goes over [`ALL`]: fusing, statistics, the model file, tables and pages.

pub mod channels;
pub mod gaussian;
mod memory;
pub mod places;
pub mod position;
mod reconstruction;

use std::cmp::Ordering;
use std::fmt;

use half::f16;
use oddspot_conv::Workspace;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::files::{NamedTensors, PackedTensors};
use crate::maps::{Moments, ScoreMap};
use crate::net::learned::Learned;
use crate::net::tensors::TensorSpec;
use crate::settings::Settings;
use channels::ChannelStatistics;
use places::GoodFeatures;
use position::Placement;

/// All terms, in the order in which they are added up.
pub const ALL: &[&Kind] = &[
    &reconstruction::KIND,
    &position::KIND,
    &gaussian::KIND,
    &memory::KIND,
];

/// What a term says of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// It looks wrong.
    #[serde(rename = "looks wrong")]
    LooksWrong,
    /// It is in the wrong place.
    #[serde(rename = "in the wrong place")]
    WrongPlace,
}

impl Side {
    /// Both sides.
    pub const ALL: [Self; 2] = [Self::LooksWrong, Self::WrongPlace];

    /// In words, as "looks wrong".
    pub fn words(self) -> &'static str {
        match self {
            Self::LooksWrong => "looks wrong",
            Self::WrongPlace => "in the wrong place",
        }
    }
}

/// A kind of term: what there is to know of it before it is made.
pub struct Kind {
    /// Its name in files and tables.
    pub name: &'static str,
    /// Its symbol in the method's formulas, as "e_rec".
    pub symbol: &'static str,
    /// What its map shows, in a sentence for people who do not know the method.
    pub explained: &'static str,
    /// What it says of a place.
    pub side: Side,
    /// Whether models of some settings have it.
    pub used: fn(&Settings) -> bool,
    /// Whether it is fitted to the features of all good images at once, and judges each of them as if
    /// that one had not been there.
    pub closed_form: bool,
    /// Whether it can leave out the image most like another too ([`Term::without_likest`]).
    pub leaves_out_likest: bool,
    /// How far it can be trusted, in [0, 1], by what is usual of its error in good images.
    pub trust: fn(&Moments) -> f64,
    /// How its map goes into the sum.
    pub fusing: fn(&Settings) -> Fusing,
    /// The tensors that it keeps in the model, beside those of the networks.
    pub tensors: fn(&About) -> Vec<TensorSpec>,
    /// Those of them that are of 8 bits.
    pub packed: fn(&About) -> Vec<TensorSpec>,
    /// Makes the term: fitted, where its tensors are given.
    pub make: fn(&Parts) -> Result<Box<dyn Term>>,
}

impl Kind {
    /// The term before it is fitted.
    ///
    /// # Errors
    /// Settings that it cannot be made for.
    pub fn unfitted(
        &self,
        settings: &Settings,
        learned: &Learned,
        statistics: &ChannelStatistics,
    ) -> Result<Box<dyn Term>> {
        (self.make)(&Parts {
            settings,
            learned,
            tensors: &NamedTensors::new(),
            packed: &PackedTensors::new(),
            statistics,
        })
    }

    /// What its map shows, in words. A term of the closed form knows what is unusual at a place, and not whether
    /// that is in the wrong place or looks wrong.
    pub fn words(&self) -> &'static str {
        match self.closed_form {
            true => "unusual here",
            false => self.side.words(),
        }
    }
}

/// What the shapes of a term's tensors follow from.
pub struct About<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The learned networks.
    pub learned: &'a Learned,
    /// Pieces of good images, those held out too; an image that is looked at whole is one.
    pub good_pieces: usize,
}

/// How a term's map goes into the sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fusing {
    /// What the normalised error is multiplied by.
    pub weight: f64,
    /// The least that the normalised error counts, in standard deviations.
    pub least: f64,
    /// Standard deviation of the Gaussian that smooths the map, in pixels of a 256-pixel image.
    pub smoothing: f64,
    /// Whether a place may be without evidence, and then counts 0. Else NaN is a fault and stays one.
    pub without_evidence: bool,
    /// Whether good images' differences as wholes are taken off.
    pub levelled: bool,
}

/// What a term is made from.
pub struct Parts<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The learned networks.
    pub learned: &'a Learned,
    /// The networks' tensors, and the terms' own once they are fitted.
    pub tensors: &'a NamedTensors,
    /// The terms' tensors of 8 bits.
    pub packed: &'a PackedTensors,
    /// Statistics of the teacher's channels.
    pub statistics: &'a ChannelStatistics,
}

/// What is known of an image when it is judged.
pub struct Seen<'a> {
    /// The teacher's levels, fine to coarse.
    pub teacher: TeacherLevels<'a>,
    /// The student's answers to them, `[height, width, channels]` of each.
    pub student: Vec<&'a [f32]>,
    /// The student's level-3 features before their head, `[height, width, c4]`.
    pub trunk: &'a [f32],
    /// The teacher's features at the places of the closed-form terms' grid ([`places`]); empty where no
    /// term looks at them.
    pub places: &'a [f32],
}

/// The teacher's levels of an image, `[height, width, channels]` each.
pub enum TeacherLevels<'a> {
    /// As the teacher gives them.
    Raw(Vec<&'a [f32]>),
    /// From the cache of a training: made as the student is compared with them.
    Cached(Vec<&'a [f16]>),
}

/// Memory of a term's work on an image, kept from image to image.
#[derive(Default)]
pub struct TermMemory {
    buffers: Vec<Vec<f32>>,
    /// What a term that works in whole numbers made of the image, and what came of it.
    steps: Vec<i16>,
    squares: Vec<i32>,
}

/// A term of a model. Threads may share it once it is fitted.
pub trait Term: Send + Sync {
    /// Its kind.
    fn kind(&self) -> &'static Kind;

    /// Its errors of an image, on grids of its own.
    ///
    /// # Errors
    /// Features of other sizes than it was made for.
    fn errors(
        &self,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Vec<ScoreMap>>;

    /// Whether it learns from the good images before its errors mean anything.
    fn needs_fitting(&self) -> bool {
        false
    }

    /// Takes in what is known of a good image.
    ///
    /// # Errors
    /// Features of other sizes than it was made for.
    fn fit(
        &mut self,
        _seen: &Seen,
        _workspace: &mut Workspace,
        _memory: &mut TermMemory,
    ) -> Result<()> {
        Ok(())
    }

    /// Ends the fitting.
    ///
    /// # Errors
    /// Features that it cannot be fitted to.
    fn finish_fit(&mut self) -> Result<()> {
        Ok(())
    }

    /// Fits a closed-form term to good images, beside `known` pieces of others that it was fitted to before (0
    /// if to none); its errors of each piece as if its image had not been among them, or None if it is of
    /// another kind.
    ///
    /// # Errors
    /// Features that cannot be read, or that it cannot be fitted to.
    fn fit_good(
        &mut self,
        _good: &mut dyn GoodFeatures,
        _known: usize,
    ) -> Result<Option<Vec<Vec<ScoreMap>>>> {
        Ok(None)
    }

    /// Once it is fitted, its errors of each piece of good images as if not only its image had been left out
    /// but, at each place, the one most like it too: two alike faults do not excuse each other. The image of
    /// each piece is given. None of a piece that it cannot say it of; nothing at all by default.
    fn without_likest(&self, _images: &[usize]) -> Result<Vec<Option<Vec<ScoreMap>>>> {
        Ok(Vec::new())
    }

    /// The least that its errors differ by, once it is fitted: a spread below it says nothing. 0 where errors are not
    /// counted in steps.
    fn step(&self) -> f64 {
        0.0
    }

    /// Its map at the image's size, before it is normalised; NaN where there is no evidence.
    fn at_pixels(&self, errors: &[ScoreMap]) -> ScoreMap;

    /// What it says in detail of what is odd at a pixel (row, column) of the image whose errors were
    /// computed last with this memory.
    ///
    /// # Errors
    /// A memory of another term.
    fn placement(
        &self,
        _pixel: (usize, usize),
        _workspace: &mut Workspace,
        _memory: &mut TermMemory,
    ) -> Result<Option<Placement>> {
        Ok(None)
    }

    /// How much of its error at some pixels (row, column) is left if it is forgotten which place they are
    /// of, against what is usual of that in good images: about 1 of what good images show nowhere, less of
    /// what they show elsewhere. Of the image whose errors were computed last with this memory; None if it
    /// cannot tell.
    ///
    /// # Errors
    /// A memory of another term.
    fn elsewhere(
        &self,
        _pixels: &[(usize, usize)],
        _workspace: &mut Workspace,
        _memory: &mut TermMemory,
    ) -> Result<Option<f64>> {
        Ok(None)
    }

    /// What it keeps in the model, beside the networks.
    fn tensors(&self) -> NamedTensors {
        NamedTensors::new()
    }

    /// Those of 8 bits.
    fn packed(&self) -> PackedTensors {
        PackedTensors::new()
    }
}

/// The kind of a name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.name == name)
}

/// The kinds of models of some settings.
pub fn used(settings: &Settings) -> impl Iterator<Item = &'static Kind> {
    ALL.iter().copied().filter(|kind| (kind.used)(settings))
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In the order of [`ALL`].
impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |kind: &Self| ALL.iter().position(|one| one.name == kind.name);
        place(self).cmp(&place(other))
    }
}

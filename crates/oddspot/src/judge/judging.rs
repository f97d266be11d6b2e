//! Images to the errors of all terms: teacher, student, terms, one after the other.

use half::f16;
use image::RgbImage;
use oddspot_conv::{Shape, Workspace};

use crate::error::Result;
use crate::files::{NamedTensors, PackedTensors};
use crate::images::normalise_into;
use crate::maps::{ScoreMap, around_peak};
use crate::net::engine::{Engine, Forward};
use crate::net::forward::{PassMemory, room};
use crate::net::learned::Learned;
use crate::net::student::Student;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::terms::places::PlaceGrid;
use crate::terms::position::Placement;
use crate::terms::{self, Parts, Seen, TeacherLevels, Term, TermMemory};
use crate::verdict::{AnomalyMaps, TermError, TermStatistics};

/// Learned networks and terms made ready to judge images of one size. Threads may share it, each
/// with a [`Memory`] of its own.
pub struct Judging {
    settings: Settings,
    /// Absent where no network is trained.
    student: Option<Box<dyn Forward>>,
    levels: usize,
    /// What the closed-form terms look at, if there are any.
    places: Option<PlaceGrid>,
    terms: Vec<Box<dyn Term>>,
}

/// What a pass needs of memory, kept from image to image.
#[derive(Default)]
pub struct Memory {
    workspace: Workspace,
    image: Vec<f32>,
    teacher: PassMemory,
    student: PassMemory,
    places: Vec<f32>,
    terms: Vec<TermMemory>,
}

impl Memory {
    /// Runs a teacher on an image of the size it was made for.
    ///
    /// # Errors
    /// An image of another size.
    pub fn run_teacher(&mut self, teacher: &dyn Forward, image: &RgbImage) -> Result<()> {
        let pixels = room(&mut self.image, image.len());
        normalise_into(image, pixels);
        teacher.run(&mut self.workspace, pixels, &mut self.teacher)
    }

    /// The levels of the teacher that was run last, `[height, width, channels]` each.
    pub fn teacher_levels(&self, teacher: &dyn Forward, levels: usize) -> Vec<&[f32]> {
        (0..levels)
            .map(|level| teacher.feature(level, &self.teacher))
            .collect()
    }
}

/// Where the teacher's levels of an image come from.
pub enum TeacherSource<'a> {
    /// The teacher, which runs on the image.
    Run(&'a dyn Forward),
    /// The cache of a training.
    Cached(Vec<&'a [f16]>),
}

/// What is left of the distance from what is usual at a place, if the place is forgotten, of something that
/// is known from elsewhere: below it nothing is new. Half way to 1 parted planted defects from parts that
/// were swapped, moved or missing.
const KNOWN: f64 = 0.8;

/// Each term's errors of an image on grids of its own, in the order of the terms.
pub type TermErrors = Vec<Vec<ScoreMap>>;

/// The input of a network on an image of some settings' size.
pub(crate) fn input_shape(settings: &Settings) -> Shape {
    let size = settings.image_size;
    Shape::new(1, size.height, size.width, 3)
}

impl Judging {
    /// Makes networks and terms ready.
    ///
    /// # Errors
    /// A tensor that is missing or does not fit.
    pub fn new(
        engine: &dyn Engine,
        settings: &Settings,
        learned: &Learned,
        (tensors, packed): (&NamedTensors, &PackedTensors),
        statistics: &ChannelStatistics,
    ) -> Result<Self> {
        let parts = Parts {
            settings,
            learned,
            tensors,
            packed,
            statistics,
        };
        let forward =
            |student: &Student| engine.forward(&student.network, tensors, input_shape(settings));
        let closed_form = terms::used(settings).any(|kind| kind.closed_form);
        Ok(Self {
            student: learned.student.as_ref().map(forward).transpose()?,
            places: closed_form.then(|| PlaceGrid::of(settings, &learned.levels)),
            levels: learned.levels.len(),
            terms: (terms::used(settings).map(|kind| (kind.make)(&parts)))
                .collect::<Result<_>>()?,
            settings: settings.clone(),
        })
    }

    /// Whether any term learns from the good images before its errors mean anything.
    pub fn needs_fitting(&self) -> bool {
        self.terms.iter().any(|term| term.needs_fitting())
    }

    /// Lets the terms that learn from good images learn from one.
    ///
    /// # Errors
    /// An image of another size.
    pub fn fit(
        &mut self,
        image: &RgbImage,
        teacher: TeacherSource,
        memory: &mut Memory,
    ) -> Result<()> {
        let Self {
            student,
            levels,
            places,
            terms,
            ..
        } = self;
        see(
            (student.as_deref(), *levels, places.as_ref()),
            (image, teacher),
            memory,
            |seen, workspace, memories| {
                let terms = terms.iter_mut().zip(memories);
                for (term, memory) in terms.filter(|(term, _)| term.needs_fitting()) {
                    term.fit(seen, workspace, memory)?;
                }
                Ok(())
            },
        )
    }

    /// Ends the learning from good images.
    ///
    /// # Errors
    /// Features that a term cannot be fitted to.
    pub fn finish_fit(&mut self) -> Result<()> {
        let mut terms = self.terms.iter_mut().filter(|term| term.needs_fitting());
        terms.try_for_each(|term| term.finish_fit())
    }

    /// What the terms keep in the model, that of 8 bits apart.
    pub fn term_tensors(&self) -> (NamedTensors, PackedTensors) {
        let tensors = self.terms.iter().flat_map(|term| term.tensors());
        let packed = self.terms.iter().flat_map(|term| term.packed());
        (tensors.collect(), packed.collect())
    }

    /// The errors of an image of the settings' size; those of a closed-form term are none where the
    /// teacher's levels come from a cache, which keeps other features than it looks at.
    ///
    /// # Errors
    /// An image of another size.
    pub fn errors(
        &self,
        image: &RgbImage,
        teacher: TeacherSource,
        memory: &mut Memory,
    ) -> Result<TermErrors> {
        let cached = matches!(teacher, TeacherSource::Cached(_));
        see(
            (self.student.as_deref(), self.levels, self.places.as_ref()),
            (image, teacher),
            memory,
            |seen, workspace, memories| {
                let terms = self.terms.iter().zip(memories);
                terms
                    .map(|(term, memory)| match term.kind().closed_form && cached {
                        true => Ok(Vec::new()),
                        false => term.errors(seen, workspace, memory),
                    })
                    .collect()
            },
        )
    }

    /// The errors brought to the image's size, term by term.
    pub fn at_pixels(&self, errors: &[Vec<ScoreMap>]) -> Vec<ScoreMap> {
        (self.terms.iter().zip(errors))
            .map(|(term, errors)| term.at_pixels(errors))
            .collect()
    }

    /// The least that a term's errors differ by ([`Term::step`]).
    pub fn step(&self, at: usize) -> f64 {
        self.terms[at].step()
    }

    /// The errors of one term, by its place among them, at the image's size.
    pub fn term_at_pixels(&self, at: usize, errors: &[ScoreMap]) -> ScoreMap {
        self.terms[at].at_pixels(errors)
    }

    /// The part of one term, by its place among them, in the anomaly map.
    pub fn term_map(
        &self,
        at: usize,
        error: &ScoreMap,
        statistics: &TermStatistics,
        inspected: Option<&[bool]>,
    ) -> ScoreMap {
        let term = &*self.terms[at];
        self.term_error(term, error, statistics, inspected).map()
    }

    /// The anomaly map of errors at the image's size, of which some pixels are inspected; all if none are given.
    pub fn fuse(
        &self,
        errors: &[ScoreMap],
        statistics: &[TermStatistics],
        inspected: Option<&[bool]>,
    ) -> AnomalyMaps {
        let terms = self.terms.iter().zip(errors).zip(statistics);
        AnomalyMaps::fuse(terms.map(|((term, error), statistics)| {
            self.term_error(&**term, error, statistics, inspected)
        }))
    }

    fn term_error<'a>(
        &self,
        term: &dyn Term,
        error: &'a ScoreMap,
        statistics: &'a TermStatistics,
        inspected: Option<&'a [bool]>,
    ) -> TermError<'a> {
        let kind = term.kind();
        TermError {
            kind,
            error,
            statistics,
            fusing: (kind.fusing)(&self.settings),
            inspected,
        }
    }

    /// How new to good images is what stands out around a map's peak, in the image whose errors were computed
    /// last with this memory: from 0, known from another place, to 1, seen nowhere. 1 where no term can
    /// tell.
    ///
    /// # Errors
    /// A memory of other terms.
    pub fn novelty(&self, maps: &AnomalyMaps, memory: &mut Memory) -> Result<f64> {
        let width = maps.total.width.max(1);
        let peak = around_peak(&maps.total);
        let pixels: Vec<(usize, usize)> = peak.iter().map(|at| (at / width, at % width)).collect();
        for (term, of_term) in self.terms.iter().zip(&mut memory.terms) {
            if let Some(left) = term.elsewhere(&pixels, &mut memory.workspace, of_term)? {
                return Ok(((left - KNOWN) / (1.0 - KNOWN)).clamp(0.0, 1.0));
            }
        }
        Ok(1.0)
    }

    /// What the terms say in detail of where the map peaks, in the image whose errors were computed
    /// last with this memory.
    ///
    /// # Errors
    /// A memory of other terms.
    pub fn placement(&self, maps: &AnomalyMaps, memory: &mut Memory) -> Result<Option<Placement>> {
        let workspace = &mut memory.workspace;
        let pixel = maps.total.peak().1;
        for (term, memory) in self.terms.iter().zip(&mut memory.terms) {
            if let Some(placement) = term.placement(pixel, workspace, memory)? {
                return Ok(Some(placement));
            }
        }
        Ok(None)
    }
}

/// Runs the networks on an image and hands on what is known of it then, with the terms' memory.
fn see<T>(
    (student, levels, places): (Option<&dyn Forward>, usize, Option<&PlaceGrid>),
    (image, teacher): (&RgbImage, TeacherSource),
    memory: &mut Memory,
    then: impl FnOnce(&Seen, &mut Workspace, &mut [TermMemory]) -> Result<T>,
) -> Result<T> {
    match teacher {
        TeacherSource::Run(teacher) => memory.run_teacher(teacher, image)?,
        TeacherSource::Cached(_) => normalise_into(image, room(&mut memory.image, image.len())),
    }
    let Memory {
        workspace,
        image: pixels,
        teacher: of_teacher,
        student: of_student,
        places: at_places,
        terms,
    } = memory;
    if let Some(student) = student {
        student.run(workspace, &pixels[..image.len()], of_student)?;
    }
    at_places.clear();
    if let (Some(grid), TeacherSource::Run(teacher)) = (places, &teacher) {
        let levels: Vec<&[f32]> = (0..levels)
            .map(|level| teacher.feature(level, of_teacher))
            .collect();
        grid.features(&levels, at_places);
    }
    let seen = Seen {
        teacher: match teacher {
            TeacherSource::Run(teacher) => TeacherLevels::Raw(
                (0..levels)
                    .map(|level| teacher.feature(level, of_teacher))
                    .collect(),
            ),
            TeacherSource::Cached(levels) => TeacherLevels::Cached(levels),
        },
        student: (student.iter())
            .flat_map(|student| (0..levels).map(|level| student.feature(level, of_student)))
            .collect(),
        trunk: student.map_or(&[], |student| student.feature(levels, of_student)),
        places: at_places,
    };
    terms.resize_with(terms::ALL.len(), Default::default);
    then(&seen, workspace, terms)
}

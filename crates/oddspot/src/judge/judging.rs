//! Images to the errors of all terms: teacher, student, terms, one after the other.

use half::f16;
use image::RgbImage;
use oddspot_conv::{Shape, Workspace};

use crate::error::Result;
use crate::files::NamedTensors;
use crate::images::normalise_into;
use crate::maps::ScoreMap;
use crate::net::engine::{Engine, Forward};
use crate::net::forward::{PassMemory, room};
use crate::net::learned::Learned;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::terms::position::Placement;
use crate::terms::{self, Parts, Seen, TeacherLevels, Term, TermMemory};
use crate::verdict::{AnomalyMaps, TermError, TermStatistics};

/// Learned networks and terms made ready to judge images of one size. Threads may share it, each
/// with a [`Memory`] of its own.
pub struct Judging {
    settings: Settings,
    student: Box<dyn Forward>,
    levels: usize,
    terms: Vec<Box<dyn Term>>,
}

/// What a pass needs of memory, kept from image to image.
#[derive(Default)]
pub struct Memory {
    workspace: Workspace,
    image: Vec<f32>,
    teacher: PassMemory,
    student: PassMemory,
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
        tensors: &NamedTensors,
        statistics: &ChannelStatistics,
    ) -> Result<Self> {
        let parts = Parts {
            settings,
            learned,
            tensors,
            statistics,
        };
        let network = &learned.student.network;
        Ok(Self {
            student: engine.forward(network, tensors, input_shape(settings))?,
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
            terms,
            ..
        } = self;
        see(
            &**student,
            *levels,
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

    /// What the terms keep in the model.
    pub fn term_tensors(&self) -> NamedTensors {
        self.terms.iter().flat_map(|term| term.tensors()).collect()
    }

    /// The errors of an image of the settings' size.
    ///
    /// # Errors
    /// An image of another size.
    pub fn errors(
        &self,
        image: &RgbImage,
        teacher: TeacherSource,
        memory: &mut Memory,
    ) -> Result<TermErrors> {
        let (student, given) = (&*self.student, (image, teacher));
        see(
            student,
            self.levels,
            given,
            memory,
            |seen, workspace, memories| {
                let terms = self.terms.iter().zip(memories);
                terms
                    .map(|(term, memory)| term.errors(seen, workspace, memory))
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

    /// The anomaly map of errors at the image's size.
    pub fn fuse(&self, errors: &[ScoreMap], statistics: &[TermStatistics]) -> AnomalyMaps {
        let terms = self.terms.iter().zip(errors).zip(statistics);
        AnomalyMaps::fuse(terms.map(|((term, error), statistics)| TermError {
            kind: term.kind(),
            error,
            statistics,
            fusing: (term.kind().fusing)(&self.settings),
        }))
    }

    /// What the terms say in detail of where their maps peak, in the image whose errors were computed
    /// last with this memory.
    ///
    /// # Errors
    /// A memory of other terms.
    pub fn placement(&self, maps: &AnomalyMaps, memory: &mut Memory) -> Result<Option<Placement>> {
        let workspace = &mut memory.workspace;
        let terms = self.terms.iter().zip(&maps.terms).zip(&mut memory.terms);
        for ((term, map), memory) in terms {
            let pixel = map.map.peak().1;
            if let Some(placement) = term.placement(pixel, workspace, memory)? {
                return Ok(Some(placement));
            }
        }
        Ok(None)
    }
}

/// Runs the networks on an image and hands on what is known of it then, with the terms' memory.
fn see<T>(
    student: &dyn Forward,
    levels: usize,
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
        terms,
    } = memory;
    student.run(workspace, &pixels[..image.len()], of_student)?;
    let seen = Seen {
        teacher: match teacher {
            TeacherSource::Run(teacher) => TeacherLevels::Raw(
                (0..levels)
                    .map(|level| teacher.feature(level, of_teacher))
                    .collect(),
            ),
            TeacherSource::Cached(levels) => TeacherLevels::Cached(levels),
        },
        student: (0..levels)
            .map(|level| student.feature(level, of_student))
            .collect(),
        trunk: student.feature(levels, of_student),
    };
    terms.resize_with(terms::ALL.len(), Default::default);
    then(&seen, workspace, terms)
}

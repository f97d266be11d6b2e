//! Detection in one pass: an image to its errors.

use half::f16;
use image::RgbImage;
use oddspot_conv::distance::{Target, squared_distances};
use oddspot_conv::{Epilogue, Workspace};

use super::layers::CpuLinear;
use super::parameters::Layout;
use super::position::{CpuPosition, PositionMemory};
use super::student::{ForwardWeights, Layers, Plan, Student, StudentMemory};
use super::teacher::{CpuTeacher, TeacherMemory};
use super::{fits, room};
use crate::config::{Config, FeatureNorm, PairWeights};
use crate::error_maps::GridErrors;
use crate::image::normalise_into;
use crate::loss::ChannelStatistics;
use crate::map::ScoreMap;
use crate::network::named_tensors;
use crate::placement::Placement;
use crate::position::PatchGrid;
use crate::trainable::Networks;

/// Trained networks made ready to judge images of one size. Threads may share it, each with a
/// [`Memory`] of its own.
pub struct CpuDetection {
    plan: Plan,
    layers: Layers,
    values: Vec<f32>,
    weights: ForwardWeights,
    position: Option<CpuPosition>,
    grid: PatchGrid,
    pair_weights: PairWeights,
    norm: FeatureNorm,
    /// Whether each level counts in `e_rec`.
    weighted: [bool; 3],
    statistics: ChannelStatistics,
    /// Of each level of the teacher's maps, unless they are compared as they come.
    whitening: [Option<CpuLinear>; 3],
}

/// What a pass needs of memory, kept from image to image.
#[derive(Default)]
pub struct Memory {
    workspace: Workspace,
    image: Vec<f32>,
    teacher: TeacherMemory,
    whitened: [Vec<f32>; 3],
    student: StudentMemory,
    position: PositionMemory,
}

impl Memory {
    /// The teacher's maps of an image whose sides are multiples of 8,
    /// `[height/2^ℓ, width/2^ℓ, channels]`.
    pub fn teacher_maps(&mut self, teacher: &CpuTeacher, image: &RgbImage) -> [&[f32]; 3] {
        let pixels = room(&mut self.image, image.len());
        normalise_into(image, pixels);
        let size = [image.height() as usize, image.width() as usize];
        let shapes = teacher.maps(&mut self.workspace, pixels, size, &mut self.teacher);
        std::array::from_fn(|level| {
            let count = shapes[level].positions() * shapes[level].channels;
            &self.teacher.levels[level][..count]
        })
    }
}

/// Where the teacher's maps of an image come from.
#[derive(Clone, Copy)]
pub enum TeacherMaps<'a> {
    /// The teacher, which runs on the image.
    Run(&'a CpuTeacher),
    /// The three levels from the cache, whitened there if they are to be.
    Cached([&'a [f16]; 3]),
}

impl CpuDetection {
    /// Makes networks ready.
    pub fn new(config: &Config, networks: &Networks, statistics: ChannelStatistics) -> Self {
        let mut workspace = Workspace::new();
        let (layout, values) = Layout::of(&named_tensors(networks));
        let layers = Layers::of(&layout);
        let size = [config.image_size.height, config.image_size.width];
        let head3 = networks.student.head3();
        Self {
            plan: Plan::new(&layers, 1, size, config.student.output_stride),
            weights: ForwardWeights::frozen(&mut workspace, &layers, &values),
            position: networks
                .position
                .as_ref()
                .map(|classifier| CpuPosition::new(&workspace, classifier, head3)),
            grid: PatchGrid::of(config),
            pair_weights: config.detection.pair_weights,
            norm: config.training.feature_norm,
            weighted: config.training.level_weights.map(|weight| weight > 0.0),
            whitening: std::array::from_fn(|level| {
                let (weight, bias) = statistics.whitening_layer(level)?;
                Some(CpuLinear::from_values(&workspace, &weight, bias))
            }),
            statistics,
            layers,
            values,
        }
    }

    /// The errors of an image of the configuration's size.
    pub fn errors(
        &self,
        image: &RgbImage,
        teacher: TeacherMaps,
        memory: &mut Memory,
    ) -> GridErrors {
        let input = self.plan.convs[0].input;
        let pixels = room(&mut memory.image, input.height * input.width * 3);
        normalise_into(image, pixels);
        if let TeacherMaps::Run(teacher) = teacher {
            let size = [input.height, input.width];
            teacher.maps(&mut memory.workspace, pixels, size, &mut memory.teacher);
            self.whiten(memory);
        }
        self.student(memory);
        GridErrors {
            levels: std::array::from_fn(|level| self.level(level, teacher, memory)),
            pos: self
                .position
                .as_ref()
                .map(|position| self.e_pos(position, memory)),
        }
    }

    /// Whitens the levels of the teacher's maps in memory that count, where asked for.
    fn whiten(&self, memory: &mut Memory) {
        for (level, layer) in self.whitening.iter().enumerate() {
            let Some(layer) = layer.as_ref().filter(|_| self.weighted[level]) else {
                continue;
            };
            let rows = self.plan.level_rows(level);
            let count = rows * layer.outputs();
            layer.run_into(
                &mut memory.workspace,
                rows,
                &memory.teacher.levels[level][..count],
                Epilogue::default(),
                room(&mut memory.whitened[level], count),
            );
        }
    }

    /// The student's maps `S¹, S², S³` of an image of the configuration's size,
    /// `[height/2^ℓ, width/2^ℓ, channels]`.
    pub fn student_maps<'a>(&self, image: &RgbImage, memory: &'a mut Memory) -> [&'a [f32]; 3] {
        let input = self.plan.convs[0].input;
        let pixels = room(&mut memory.image, input.height * input.width * 3);
        normalise_into(image, pixels);
        self.student(memory);
        std::array::from_fn(|level| {
            let channels = self.layers.heads[level].sizes[0];
            &memory.student.levels[level][..self.plan.level_rows(level) * channels]
        })
    }

    /// The student's pass on the memory's image.
    fn student(&self, memory: &mut Memory) {
        let student = Student {
            plan: &self.plan,
            layers: &self.layers,
            values: &self.values,
        };
        student.forward(
            &mut memory.workspace,
            &self.weights,
            &memory.image,
            false,
            &mut memory.student,
        );
    }

    /// `‖T^ℓ − S^ℓ‖²` of a level, 0 to 2; zeros if it has no weight.
    fn level(&self, level: usize, teacher: TeacherMaps, memory: &mut Memory) -> ScoreMap {
        let input = self.plan.convs[0].input;
        let (height, width) = (input.height >> (level + 1), input.width >> (level + 1));
        let mut map = ScoreMap::filled(height, width, 0.0);
        if !self.weighted[level] {
            return map;
        }
        let channels = self.layers.heads[level].sizes[0];
        let count = height * width * channels;
        let target = match teacher {
            TeacherMaps::Run(_) if self.whitening[level].is_some() => {
                Target::Single(&memory.whitened[level][..count])
            }
            TeacherMaps::Run(_) => Target::Single(&memory.teacher.levels[level][..count]),
            TeacherMaps::Cached(levels) => Target::Half(levels[level]),
        };
        let student = &memory.student.levels[level][..count];
        let norm = self.norm.of_level(&self.statistics, level);
        let isa = memory.workspace.isa();
        fits(squared_distances(
            isa,
            student,
            target,
            norm,
            &mut map.values,
        ));
        map
    }

    /// What the classifier says of the position with evidence nearest to a pixel (row, column), in
    /// the image whose errors were computed last with this memory; None without a classifier.
    pub fn placement(&self, pixel: (usize, usize), memory: &mut Memory) -> Option<Placement> {
        let classifier = self.position.as_ref()?;
        let position = self.grid.nearest(pixel)?;
        let width = self.plan.trunk().width;
        let Memory {
            workspace,
            position: memory,
            ..
        } = memory;
        Some(classifier.placement(workspace, width, &self.grid, position, memory))
    }

    fn e_pos(&self, position: &CpuPosition, memory: &mut Memory) -> ScoreMap {
        let trunk = self.plan.trunk();
        position.e_pos_grid(
            &mut memory.workspace,
            memory.student.trunk(&self.plan),
            [trunk.height, trunk.width],
            (&self.grid, self.pair_weights),
            &mut memory.position,
        )
    }
}

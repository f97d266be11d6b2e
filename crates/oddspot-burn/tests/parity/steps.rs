//! A training step's losses and every gradient.

use half::f16;
use oddspot::Result;
use oddspot::images::normalise_into;
use oddspot::net::engine::Cpu;
use oddspot::net::learned::{LOSS, Learned};
use oddspot::net::network::Level;
use oddspot::net::optimizer::Steps;
use oddspot::seed;
use oddspot::settings::{FeatureNorm, Method, Optimizer, Settings};
use oddspot::terms::channels::ChannelStatistics;
use oddspot::terms::position::{Pair, PatchGrid};
use oddspot::train::{
    Batch, EncodedMaps, Gradients, Losses, Targets, TeacherCache, TrainingEngine, whiten,
};
use oddspot_burn::Burn;
use oddspot_conv::Workspace;

use crate::world::{
    SIZE, TOLERANCE, assert_close, difference, levels, numbers, picture, settings, values,
};

/// Two images and what a teacher says of them.
struct Material {
    images: Vec<f32>,
    cache: TeacherCache,
    statistics: ChannelStatistics,
    pairs: Vec<Pair>,
}

struct Cached<'a>(&'a mut TeacherCache);

impl Targets for Cached<'_> {
    fn level(&mut self, image: usize, level: usize) -> Result<&[f16]> {
        self.0.level(image, level)
    }
}

impl Material {
    fn new(settings: &Settings, levels: &[Level]) -> Self {
        let folder = std::env::temp_dir();
        let mut cache = TeacherCache::new(SIZE, levels, 2, 64, &folder).unwrap();
        for image in 0..2 {
            let map = |at: usize, level: &Level| -> Vec<f32> {
                let positions = (SIZE.height / level.stride) * (SIZE.width / level.stride);
                let numbers = numbers(positions * level.channels, &format!("{image} {at}"));
                numbers
                    .into_iter()
                    .map(|value| 2.0 * value.max(-0.2))
                    .collect()
            };
            let maps = levels.iter().enumerate().map(|(at, level)| map(at, level));
            let maps: Vec<Vec<f32>> = maps.collect();
            let maps: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
            cache.push(EncodedMaps::new(&maps, levels)).unwrap();
        }
        let statistics = match settings.training.feature_norm {
            FeatureNorm::Whiten => whiten(&mut cache).unwrap(),
            _ => cache.statistics(),
        };
        let mut images = vec![0.0; 2 * 3 * SIZE.width * SIZE.height];
        let each = images.len() / 2;
        for (index, to) in images.chunks_exact_mut(each).enumerate() {
            normalise_into(&picture(index), to);
        }
        Self {
            images,
            cache,
            statistics,
            pairs: Vec::new(),
        }
    }

    /// Draws the pairs of a step.
    fn draw(&mut self, settings: &Settings, step: usize) {
        let (grid, count) = (PatchGrid::of(settings), settings.position.pairs);
        let mut random = seed::stream(step as u64, "pairs");
        let drawn = (0..2).flat_map(|image| grid.draw(count, image, &mut random));
        self.pairs = match settings.method {
            Method::Full => drawn.collect(),
            Method::Baseline | Method::Instant => Vec::new(),
        };
    }

    fn compute(
        &mut self,
        engine: &mut dyn Gradients,
        values: &mut [f32],
        first: bool,
        gradients: &mut [f32],
    ) -> Losses {
        let batch = Batch {
            images: &self.images,
            count: 2,
            targets: &mut Cached(&mut self.cache),
            statistics: &self.statistics,
            pairs: &self.pairs,
        };
        engine.compute(values, first, batch, gradients).unwrap()
    }
}

#[track_caller]
fn assert_losses_agree(found: Losses, expected: Losses, case: &str) {
    let close =
        |found: f32, expected: f32| (found - expected).abs() <= 1e-4 * expected.abs().max(1e-6);
    assert!(
        found.are_finite() && expected.are_finite(),
        "{case}: {found:?}"
    );
    assert!(
        close(found.rec, expected.rec),
        "{case}: {found:?} for {expected:?}"
    );
    assert!(
        close(found.total, expected.total),
        "{case}: {found:?} for {expected:?}"
    );
    assert_eq!(found.pos.is_some(), expected.pos.is_some(), "{case}");
    if let (Some(found), Some(expected)) = (found.pos, expected.pos) {
        assert!(close(found, expected), "{case}: {found} for {expected}");
    }
    assert_eq!(
        found.position_accuracy, expected.position_accuracy,
        "{case}"
    );
}

/// A value may lie so near to a kink (0 of ReLU, two equals of a max pool) that rounding puts it on
/// either side; gradients then differ by what one position of many adds. At other values they do not,
/// but for a fault.
const DRAWS: u64 = 5;

/// What a kink may make of a gradient, relative to the largest of its tensor.
const KINK: f32 = 0.1;

/// Steps at the same values on both: at one of some draws of the values, gradients agree.
fn assert_steps_agree(settings: &Settings, strides: &[usize], case: &str) {
    let mut worst = Vec::new();
    for seed in 0..DRAWS {
        let (difference, tensor) = worst_gradient(settings, strides, (seed, case));
        assert!(difference <= KINK, "{case}, {tensor}: off by {difference}");
        if difference <= TOLERANCE {
            return;
        }
        worst.push((difference, tensor));
    }
    panic!("{case}: {worst:?}");
}

/// How far gradients are apart at most, in the first step and one that follows as the library's own
/// optimizer makes it of the CPU's, and where. All else must agree.
fn worst_gradient(
    settings: &Settings,
    strides: &[usize],
    (seed, case): (u64, &str),
) -> (f32, String) {
    let levels = levels(strides);
    let learned = Learned::new(settings, &levels).unwrap();
    let layout = learned.layout();
    let mut row = values(&layout, seed);
    let mut material = Material::new(settings, &levels);
    let mut cpu = Cpu.gradients(settings, &learned, &layout, &row).unwrap();
    let mut burn = Burn::flex()
        .gradients(settings, &learned, &layout, &row)
        .unwrap();
    let mut optimizer = Steps::new(&settings.training, &layout, LOSS);
    let [mut found, mut expected] = [(); 2].map(|()| vec![f32::NAN; layout.count()]);
    let mut worst = (0.0, String::new());
    for step in 0..2 {
        let case = format!("{case}, step {step}");
        material.draw(settings, step);
        let mut plain_row = row.clone();
        let first = step == 0;
        let losses = material.compute(&mut *cpu, &mut row, first, &mut found);
        let plain = material.compute(&mut *burn, &mut plain_row, first, &mut expected);
        assert_losses_agree(losses, plain, &case);
        assert_close(&row, &plain_row, &format!("{case}, values"));
        for (spec, place) in layout.iter() {
            let (found, expected) = (&found[place.clone()], &expected[place]);
            let difference = match spec.name.starts_with(LOSS) {
                // s starts where its gradient is small: no digits are left of a difference.
                true if found[0].is_nan() => f32::INFINITY,
                true => (found[0] - expected[0]).abs(),
                false => difference(found, expected),
            };
            if difference > worst.0 {
                worst = (difference, format!("step {step}, {}", spec.name));
            }
        }
        optimizer
            .step(&mut Workspace::new(), &mut row, &found, 1e-3)
            .unwrap();
        cpu.refresh(&row).unwrap();
        burn.refresh(&row).unwrap();
    }
    worst
}

#[test]
fn a_training_step_has_the_losses_and_every_gradient_of_the_plain_one() {
    use FeatureNorm::{L2, None, Standardize, Whiten};
    use Method::{Baseline, Full};
    use Optimizer::{Adam, Muon};
    for (method, norm, stride, optimizer, hardest) in [
        (Full, Standardize, 8, Adam, 1.0),
        (Full, L2, 8, Adam, 1.0),
        (Full, None, 4, Muon, 1.0),
        (Full, Standardize, 2, Adam, 1.0),
        (Full, L2, 1, Adam, 1.0),
        (Full, Whiten, 1, Muon, 0.5),
        (Baseline, Standardize, 8, Muon, 1.0),
        (Baseline, None, 2, Adam, 1.0),
        (Full, Standardize, 8, Muon, 0.5),
        (Full, L2, 2, Adam, 0.3),
        (Full, None, 8, Muon, 0.5),
        (Full, Whiten, 8, Muon, 0.5),
        (Full, Whiten, 8, Adam, 1.0),
        (Baseline, L2, 8, Adam, 0.5),
        (Baseline, Whiten, 8, Adam, 0.5),
    ] {
        let mut settings = settings(method, norm, stride);
        settings.training.optimizer = optimizer;
        settings.training.hardest = hardest;
        let case = format!("{method:?} {norm:?} at {stride}, {optimizer:?}, hardest {hardest}");
        assert_steps_agree(&settings, &[2, 4, 8], &case);
    }
}

#[test]
fn a_step_towards_a_teacher_of_other_levels_is_the_plain_one() {
    for strides in [&[4, 8, 16][..], &[4, 8], &[8]] {
        let settings = settings(Method::Full, FeatureNorm::Whiten, 4);
        assert_steps_agree(&settings, strides, &format!("levels at {strides:?}"));
    }
}

#[test]
fn a_loss_that_is_not_finite_is_told_and_changes_no_weights_of_losses() {
    let settings = settings(Method::Full, FeatureNorm::Standardize, 8);
    let levels = levels(&[2, 4, 8]);
    let learned = Learned::new(&settings, &levels).unwrap();
    let layout = learned.layout();
    let mut row = values(&layout, 0);
    row[0] = f32::NAN;
    let mut material = Material::new(&settings, &levels);
    material.draw(&settings, 0);
    let mut burn = Burn::flex()
        .gradients(&settings, &learned, &layout, &row)
        .unwrap();
    let before = row[row.len() - 2..].to_vec();
    let mut gradients = vec![0.0; layout.count()];
    let losses = material.compute(&mut *burn, &mut row, true, &mut gradients);
    assert!(!losses.are_finite());
    assert_eq!(row[row.len() - 2..], before);
}

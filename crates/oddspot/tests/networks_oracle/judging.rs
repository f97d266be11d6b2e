//! Judging a whole image is what its parts are, one after the other: they are held to PyTorch apart,
//! since the fixtures are not normalised as photographs are.

use half::f16;
use image::{Rgb, RgbImage};
use oddspot::files::PackedTensors;
use oddspot::images::normalise;
use oddspot::judge::{Judging, Memory, TeacherSource};
use oddspot::net::engine::{Cpu, Engine};
use oddspot::net::teachers::{Teacher, VGG16, of_stages};
use oddspot::net::tensors::Layout;
use oddspot::settings::FeatureNorm;
use oddspot::terms::{self, Seen, TeacherLevels};
use oddspot_conv::Shape;

use crate::detection::errors_of;
use crate::fixture::{Oracle, SIZE, assert_within, features, learned, settings};

#[test]
fn judging_an_image_is_teacher_student_and_terms_one_after_the_other() {
    let oracle = Oracle::open();
    let mut settings = settings(8);
    settings.training.feature_norm = FeatureNorm::Standardize;
    let (learned, tensors) = (learned(&settings), oracle.learned());
    let statistics = oracle.statistics();
    let network = (VGG16.describe)(&of_stages([4, 4, 6, 7])).unwrap();
    let layout = Layout::of(network.tensors());
    let weights = layout.tensors(&layout.fresh(2));
    let teacher = Teacher::new("mine", &VGG16, weights).unwrap();
    let colour = |x, y| Rgb([(x * 5) as u8, (x * y) as u8, (y * 3 + 7) as u8]);
    let image = RgbImage::from_fn(SIZE.width as u32, SIZE.height as u32, colour);

    let pixels = normalise(&image);
    let shape = Shape::new(1, SIZE.height, SIZE.width, 3);
    let of_teacher = features(&teacher.network, &teacher.weights, (&pixels, shape));
    let of_student = features(
        &learned.student().unwrap().network,
        &tensors,
        (&pixels, shape),
    );
    let halves = |map: &[f32]| -> Vec<f16> { map.iter().map(|&v| f16::from_f32(v)).collect() };
    let cached: Vec<Vec<f16>> = of_teacher.iter().map(|(map, _)| halves(map)).collect();
    let levels = || cached.iter().map(Vec::as_slice).collect();
    let ready = Cpu
        .forward(&teacher.network, &teacher.weights, shape)
        .unwrap();
    let of_tensors = (&tensors, &PackedTensors::new());
    let judging = Judging::new(&Cpu, &settings, &learned, of_tensors, &statistics).unwrap();
    let mut memory = Memory::default();
    for (source, teacher) in [
        (
            TeacherSource::Run(&*ready),
            TeacherLevels::Raw(of_teacher.iter().map(|(map, _)| &map[..]).collect()),
        ),
        (
            TeacherSource::Cached(levels()),
            TeacherLevels::Cached(levels()),
        ),
    ] {
        let errors = judging.errors(&image, source, &mut memory).unwrap();
        let maps = judging.at_pixels(&errors);
        let seen = Seen {
            teacher,
            student: of_student[..3].iter().map(|(map, _)| &map[..]).collect(),
            trunk: &of_student[3].0,
            places: &[],
        };
        let kinds = terms::used(&settings);
        for ((kind, errors), map) in kinds.zip(&errors).zip(&maps) {
            let (expected, at_pixels) = errors_of(kind, &settings, &oracle, &seen);
            assert_eq!(errors.len(), expected.len());
            for (found, expected) in errors.iter().zip(&expected) {
                assert_within(&found.values, &expected.values, 0.0, kind.symbol);
            }
            assert_within(&map.values, &at_pixels.values, 0.0, kind.symbol);
        }
        assert_eq!(maps.len(), 2);
    }
}

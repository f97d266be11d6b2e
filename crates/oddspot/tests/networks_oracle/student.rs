//! The student at every output stride.

use oddspot::images::ImageSize;
use oddspot::net::learned::Learned;
use oddspot::net::network::{Activation, Conv, INPUT, Network};
use oddspot::net::tensors::Layout;
use oddspot::net::training_pass::{TrainingMemory, TrainingPass};
use oddspot::settings::StudentSettings;
use oddspot_conv::{Shape, Workspace};

use crate::fixture::{Oracle, assert_close, features, learned, learned_for, settings};

const STRIDES: [usize; 4] = [8, 4, 2, 1];

/// The last head at every position of the trunk.
fn raw3(learned: &Learned, oracle: &Oracle, (trunk, shape): &(Vec<f32>, Shape)) -> Vec<f32> {
    let mut network = Network::on_channels(shape.channels);
    let head = Conv {
        activation: Activation::None,
        ..Conv::same(&learned.student().unwrap().head, 7, 1)
    };
    let head = network.conv(INPUT, head);
    network.feature(head);
    let mut found = features(&network, &oracle.learned(), (trunk, *shape));
    found.remove(0).0
}

/// The three levels' maps are the oracle's below a name, in shape and values.
fn assert_levels(oracle: &Oracle, maps: &[(Vec<f32>, Shape)], of: &str) {
    for ((map, shape), level) in maps.iter().zip(1..) {
        let name = format!("{of}/level{level}");
        let expected = oracle.get(&name);
        assert_eq!(
            expected.shape,
            [shape.height, shape.width, shape.channels],
            "{name}"
        );
        assert_close(map, &expected.values, &name);
    }
    assert_eq!(maps.len(), 3);
}

#[test]
fn student_maps_are_pytorchs_at_every_output_stride() {
    let oracle = Oracle::open();
    let (input, shape) = oracle.input("student/input");
    for stride in STRIDES {
        let learned = learned(&settings(stride));
        let network = &learned.student().unwrap().network;
        let mut maps = features(network, &oracle.learned(), (&input, shape));
        let trunk = maps.pop().unwrap();
        assert_levels(&oracle, &maps, &format!("student/os{stride}"));
        // At stride 8 it is level 3.
        let name = match stride {
            8 => "student/os8/level3".to_owned(),
            _ => format!("student/os{stride}/raw3"),
        };
        assert_close(
            &raw3(&learned, &oracle, &trunk),
            oracle.values(&name),
            &name,
        );
    }
}

#[test]
fn maps_for_a_coarser_teacher_are_pytorchs() {
    let oracle = Oracle::open();
    let (input, shape) = oracle.input("student/coarser/input");
    for stride in [8, 2] {
        let mut settings = settings(stride);
        settings.image_size = ImageSize::square(96);
        let learned = learned_for(&settings, [4, 8, 16]);
        let network = &learned.student().unwrap().network;
        let maps = features(network, &oracle.learned(), (&input, shape));
        assert_levels(&oracle, &maps[..3], &format!("student/coarser/os{stride}"));
    }
}

#[test]
fn the_pass_of_a_training_gives_the_same_maps() {
    let oracle = Oracle::open();
    let (input, shape) = oracle.input("student/input");
    for stride in STRIDES {
        let learned = learned(&settings(stride));
        let layout: Layout = learned.layout();
        let values = layout.row(&oracle.learned()).unwrap();
        let mut workspace = Workspace::new();
        let network = &learned.student().unwrap().network;
        let pass = TrainingPass::new(&workspace, network, &layout, &values, shape).unwrap();
        let mut memory = TrainingMemory::default();
        pass.forward(&mut workspace, &values, &input, &mut memory)
            .unwrap();
        for (&value, level) in learned.student().unwrap().levels().iter().zip(1..) {
            let name = format!("student/os{stride}/level{level}");
            assert_close(pass.map(value, &memory), oracle.values(&name), &name);
        }
    }
}

/// Design property: the features at an output stride are those at stride 1, sampled.
#[test]
fn every_output_stride_samples_the_dense_features_exactly() {
    // Few channels, and as many as by default.
    for (height, width, widths) in [
        (72, 64, [3, 4, 5, 6]),
        (40, 88, [3, 4, 5, 6]),
        (40, 48, StudentSettings::default().widths),
    ] {
        let pixels: Vec<f32> = (0..height * width * 3)
            .map(|i| ((i * 7919 % 1009) as f32) / 504.0 - 1.0)
            .collect();
        let shape = Shape::new(1, height, width, 3);
        let trunk = |stride| {
            let mut settings = settings(stride);
            settings.student.widths = widths;
            let network = learned(&settings).student.unwrap().network;
            let layout = Layout::of(network.tensors());
            let tensors = layout.tensors(&layout.fresh(3));
            features(&network, &tensors, (&pixels, shape))
                .pop()
                .unwrap()
        };
        let (dense, _) = trunk(1);
        for stride in [2, 4, 8] {
            let (sparse, shape) = trunk(stride);
            assert_eq!(
                (shape.height, shape.width),
                (height / stride, width / stride)
            );
            let places = (0..shape.height).flat_map(|row| (0..shape.width).map(move |c| (row, c)));
            let sampled: Vec<f32> = places
                .flat_map(|(row, column)| {
                    let at = (stride * row * width + stride * column) * shape.channels;
                    &dense[at..at + shape.channels]
                })
                .copied()
                .collect();
            assert!(
                sparse == sampled,
                "{width}x{height}, {widths:?}, stride {stride}"
            );
        }
    }
}

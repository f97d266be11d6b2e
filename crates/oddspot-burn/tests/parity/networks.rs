//! Whole networks: every shape of teacher, and the student.

use oddspot::ErrorKind;
use oddspot::files::NamedTensors;
use oddspot::net::engine::{Cpu, Engine};
use oddspot::net::network::Network;
use oddspot::net::student::Student;
use oddspot::net::teachers::ARCHITECTURES;
use oddspot::settings::StudentSettings;
use oddspot_burn::Burn;
use oddspot_conv::Shape;

use crate::world::{assert_close, features, levels, numbers, small, tensors};

#[track_caller]
fn assert_features_agree(network: &Network, shape: Shape, what: &str) {
    let tensors = tensors(network);
    let x = numbers(shape.positions() * shape.channels, "x");
    let found = features(&Cpu, network, &tensors, (shape, &x));
    let expected = features(&Burn::flex(), network, &tensors, (shape, &x));
    assert_eq!(found.len(), expected.len());
    for (level, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let largest = expected
            .iter()
            .fold(0.0f32, |most, value| most.max(value.abs()));
        assert!(largest > 1e-3, "{what}, feature {level} says nothing");
        assert_close(
            found,
            expected,
            &format!("{what}, feature {level} of {shape:?}"),
        );
    }
}

#[test]
fn every_teacher_sees_the_plain_levels_at_odd_sizes_too() {
    for architecture in ARCHITECTURES {
        let network = small(architecture);
        for (batch, height, width) in [(1, 64, 96), (1, 61, 83), (2, 47, 50)] {
            let shape = Shape::new(batch, height, width, 3);
            assert_features_agree(&network, shape, architecture.title);
        }
    }
}

#[test]
fn the_student_has_the_plain_features_at_every_output_stride() {
    for output_stride in [1, 2, 4, 8] {
        let settings = StudentSettings {
            widths: [5, 9, 12, 18],
            output_stride,
        };
        for strides in [&[2, 4, 8][..], &[4, 8, 16], &[8]] {
            let student = Student::new(&settings, &levels(strides)).unwrap();
            for batch in [1, 2] {
                let shape = Shape::new(batch, 48, 64, 3);
                let what = format!("student at {output_stride}, levels at {strides:?}");
                assert_features_agree(&student.network, shape, &what);
            }
        }
    }
}

#[test]
fn a_network_without_its_tensors_or_on_too_small_an_image_is_refused() {
    let network = small(ARCHITECTURES[0]);
    let burn = Burn::flex();
    let refused = |tensors: &NamedTensors, side: usize| {
        let pass = burn.forward(&network, tensors, Shape::new(1, side, side, 3));
        pass.map(|_| ()).unwrap_err()
    };
    let mut tensors = tensors(&network);
    refused(&tensors, 2);
    tensors.remove("features.5.bias");
    let error = refused(&tensors, 32);
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error
            .to_string()
            .contains("lacks the tensor 'features.5.bias'"),
        "{error}"
    );
}

#[test]
fn an_input_of_another_length_is_refused() {
    let network = small(ARCHITECTURES[0]);
    let pass = Burn::flex().forward(&network, &tensors(&network), Shape::new(1, 32, 32, 3));
    let (pass, mut memory) = (pass.unwrap(), Default::default());
    assert!(
        pass.run(&mut Default::default(), &[0.0; 7], &mut memory)
            .is_err()
    );
}

//! The teachers of few channels.

use oddspot::net::teachers::{SQUEEZENET, Teacher, VGG16};

use crate::fixture::{Oracle, assert_close, features};

#[test]
fn teacher_maps_are_pytorchs() {
    let oracle = Oracle::open();
    for architecture in [&VGG16, &SQUEEZENET] {
        let name = architecture.name;
        let mut weights = oracle.below(&format!("{name}/weights"));
        for tensor in weights.values_mut().filter(|t| t.shape.ends_with(&[1, 1])) {
            tensor.shape.truncate(2);
        }
        let teacher = Teacher::new(name, architecture, weights).unwrap();
        let (input, shape) = oracle.input(&format!("{name}/input"));
        let maps = features(&teacher.network, &teacher.weights, (&input, shape));
        for ((map, shape), (level, at)) in maps.iter().zip(teacher.network.levels().iter().zip(1..))
        {
            let name = format!("{name}/level{at}");
            let expected = oracle.get(&name);
            assert_eq!(expected.shape, [shape.height, shape.width, level.channels]);
            assert_close(map, &expected.values, &name);
        }
    }
}

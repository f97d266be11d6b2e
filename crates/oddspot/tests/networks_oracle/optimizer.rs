//! Steps of Adam.

use oddspot::net::learned::{LOSS, LOSS_WEIGHTS};
use oddspot::net::optimizer::Steps;
use oddspot::settings::{FeatureNorm, Optimizer};
use oddspot_conv::Workspace;

use crate::fixture::{Oracle, assert_within, largest, settings};
use crate::losses::Step;

/// As `oracle/networks.py` has them.
const RATE: f64 = 5e-4;
const DECAY: f64 = 1e-5;

/// The most that values may be off, as a share of the tensor's largest. Adam scales the first step of
/// s, rounding noise, up to the learning rate, and that moves everything else a little.
const TOLERANCE: f32 = 1e-4;

#[test]
fn ten_adam_steps_end_where_pytorchs_do() {
    let oracle = Oracle::open();
    let mut settings = settings(8);
    settings.training.feature_norm = FeatureNorm::Standardize;
    settings.training.optimizer = Optimizer::Adam;
    settings.training.weight_decay = DECAY;
    let mut step = Step::new(&oracle, &settings);
    let mut adam = Steps::new(&settings.training, &step.layout, LOSS);
    let mut workspace = Workspace::new();
    let expected = oracle.values("adam/loss");
    for (number, expected_now) in expected.chunks_exact(3).enumerate() {
        assert_eq!(adam.is_first(), number == 0);
        let losses = step.compute(adam.is_first());
        let found = [losses.rec, losses.pos.unwrap(), losses.total];
        let tolerance = TOLERANCE * largest(expected);
        assert_within(
            &found,
            expected_now,
            tolerance,
            &format!("losses of step {number}"),
        );
        adam.step(&mut workspace, &mut step.values, &step.gradients, RATE)
            .unwrap();
        step.refresh();
    }
    assert_eq!(expected.len(), 30);
    for (name, found) in step.layout.tensors(&step.values) {
        if LOSS_WEIGHTS.contains(&name.as_str()) {
            let name = name.replace("loss.", "adam/s_");
            assert_within(&found.values, oracle.values(&name), 1e-3, &name);
            continue;
        }
        let name = format!("adam/{}", name.replacen('.', "/", 1));
        let expected = oracle.values(&name);
        assert_within(
            &found.values,
            expected,
            TOLERANCE * largest(expected),
            &name,
        );
    }
}

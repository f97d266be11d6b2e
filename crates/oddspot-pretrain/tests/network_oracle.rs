//! The network in training against PyTorch (`tests/oracle/network.py`).

#![allow(clippy::unwrap_used)]

use std::path::Path;

use oddspot::Subject;
use oddspot::files::{NamedTensors, TensorFile};
use oddspot::net::forward::{ForwardPass, PassMemory};
use oddspot::net::teachers::{Teacher, VGG16};
use oddspot::net::tensors::Layout;
use oddspot_conv::{Shape, Workspace};
use oddspot_pretrain::network::{Network, Trace};

const WIDTHS: [usize; 4] = [8, 8, 9, 10];
const VIEWS: usize = 2;
const SIDE: usize = 32;

/// The oracle's tensors, and those of one kind by the rest of their names.
struct Oracle(NamedTensors);

impl Oracle {
    fn open() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/network.safetensors");
        let mut file = TensorFile::open(&path, Subject::Weights).unwrap();
        let names = file.shapes().into_keys();
        Self(
            names
                .map(|name| (name.clone(), file.read(&name).unwrap()))
                .collect(),
        )
    }

    fn kind(&self, kind: &str) -> NamedTensors {
        let rest = |name: &str| Some(name.strip_prefix(kind)?.strip_prefix('.')?.to_owned());
        (self.0.iter())
            .filter_map(|(name, tensor)| Some((rest(name)?, tensor.clone())))
            .collect()
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.0[name].values
    }
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let apart = (found.iter().zip(expected)).fold(0.0f32, |m, (f, e)| m.max((f - e).abs()));
    // Shown by `--nocapture`, to see how much room there is.
    println!("{what}: {:.1e}", apart / largest);
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= 3e-5 * largest,
            "{what}[{i}]: {f} for {e}, largest {largest}"
        );
    }
}

#[test]
fn passes_and_folding_are_pytorchs() {
    let oracle = Oracle::open();
    let mut layout = Layout::default();
    let network = Network::new(&mut layout, WIDTHS, VIEWS, SIDE).unwrap();
    let values = layout.row(&oracle.kind("value")).unwrap();
    let views = oracle.values("views");
    let mut running = network.fresh_moments();
    let (mut workspace, mut trace) = (Workspace::new(), Trace::default());
    network
        .forward(&mut workspace, &values, views, &mut running, &mut trace)
        .unwrap();
    for level in 0..3 {
        let expected = oracle.values(&format!("map.level{}", level + 1));
        assert_close(
            network.map(&trace, level),
            expected,
            &format!("level {}", level + 1),
        );
    }
    for (name, expected) in oracle.kind("running") {
        let found = network.running.tensors(&running);
        assert_close(&found[&name].values, &expected.values, &name);
    }

    let of_levels = [1, 2, 3].map(|level| oracle.values(&format!("of_map.level{level}")).to_vec());
    let mut gradients = vec![f32::NAN; layout.count()];
    network
        .backward(
            &mut workspace,
            &values,
            views,
            &trace,
            &of_levels,
            &mut gradients,
        )
        .unwrap();
    let gradients = layout.tensors(&gradients);
    for (name, expected) in oracle.kind("gradient") {
        assert_close(&gradients[&name].values, &expected.values, &name);
    }

    let folded = network.fold(&values, &running);
    let teacher = Teacher::new("mine", &VGG16, folded).unwrap();
    let shape = Shape::new(VIEWS, SIDE, SIDE, 3);
    let (described, weights) = (&teacher.network, &teacher.weights);
    let pass = ForwardPass::new(&mut workspace, described, weights, shape).unwrap();
    let mut memory = PassMemory::default();
    pass.run(&mut workspace, views, &mut memory).unwrap();
    for level in 0..3 {
        let expected = oracle.values(&format!("folded.level{}", level + 1));
        let what = format!("folded level {}", level + 1);
        assert_close(pass.feature(level, &memory), expected, &what);
    }
}

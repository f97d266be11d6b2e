//! The fixtures, what of them several tests need, and how values are compared.

use std::path::{Path, PathBuf};

use oddspot::files::{NamedTensor, NamedTensors};
use oddspot::images::ImageSize;
use oddspot::net::forward::{ForwardPass, PassMemory};
use oddspot::net::learned::Learned;
use oddspot::net::network::{Level, Network};
use oddspot::settings::{Settings, StudentSettings};
use oddspot::terms::channels::{ChannelStatistics, LevelStatistics};
use oddspot_conv::{Shape, Workspace};
use safetensors::{Dtype, SafeTensors};

/// The most that values may be off, as a share of the tensor's largest.
pub const TOLERANCE: f32 = 5e-6;

/// The size of the image of the losses and the detection.
pub const SIZE: ImageSize = ImageSize {
    width: 88,
    height: 96,
};

/// A file of the oracle's.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oracle")
        .join(name)
}

/// A fixture, every tensor as floats.
pub struct Oracle(NamedTensors);

impl Oracle {
    /// The networks' and the losses'.
    pub fn open() -> Self {
        Self::of_file("networks.safetensors")
    }

    pub fn of_file(name: &str) -> Self {
        let bytes = std::fs::read(path(name)).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file.iter().map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F32 => (data.as_chunks::<4>().0.iter())
                    .map(|b| f32::from_le_bytes(*b))
                    .collect(),
                Dtype::I64 => (data.as_chunks::<8>().0.iter())
                    .map(|b| i64::from_le_bytes(*b) as f32)
                    .collect(),
                Dtype::U8 => data.iter().map(|&b| f32::from(b)).collect(),
                other => panic!("{other:?}"),
            };
            let shape = view.shape().to_vec();
            (name.to_owned(), NamedTensor { shape, values })
        });
        Self(tensors.collect())
    }

    pub fn find(&self, name: &str) -> Option<&NamedTensor> {
        self.0.get(name)
    }

    #[track_caller]
    pub fn get(&self, name: &str) -> &NamedTensor {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name} in the fixture"))
    }

    pub fn values(&self, name: &str) -> &[f32] {
        &self.get(name).values
    }

    /// All tensors below `prefix/`, in the names of files.
    pub fn below(&self, prefix: &str) -> NamedTensors {
        (self.0.iter())
            .filter_map(|(name, tensor)| {
                let rest = name.strip_prefix(prefix)?.strip_prefix('/')?;
                Some((rest.replace('/', "."), tensor.clone()))
            })
            .collect()
    }

    /// An input, its bytes x standing for (x − 128) / 64, and its shape as a batch of one.
    pub fn input(&self, name: &str) -> (Vec<f32>, Shape) {
        let tensor = self.get(name);
        let [height, width, channels] = tensor.shape[..] else {
            panic!("{name}: {:?}", tensor.shape)
        };
        let values = tensor.values.iter().map(|x| (x - 128.0) / 64.0).collect();
        (values, Shape::new(1, height, width, channels))
    }

    /// The student's and the classifier's tensors, and the losses' weights at 0.
    pub fn learned(&self) -> NamedTensors {
        let mut tensors = NamedTensors::new();
        for part in ["student", "position"] {
            for (name, tensor) in self.below(part) {
                tensors.insert(format!("{part}.{name}"), tensor);
            }
        }
        for name in ["loss.rec", "loss.pos"] {
            let zero = NamedTensor {
                shape: vec![1],
                values: vec![0.0],
            };
            tensors.insert(name.to_owned(), zero);
        }
        tensors
    }

    /// The teacher's maps that losses and errors are made of, fine to coarse.
    pub fn teacher(&self) -> Vec<&[f32]> {
        (1..=3)
            .map(|level| self.values(&format!("loss/teacher/level{level}")))
            .collect()
    }

    /// What its channels are scaled by.
    pub fn statistics(&self) -> ChannelStatistics {
        let part = |part: &str, level: usize| self.values(&format!("loss/{part}{level}")).to_vec();
        let levels = (1..=3).map(|level| LevelStatistics {
            mean: part("mean", level),
            std: part("std", level),
            whitening: None,
        });
        ChannelStatistics {
            levels: levels.collect(),
        }
    }
}

/// The paper's settings, with the fixture's sizes.
pub fn settings(output_stride: usize) -> Settings {
    let mut settings = Settings::paper();
    settings.image_size = SIZE;
    settings.student = StudentSettings {
        widths: [3, 4, 5, 6],
        output_stride,
    };
    settings.position.offset = 8;
    settings.position.pairs = 8;
    settings
}

/// The fixture's student and classifier.
pub fn learned(settings: &Settings) -> Learned {
    learned_for(settings, [2, 4, 8])
}

/// The same for a teacher with levels at these strides.
pub fn learned_for(settings: &Settings, strides: [usize; 3]) -> Learned {
    let levels = strides.into_iter().zip([4, 6, 7]);
    let levels: Vec<Level> = levels
        .map(|(stride, channels)| Level { stride, channels })
        .collect();
    Learned::new(settings, &levels).unwrap()
}

/// The features of a network as it ships, and their shapes.
pub fn features(
    network: &Network,
    tensors: &NamedTensors,
    (input, shape): (&[f32], Shape),
) -> Vec<(Vec<f32>, Shape)> {
    let mut workspace = Workspace::new();
    let pass = ForwardPass::new(&mut workspace, network, tensors, shape).unwrap();
    let mut memory = PassMemory::default();
    // The second time in memory that is not fresh.
    pass.run(&mut workspace, &vec![9.0; input.len()], &mut memory)
        .unwrap();
    pass.run(&mut workspace, input, &mut memory).unwrap();
    (network.features().iter().enumerate())
        .map(|(number, &value)| (pass.feature(number, &memory).to_vec(), pass.shape(value)))
        .collect()
}

/// Asserts that values agree to [`TOLERANCE`] of the oracle's largest, NaN with NaN.
#[track_caller]
pub fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_within(found, expected, TOLERANCE * largest(expected), what);
}

pub fn largest(values: &[f32]) -> f32 {
    let numbers = values.iter().filter(|v| !v.is_nan());
    numbers.fold(0.0, |m, v| m.max(v.abs()))
}

#[track_caller]
pub fn assert_within(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let apart = (found.iter().zip(expected))
        .map(|(f, e)| (f - e).abs())
        .fold(0.0, f32::max);
    // Shown by `--nocapture`, to see how much room there is.
    println!("{what}: {:.1e}", apart / largest(expected));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert_eq!(f.is_nan(), e.is_nan(), "{what}[{i}]: {f} for {e}");
        assert!(
            e.is_nan() || (f - e).abs() <= tolerance,
            "{what}[{i}]: {f} for {e}, tolerance {tolerance}"
        );
    }
}

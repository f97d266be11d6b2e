//! The fixture, and terms made, fitted and compared.

use std::path::Path;

use half::f16;
use oddspot::files::{NamedTensors, PackedTensors};
use oddspot::images::ImageSize;
use oddspot::maps::ScoreMap;
use oddspot::net::learned::Learned;
use oddspot::net::network::Level;
use oddspot::settings::{MemoryScale, Method, Settings};
use oddspot::terms::channels::ChannelStatistics;
use oddspot::terms::places::GoodFeatures;
use oddspot::terms::{About, Kind, Parts, Seen, TeacherLevels, Term, TermMemory};
use oddspot_conv::Workspace;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

pub const TERMS: [&str; 2] = ["gaussian", "memory"];
/// Six columns and five rows of places, 8 pixels apart.
pub const SIZE: ImageSize = ImageSize {
    width: 48,
    height: 40,
};
pub const PLACES: usize = 30;
/// Strides and channels.
pub const LEVELS: [(usize, usize); 3] = [(2, 3), (4, 5), (8, 7)];
/// The most that errors may be off, as a share of the range of an image's map: in single precision,
/// with factors of 8 bits, and where a number of steps is one more or less.
pub const EXACT: f32 = 2e-5;
pub const IN_8_BITS: f32 = 1e-2;
pub const ONE_STEP: f32 = 1e-3;

/// A case of the fixture's.
#[derive(Clone, Deserialize)]
pub struct Case {
    pub name: String,
    pub features: String,
    pub images: usize,
    pub block: usize,
    pub window: usize,
    pub parts: usize,
    pub memory_scale: MemoryScale,
    pub components: usize,
    pub remembered: usize,
    pub shrinkage: f64,
}

/// The fixture.
pub struct Oracle(Vec<u8>);

impl Oracle {
    pub fn open() -> Self {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/closed_form.safetensors");
        Self(std::fs::read(file).unwrap())
    }

    pub fn cases(&self) -> Vec<Case> {
        let (_, header) = SafeTensors::read_metadata(&self.0).unwrap();
        let cases = &header.metadata().as_ref().unwrap()["cases"];
        serde_json::from_str(cases).unwrap()
    }

    pub fn case(&self, name: &str) -> Case {
        let mut cases = self.cases().into_iter();
        cases.find(|case| case.name == name).unwrap()
    }

    /// A tensor's values, None where there is none of the name.
    pub fn find(&self, name: &str) -> Option<Vec<f32>> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).ok()?;
        let data = view.data();
        Some(match view.dtype() {
            Dtype::F32 => (data.as_chunks::<4>().0.iter())
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
            Dtype::F16 => (data.as_chunks::<2>().0.iter())
                .map(|b| f16::from_le_bytes(*b).to_f32())
                .collect(),
            other => panic!("{name}: {other:?}"),
        })
    }

    #[track_caller]
    pub fn values(&self, name: &str) -> Vec<f32> {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name} in the fixture"))
    }

    /// The good images of a case.
    pub fn good(&self, case: &Case) -> Good {
        let values = self.values(&format!("{}/good", case.features));
        let halves = values.into_iter().map(f16::from_f32).collect();
        Good::new(halves, 9, case.images)
    }

    /// The features of each of the unseen images of a case.
    pub fn unseen(&self, case: &Case) -> Vec<Vec<f32>> {
        let values = self.values(&format!("{}/unseen", case.features));
        let of_image = values.chunks_exact(values.len() / 3);
        of_image.map(<[f32]>::to_vec).collect()
    }
}

/// Features in memory.
pub struct Good(pub Vec<Vec<f16>>);

impl Good {
    /// The first `images` of `all`.
    pub fn new(values: Vec<f16>, all: usize, images: usize) -> Self {
        let of_image = values.chunks_exact(values.len() / all);
        Self(of_image.take(images).map(<[f16]>::to_vec).collect())
    }

    pub fn channels(&self) -> usize {
        self.0[0].len() / PLACES
    }
}

impl GoodFeatures for Good {
    fn pieces(&self) -> usize {
        self.0.len()
    }

    fn image_of(&self, piece: usize) -> usize {
        piece
    }

    fn piece(&mut self, index: usize) -> oddspot::Result<&[f16]> {
        Ok(&self.0[index])
    }
}

pub fn settings(case: &Case) -> Settings {
    let mut settings = Settings {
        image_size: SIZE,
        method: Method::Instant,
        ..Settings::default()
    };
    let closed_form = &mut settings.closed_form;
    closed_form.place_levels = if case.features == "fine" { 3 } else { 2 };
    closed_form.block = case.block;
    closed_form.window = case.window;
    closed_form.parts = case.parts;
    closed_form.memory_scale = case.memory_scale;
    closed_form.components = case.components;
    closed_form.remembered = case.remembered;
    closed_form.shrinkage = case.shrinkage;
    settings
}

/// The teacher's levels, of which the terms look at places of so many channels.
pub fn levels(channels: usize) -> Vec<Level> {
    let first = if channels == LEVELS[2].1 { 2 } else { 0 };
    (LEVELS[first..].iter())
        .map(|&(stride, channels)| Level { stride, channels })
        .collect()
}

pub fn made(kind: &Kind, settings: &Settings, channels: usize, fitted: Fitted) -> Box<dyn Term> {
    let parts = Parts {
        settings,
        learned: &Learned::new(settings, &levels(channels)).unwrap(),
        tensors: &fitted.0,
        packed: &fitted.1,
        statistics: &ChannelStatistics::default(),
    };
    (kind.make)(&parts).unwrap()
}

/// What a term keeps in the model.
#[derive(Clone, Default)]
pub struct Fitted(pub NamedTensors, pub PackedTensors);

/// A term fitted to good images, as it comes from the model, and its left-out errors.
pub fn fitted(kind: &Kind, settings: &Settings, good: &mut Good) -> (Box<dyn Term>, Vec<ScoreMap>) {
    let channels = good.channels();
    let mut term = made(kind, settings, channels, Fitted::default());
    let left_out = term.fit_good(good, 0).unwrap().unwrap();
    assert_eq!(left_out.len(), good.pieces());
    let kept = Fitted(term.tensors(), term.packed());
    check_shapes(kind, settings, good, &kept);
    let map = |errors: Vec<ScoreMap>| {
        let [map] = <[ScoreMap; 1]>::try_from(errors).unwrap();
        assert_eq!((map.height, map.width), (5, 6));
        map
    };
    let left_out = left_out.into_iter().map(map).collect();
    (made(kind, settings, channels, kept), left_out)
}

/// A term's tensors are those that a model of the settings has.
fn check_shapes(kind: &Kind, settings: &Settings, good: &Good, kept: &Fitted) {
    let about = About {
        settings,
        learned: &Learned::new(settings, &levels(good.channels())).unwrap(),
        good_pieces: good.pieces(),
    };
    let shapes = |specs: Vec<oddspot::net::tensors::TensorSpec>| {
        let mut shapes: Vec<_> = (specs.into_iter())
            .map(|spec| (spec.name, spec.shape))
            .collect();
        shapes.sort();
        shapes
    };
    let named = kept.0.iter().map(|(name, t)| {
        assert_eq!(t.values.len(), t.shape.iter().product::<usize>(), "{name}");
        (name.clone(), t.shape.clone())
    });
    let packed = kept.1.iter().map(|(name, t)| {
        assert_eq!(t.values.len(), t.shape.iter().product::<usize>(), "{name}");
        (name.clone(), t.shape.clone())
    });
    assert_eq!(named.collect::<Vec<_>>(), shapes((kind.tensors)(&about)));
    let of_8_bits = shapes((kind.packed)(&about));
    assert_eq!(packed.collect::<Vec<_>>(), of_8_bits);
}

pub fn judged(term: &dyn Term, places: &[f32]) -> oddspot::Result<ScoreMap> {
    let seen = Seen {
        teacher: TeacherLevels::Raw(Vec::new()),
        student: Vec::new(),
        trunk: &[],
        places,
    };
    let mut memory = TermMemory::default();
    let mut errors = term.errors(&seen, &mut Workspace::new(), &mut memory)?;
    assert_eq!(errors.len(), 1);
    Ok(errors.remove(0))
}

/// How far two maps are apart, as a share of the second's range.
pub fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let most = |values: &mut dyn Iterator<Item = f32>| {
        values.fold(f32::NEG_INFINITY, |most, value| {
            assert!(value.is_finite());
            most.max(value)
        })
    };
    let pairs = found.iter().zip(expected);
    let difference = most(&mut pairs.map(|(found, expected)| (found - expected).abs()));
    let range = most(&mut expected.iter().copied()) + most(&mut expected.iter().map(|v| -v));
    difference / range
}

/// Asserts that the maps of some images are those of a tensor of the fixture's.
#[track_caller]
pub fn assert_maps(found: &[ScoreMap], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(expected.len(), found.len() * PLACES, "{what}");
    let maps = found.iter().zip(expected.chunks_exact(PLACES));
    let shares: Vec<f32> = maps
        .map(|(found, expected)| apart(&found.values, expected))
        .collect();
    // Shown by `--nocapture`, to see how much room there is.
    println!("{what}: {shares:?}");
    assert!(shares.iter().all(|&s| s <= tolerance), "{what}: {shares:?}");
}

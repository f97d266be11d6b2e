//! The terms' errors, their maps and the score.

use oddspot::files::PackedTensors;
use oddspot::maps::{Moments, ScoreMap};
use oddspot::settings::{FeatureNorm, PairWeights, PositionSettings, Settings};
use oddspot::terms::{self, Kind, Parts, Seen, TeacherLevels, TermMemory};
use oddspot::verdict::{AnomalyMaps, TermError, TermStatistics};
use oddspot_conv::Workspace;

use crate::fixture::{Oracle, assert_close, features, learned, settings};
use crate::losses::Halves;

/// A term's errors on its own grids of what is seen, and its map at the image's size.
pub fn errors_of(
    kind: &'static Kind,
    settings: &Settings,
    oracle: &Oracle,
    seen: &Seen,
) -> (Vec<ScoreMap>, ScoreMap) {
    let (tensors, statistics) = (oracle.learned(), oracle.statistics());
    let parts = Parts {
        settings,
        learned: &learned(settings),
        tensors: &tensors,
        packed: &PackedTensors::new(),
        statistics: &statistics,
    };
    let term = (kind.make)(&parts).unwrap();
    assert_eq!(term.kind(), kind);
    let mut memory = TermMemory::default();
    let errors = term.errors(seen, &mut Workspace::new(), &mut memory);
    let errors = errors.unwrap();
    let at_pixels = term.at_pixels(&errors);
    (errors, at_pixels)
}

/// The same of the fixture's image, the teacher's maps as they come or as a cache keeps them.
fn judge(
    oracle: &Oracle,
    settings: &Settings,
    kind: &'static Kind,
    cached: bool,
) -> (Vec<ScoreMap>, ScoreMap) {
    let (input, shape) = oracle.input("loss/input");
    let network = learned(settings).student.unwrap().network;
    let maps = features(&network, &oracle.learned(), (&input, shape));
    let halves = Halves::of(oracle);
    let seen = Seen {
        teacher: match cached {
            true => TeacherLevels::Cached(halves.levels()),
            false => TeacherLevels::Raw(oracle.teacher()),
        },
        student: maps[..3].iter().map(|(map, _)| &map[..]).collect(),
        trunk: &maps[3].0,
        places: &[],
    };
    errors_of(kind, settings, oracle, &seen)
}

fn kind(name: &str) -> &'static Kind {
    terms::kind(name).unwrap()
}

fn with_norm(norm: FeatureNorm) -> Settings {
    let mut settings = settings(8);
    settings.training.feature_norm = norm;
    settings
}

#[test]
fn e_rec_is_pytorchs() {
    let oracle = Oracle::open();
    for norm in [FeatureNorm::Standardize, FeatureNorm::L2] {
        for cached in [false, true] {
            let (_, found) = judge(&oracle, &with_norm(norm), kind("reconstruction"), cached);
            let name = format!("detect/{}/e_rec", norm.name());
            assert_close(&found.values, oracle.values(&name), &name);
        }
    }
}

#[test]
fn e_pos_is_pytorchs_and_excludes_what_has_no_evidence() {
    let oracle = Oracle::open();
    let position = kind("position");
    for (stride, prefix) in [(8, "detect"), (4, "detect/os4")] {
        let (on_grid, at_pixels) = judge(&oracle, &settings(stride), position, false);
        let name = format!("{prefix}/e_pos_grid");
        assert_close(&on_grid[0].values, oracle.values(&name), &name);
        let name = format!("{prefix}/e_pos");
        assert_close(&at_pixels.values, oracle.values(&name), &name);
    }
    let mut settings = settings(8);
    settings.detection.pair_weights = PairWeights::Trusted;
    let (trusted, _) = judge(&oracle, &settings, position, false);
    let name = "detect/e_pos_grid_trusted";
    assert_close(&trusted[0].values, oracle.values(name), name);
}

#[test]
fn the_fused_map_and_the_score_are_pytorchs() {
    let oracle = Oracle::open();
    let settings = with_norm(FeatureNorm::Standardize);
    let moments = |name: &str, i: usize| {
        let values = oracle.values(name);
        Moments {
            mean: f64::from(values[i]),
            std: f64::from(values[i + 1]),
        }
    };
    let kinds: Vec<&Kind> = terms::used(&settings).collect();
    let errors: Vec<ScoreMap> = (kinds.iter())
        .map(|kind| judge(&oracle, &settings, kind, false).1)
        .collect();
    let fuse = |image_level: Option<Moments>| {
        let statistics: Vec<TermStatistics> = (kinds.iter().enumerate())
            .map(|(at, kind)| TermStatistics {
                term: kind.name.to_owned(),
                moments: moments("detect/mu_sigma", 2 * at),
                image_level: image_level.filter(|_| at == 0),
                unit: None,
            })
            .collect();
        let terms = kinds.iter().zip(&errors).zip(&statistics);
        AnomalyMaps::fuse(terms.map(|((&kind, error), statistics)| TermError {
            inspected: None,
            kind,
            error,
            statistics,
            fusing: (kind.fusing)(&settings),
        }))
    };
    let fused = fuse(None);
    assert_close(&fused.total.values, oracle.values("detect/fused"), "fused");
    assert_close(&[fused.score()], oracle.values("detect/score"), "score");
    let levelled = fuse(Some(moments("detect/image_level/mu_sigma", 0)));
    let name = "detect/image_level/fused";
    assert_close(&levelled.total.values, oracle.values(name), name);
}

/// Settings of the position classifier in the fixture: the defaults.
#[test]
fn the_fixture_has_the_default_classifier() {
    let oracle = Oracle::open();
    let hidden = PositionSettings::default().hidden;
    assert_eq!(oracle.get("position/fc2.weight").shape, [hidden, hidden]);
}

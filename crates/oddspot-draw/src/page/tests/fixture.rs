//! Evaluations and benchmarks that pages are made of.

use std::collections::BTreeMap;

use crate::chart::drawings_of;
use crate::page::*;
use image::RgbImage;
use oddspot::datasets::Label;
use oddspot::images::{ImageSize, Mask};
use oddspot::maps::ScoreMap;
use oddspot::net::teachers::{TeacherIdentity, VGG16};
use oddspot::settings::{Method, Settings};
use oddspot::terms::position::{Neighbour, Placement};
use oddspot::terms::{self, Side};
use oddspot::verdict::{Shares, TermMap, Verdict};
use oddspot_measure::benchmark::{Cost, ImageCounts, Record, Tables};
use oddspot_measure::report::{
    Count, Curves, DataSummary, Evaluation, Judged, MapKind, MapMeasures, Measures, ModelSummary,
    Protocol, ProtocolMeasures, TermPeak, TestImage, Verdicts,
};

pub(super) const HOSTILE: &str =
    "</style><script>alert('1')</script><!-- \" onload=\"x\" & {{ name }}";

pub(super) fn teacher() -> TeacherIdentity {
    TeacherIdentity {
        name: HOSTILE.to_owned(),
        architecture: &VGG16,
        sha256: String::new(),
    }
}

pub(super) fn settings(method: Method) -> Settings {
    Settings {
        method,
        image_size: ImageSize::square(16),
        closed_form: Settings::paper().closed_form, // Two terms are enough to tell apart.
        ..Settings::default()
    }
}

/// A number for each term of a method, by its side.
pub(super) fn of_sides(
    method: Method,
    looks_wrong: f32,
    wrong_place: f32,
) -> Vec<(&'static terms::Kind, f32)> {
    let value = |kind: &'static terms::Kind| match kind.side {
        Side::LooksWrong => (kind, looks_wrong),
        Side::WrongPlace => (kind, wrong_place),
    };
    terms::used(&settings(method)).map(value).collect()
}

pub(super) const SHARES: Shares = Shares {
    looks_wrong: 0.2,
    wrong_place: 0.8,
};

/// Odd for being in the wrong place, its upper neighbour above all.
pub(super) fn judged(name: &str, label: Label) -> Judged {
    let neighbour = |lies, belongs, probability| Neighbour {
        lies,
        belongs,
        probability,
        probability_here: 0.04,
    };
    Judged {
        name: name.to_owned(),
        size: ImageSize::square(64),
        mask: (label != Label::Good).then(|| Mask {
            height: 64,
            width: 64,
            anomalous: (0..64 * 64).map(|at| at < 128).collect(),
        }),
        label,
        terms: (of_sides(Method::Full, 1.5, 6.0).into_iter())
            .map(|(kind, peak)| {
                let mut map = ScoreMap::filled(16, 16, 0.0);
                map.values[40] = peak;
                TermMap { kind, map }
            })
            .collect(),
        score: 7.5,
        verdict: Verdict::Anomalous,
        shares: SHARES,
        placement: Some(Placement {
            centre: (8, 8),
            offset: 4,
            neighbours: vec![neighbour(1, 3, 0.9), neighbour(4, 4, 0.7)],
            to_image: oddspot::view::Move::NONE,
            is_told: true,
        }),
    }
}

pub(super) fn example(name: &str, label: Label) -> Example {
    example_of(&judged(name, label))
}

pub(super) fn example_of(judged: &Judged) -> Example {
    let shown = Shown {
        inspected: None,
        image: &RgbImage::from_pixel(64, 64, image::Rgb([30, 90, 60])),
        judged,
        baseline: Some((judged, &settings(Method::Baseline))),
        settings: &settings(Method::Full),
        thresholds: [5.0, 4.0],
    };
    Example::new(shown).unwrap()
}

pub(super) fn evaluation(method: Method, data: &str, defect: &str) -> Evaluation {
    let image = |name: &str, label: Label, score: f32| TestImage {
        name: format!("test/{name}"),
        label,
        score,
        verdict: match score > 5.0 {
            true => Verdict::Anomalous,
            false => Verdict::Good,
        },
        shares: SHARES,
        terms: (of_sides(method, 1.5, 6.0).into_iter())
            .map(|(kind, peak)| TermPeak {
                term: kind.name.to_owned(),
                peak,
            })
            .collect(),
    };
    let bad = || Label::Defect(defect.to_owned());
    let measures = Measures {
        image_auc: Some(0.896),
        undefined: BTreeMap::from([("au_pro", format!("{defect} has no mask"))]),
        ..Measures::default()
    };
    let map = MapMeasures {
        overall: measures.clone(),
        defects: BTreeMap::from([(defect.to_owned(), measures)]),
    };
    let kinds = MapKind::of(&settings(method)).into_iter();
    let maps = kinds.map(|kind| (kind, map.clone()));
    let measures = ProtocolMeasures {
        smallest: ImageSize::square(16),
        largest: ImageSize::square(64),
        vanished_masks: vec![defect.to_owned()],
        maps: maps.collect(),
    };
    let count = |count, of| Count { count, of };
    Evaluation {
        oddspot: "0.0.0",
        model: ModelSummary {
            oddspot: String::new(),
            teacher: teacher(),
            iterations: 7,
            settings: settings(method),
        },
        data: DataSummary {
            name: data.to_owned(),
            good: 2,
            defects: BTreeMap::from([(defect.to_owned(), 2)]),
            masks: 1,
            notes: vec![HOSTILE.to_owned()],
        },
        verdicts: Verdicts {
            replaced_threshold: Some(7.4),
            threshold: 5.0,
            check_threshold: 4.0,
            right: count(2, 4),
            false_alarms: count(1, 2),
            misses: BTreeMap::from([(defect.to_owned(), count(1, 2))]),
            good_to_check: count(0, 2),
            misses_to_check: count(1, 1),
            good_untrusted: count(0, 2),
            defects_untrusted: count(0, 2),
        },
        protocols: Protocol::ALL.map(|one| (one, measures.clone())).into(),
        images: vec![
            image("bad/0", bad(), 7.5),
            image("bad/1", bad(), 2.0),
            image("good/0", Label::Good, 8.0),
            image(HOSTILE, Label::Good, 1.0),
        ],
        curves: Curves::default(),
    }
}

pub(super) fn page_of(evaluation: &Evaluation, baseline: Option<&Evaluation>) -> String {
    let examples = [
        example("test/bad/0", Label::Defect(HOSTILE.to_owned())),
        example(&format!("test/{HOSTILE}"), Label::Good),
    ];
    evaluation_page(Measured {
        evaluation,
        baseline,
        examples: &examples,
    })
    .unwrap()
}

pub(super) fn hostile_page() -> String {
    let full = evaluation(Method::Full, HOSTILE, HOSTILE);
    let baseline = evaluation(Method::Baseline, HOSTILE, HOSTILE);
    page_of(&full, Some(&baseline))
}

pub(super) fn record(category: &str, method: Method) -> Record {
    let evaluation = evaluation(method, category, "cut");
    Record::new(
        (category, ""),
        &evaluation,
        ImageCounts::default(),
        Cost::default(),
    )
}

pub(super) fn benchmark_of(names: &[&str]) -> String {
    let records: Vec<Record> = (names.iter())
        .flat_map(|name| [Method::Baseline, Method::Full].map(|method| record(name, method)))
        .collect();
    let tables = Protocol::ALL.map(|protocol| Tables::new(&records, &[], protocol));
    let section = |name: &&str| Section {
        name: (*name).to_owned(),
        curves: Some((
            format!("{name}-full-0"),
            drawings_of(&evaluation(Method::Full, name, "cut")),
        )),
        examples: vec![example("test/cut/0.png", Label::Defect("cut".to_owned()))],
        missing: vec![HOSTILE.to_owned()],
    };
    let sections: Vec<Section> = names.iter().map(section).collect();
    benchmark_page(&tables, &sections).unwrap()
}

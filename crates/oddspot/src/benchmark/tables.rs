//! The paper's Table 1 (Base against Prop., category by category) and Table 2 (the ablation) of
//! records.

use std::collections::BTreeSet;

use serde::Serialize;

use super::headline::Headline;
use super::{Grid, Record, Three};
use crate::config::Method;
use crate::report::{MapKind, Protocol, UNDEFINED, signed};

/// The paper's names of its measures.
pub(super) const MEASURES: [&str; 3] = ["Image-AUC", "Pixel-AUC", "PRO"];

/// Both tables under one protocol. Serialised, the numbers of them.
#[derive(Clone, Debug, Serialize)]
pub struct Tables {
    protocol: Protocol,
    /// Table 1, a line a category, then the means.
    categories: Vec<Comparison>,
    /// Table 2, three lines a category, then those of all.
    ablation: Vec<Ablation>,
    /// Seconds and memory of a run, the mean over the seeds.
    costs: Vec<CostLine>,
}

/// A line of Table 1, in percent, means over the seeds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison {
    name: String,
    pub(super) baseline: [Option<f64>; 3],
    pub(super) full: [Option<f64>; 3],
    pub(super) difference: [Option<f64>; 3],
}

/// A line of Table 2, in percent, over the seeds.
#[derive(Clone, Debug, Serialize)]
struct Ablation {
    name: String,
    variant: &'static str,
    seeds: usize,
    measures: [Option<Spread>; 3],
}

#[derive(Clone, Debug, Serialize)]
struct CostLine {
    name: String,
    method: Method,
    train_seconds: f64,
    evaluate_seconds: f64,
    peak_mib: Option<f64>,
}

/// Mean and standard deviation (of a sample: n − 1; none of a single value).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Spread {
    mean: f64,
    deviation: Option<f64>,
}

/// ①, ②, ③ of the paper: how it was trained, and which map is measured.
const VARIANTS: [(&str, Method, MapKind); 3] = [
    ("① baseline", Method::Baseline, MapKind::Total),
    (
        "② trained with L_pos, e_rec alone",
        Method::Full,
        MapKind::Rec,
    ),
    ("③ full", Method::Full, MapKind::Total),
];

impl Tables {
    /// The tables of records; `contextual` names the categories that a mean of their own is taken
    /// of.
    pub fn new(records: &[Record], contextual: &[String], protocol: Protocol) -> Self {
        let names: BTreeSet<&str> = records.iter().map(|r| r.category.as_str()).collect();
        let of = |name: &str| -> Vec<&Record> {
            records.iter().filter(|r| r.category == name).collect()
        };
        let mut categories: Vec<Comparison> = (names.iter())
            .map(|name| Comparison::new(name, &of(name), protocol))
            .collect();
        if categories.len() > 1 {
            let all: Vec<_> = categories.iter().collect();
            let of = |line: &&&Comparison| contextual.contains(&line.name);
            let contextual: Vec<_> = all.iter().filter(of).copied().collect();
            let means = [("mean", all), ("mean of contextual", contextual)]
                .map(|(name, lines)| Comparison::mean(name, &lines));
            categories.extend(means.into_iter().flatten());
        }
        let mut ablation: Vec<Ablation> = (names.iter())
            .flat_map(|name| {
                VARIANTS.map(|variant| Ablation::of(name, &of(name), variant, protocol))
            })
            .collect();
        if names.len() > 1 {
            let of_all = VARIANTS.map(|variant| Ablation::of_all(records, variant, protocol));
            ablation.extend(of_all);
        }
        let costs = (names.iter())
            .flat_map(|name| {
                [Method::Baseline, Method::Full]
                    .map(|method| CostLine::new(name, method, &of(name)))
            })
            .flatten();
        Self {
            protocol,
            categories,
            ablation,
            costs: costs.collect(),
        }
    }

    /// What Table 1 comes to: its line of means, or its only one.
    pub(crate) fn headline(&self) -> Option<Headline> {
        let sets = self.data_sets();
        // The means stand below the categories.
        let line = self.categories.get(if sets > 1 { sets } else { 0 })?;
        Some(Headline::new(line, sets))
    }

    /// What Table 1 says of a category.
    pub(crate) fn headline_of(&self, name: &str) -> Option<Headline> {
        let mut categories = self.categories.iter().take(self.data_sets());
        let line = categories.find(|line| line.name == name)?;
        Some(Headline::new(line, 1))
    }

    fn data_sets(&self) -> usize {
        let names = self.costs.iter().map(|line| line.name.as_str());
        names.collect::<BTreeSet<_>>().len()
    }

    /// As text: Table 1 and Table 2.
    pub fn grids(&self) -> [Grid; 2] {
        let protocol = self.protocol.name();
        let heads = |first: &[&str], each: &[&str]| -> Vec<String> {
            let measures = MEASURES
                .iter()
                .flat_map(|measure| each.iter().map(move |part| format!("{measure}{part}")));
            (first.iter().map(|&text| text.to_owned()))
                .chain(measures)
                .collect()
        };
        let comparison = |line: &Comparison| {
            let mut cells = vec![line.name.clone()];
            for measure in 0..3 {
                cells.push(number(line.baseline[measure]));
                cells.push(number(line.full[measure]));
                cells.push(signed(line.difference[measure]));
            }
            cells
        };
        let ablation = |line: &Ablation| {
            let mut cells = vec![
                line.name.clone(),
                line.variant.to_owned(),
                line.seeds.to_string(),
            ];
            cells.extend(line.measures.map(spread));
            cells
        };
        [
            Grid {
                caption: format!("Table 1, protocol {protocol}, in percent"),
                head: heads(&["category"], &[" Base", " Prop.", " Diff."]),
                rows: self.categories.iter().map(comparison).collect(),
            },
            Grid {
                caption: format!(
                    "Table 2, protocol {protocol}, in percent, mean ± standard deviation over seeds"
                ),
                head: heads(&["category", "variant", "seeds"], &[""]),
                rows: self.ablation.iter().map(ablation).collect(),
            },
        ]
    }

    /// As text: what the runs took, which is the same under any protocol.
    pub fn costs(&self) -> Grid {
        let cost = |line: &CostLine| {
            vec![
                line.name.clone(),
                line.method.name().to_owned(),
                format!("{:.0}", line.train_seconds),
                format!("{:.0}", line.evaluate_seconds),
                line.peak_mib
                    .map_or(UNDEFINED.to_owned(), |mib| format!("{mib:.0}")),
            ]
        };
        let head = [
            "category",
            "method",
            "training, s",
            "evaluation, s",
            "peak, MiB",
        ];
        Grid {
            caption: "What a run took, mean over seeds".to_owned(),
            head: head.map(str::to_owned).to_vec(),
            rows: self.costs.iter().map(cost).collect(),
        }
    }
}

impl Comparison {
    fn new(name: &str, records: &[&Record], protocol: Protocol) -> Self {
        let of = |method| {
            let runs = values(records, (method, MapKind::Total), protocol);
            [0, 1, 2].map(|measure| Spread::of(&column(&runs, measure)).map(|s| s.mean))
        };
        let (baseline, full) = (of(Method::Baseline), of(Method::Full));
        Self {
            name: name.to_owned(),
            difference: [0, 1, 2].map(|i| Some(full[i]? - baseline[i]?)),
            baseline,
            full,
        }
    }

    /// The mean of some lines; None of none. A measure that one of them lacks, it lacks too.
    fn mean(name: &str, lines: &[&Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> &[Option<f64>; 3]| {
            [0, 1, 2].map(|measure| {
                let sum: Option<f64> = lines.iter().map(|line| of(line)[measure]).sum();
                Some(sum? / lines.len() as f64)
            })
        };
        (!lines.is_empty()).then(|| Self {
            name: name.to_owned(),
            baseline: mean(|line| &line.baseline),
            full: mean(|line| &line.full),
            difference: mean(|line| &line.difference),
        })
    }
}

impl Ablation {
    fn of(
        name: &str,
        records: &[&Record],
        (variant, method, map): (&'static str, Method, MapKind),
        protocol: Protocol,
    ) -> Self {
        let runs = values(records, (method, map), protocol);
        Self {
            name: name.to_owned(),
            variant,
            seeds: runs.len(),
            measures: [0, 1, 2].map(|measure| Spread::of(&column(&runs, measure))),
        }
    }

    /// Over the seeds that every category has a run of: each counts by its mean over them.
    fn of_all(
        records: &[Record],
        (variant, method, map): (&'static str, Method, MapKind),
        protocol: Protocol,
    ) -> Self {
        let names: BTreeSet<&str> = records.iter().map(|r| r.category.as_str()).collect();
        let seeds: BTreeSet<u64> = records.iter().map(|r| r.config.training.seed).collect();
        let of_seed = |seed: u64| -> Option<[Option<f64>; 3]> {
            let mut runs = Vec::new();
            for name in &names {
                let of_run = |r: &&Record| {
                    r.category == *name && r.config.training.seed == seed && r.method() == method
                };
                runs.push(records.iter().find(of_run)?.three(protocol, map)?);
            }
            Some([0, 1, 2].map(|measure| Spread::of(&column(&runs, measure)).map(|s| s.mean)))
        };
        let by_seed: Vec<_> = seeds.into_iter().filter_map(of_seed).collect();
        let column = |measure: usize| -> Vec<Option<f64>> {
            by_seed
                .iter()
                .map(|means| means[measure].map(|v| v / 100.0))
                .collect()
        };
        Self {
            name: "all".to_owned(),
            variant,
            seeds: by_seed.len(),
            measures: [0, 1, 2].map(|measure| Spread::of(&column(measure))),
        }
    }
}

impl CostLine {
    fn new(name: &str, method: Method, records: &[&Record]) -> Option<Self> {
        let runs: Vec<_> = records.iter().filter(|r| r.method() == method).collect();
        let mean = |of: fn(&Record) -> f64| {
            runs.iter().map(|record| of(record)).sum::<f64>() / runs.len() as f64
        };
        let peaks: Option<Vec<f64>> = runs.iter().map(|record| record.cost.peak_mib).collect();
        (!runs.is_empty()).then(|| Self {
            name: name.to_owned(),
            method,
            train_seconds: mean(|record| record.cost.train_seconds),
            evaluate_seconds: mean(|record| record.cost.evaluate_seconds),
            peak_mib: peaks.map(|peaks| peaks.iter().sum::<f64>() / peaks.len() as f64),
        })
    }
}

/// The measures of the runs of a method and a map.
fn values(records: &[&Record], (method, map): (Method, MapKind), protocol: Protocol) -> Vec<Three> {
    (records.iter())
        .filter(|record| record.method() == method)
        .filter_map(|record| record.three(protocol, map))
        .collect()
}

fn column(runs: &[Three], measure: usize) -> Vec<Option<f64>> {
    runs.iter().map(|three| three.all()[measure]).collect()
}

impl Spread {
    /// Of shares, in percent; None of none, and where one is not known.
    fn of(shares: &[Option<f64>]) -> Option<Self> {
        let values: Vec<f64> = shares.iter().copied().collect::<Option<_>>()?;
        let n = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self {
            mean: 100.0 * mean,
            deviation: (values.len() > 1).then(|| 100.0 * (squares / (n - 1.0)).sqrt()),
        })
    }
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or(UNDEFINED.to_owned(), |value| format!("{value:.1}"))
}

fn spread(value: Option<Spread>) -> String {
    match value {
        None => UNDEFINED.to_owned(),
        Some(Spread { mean, deviation }) => match deviation {
            None => format!("{mean:.1}"),
            Some(deviation) => format!("{mean:.1} ± {deviation:.1}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::benchmark::{Cost, ImageCounts};
    use crate::config::Config;
    use crate::teacher::{Architecture, TeacherIdentity};

    fn record(category: &str, method: Method, seed: u64, shares: [f64; 3]) -> Record {
        let three = |shift: f64| {
            let [image_auc, pixel_auc, pro] = shares.map(|share| Some(share - shift));
            Three {
                image_auc,
                pixel_auc,
                pro,
            }
        };
        let mut maps = BTreeMap::from([(MapKind::Total, three(0.0))]);
        if method == Method::Full {
            maps.insert(MapKind::Rec, three(0.1));
        }
        let mut config = Config {
            method,
            ..Config::default()
        };
        config.training.seed = seed;
        Record {
            oddspot: "0".to_owned(),
            category: category.to_owned(),
            contents: String::new(),
            config,
            teacher: TeacherIdentity {
                name: "t".to_owned(),
                architecture: Architecture::Vgg16,
                sha256: "00".to_owned(),
            },
            images: ImageCounts::default(),
            measures: BTreeMap::from([(Protocol::Paper, maps)]),
            cost: Cost {
                train_seconds: 60.0,
                evaluate_seconds: 2.0,
                peak_mib: Some(300.0),
            },
        }
    }

    fn records() -> Vec<Record> {
        vec![
            record("cable", Method::Baseline, 0, [0.70, 0.80, 0.60]),
            record("cable", Method::Baseline, 1, [0.72, 0.80, 0.62]),
            record("cable", Method::Full, 0, [0.90, 0.95, 0.80]),
            record("cable", Method::Full, 1, [0.92, 0.95, 0.84]),
            record("tile", Method::Baseline, 0, [0.99, 0.90, 0.85]),
            record("tile", Method::Full, 0, [0.97, 0.90, 0.85]),
        ]
    }

    #[test]
    fn table_1_compares_category_by_category_and_in_the_mean() {
        let tables = Tables::new(&records(), &["cable".to_owned()], Protocol::Paper);
        let [first, ..] = tables.grids();
        assert_eq!(
            first.render(super::super::Format::Csv),
            "category,Image-AUC Base,Image-AUC Prop.,Image-AUC Diff.,\
             Pixel-AUC Base,Pixel-AUC Prop.,Pixel-AUC Diff.,PRO Base,PRO Prop.,PRO Diff.\n\
             cable,71.0,91.0,+20.0,80.0,95.0,+15.0,61.0,82.0,+21.0\n\
             tile,99.0,97.0,-2.0,90.0,90.0,+0.0,85.0,85.0,+0.0\n\
             mean,85.0,94.0,+9.0,85.0,92.5,+7.5,73.0,83.5,+10.5\n\
             mean of contextual,71.0,91.0,+20.0,80.0,95.0,+15.0,61.0,82.0,+21.0\n"
        );
    }

    #[test]
    fn table_2_has_mean_and_deviation_over_the_seeds() {
        let tables = Tables::new(&records(), &[], Protocol::Paper);
        let ([_, second], costs) = (tables.grids(), tables.costs());
        let line = |number: usize| second.rows[number].join(", ");
        assert_eq!(
            line(0),
            "cable, ① baseline, 2, 71.0 ± 1.4, 80.0 ± 0.0, 61.0 ± 1.4"
        );
        assert_eq!(
            line(1),
            "cable, ② trained with L_pos, e_rec alone, 2, 81.0 ± 1.4, 85.0 ± 0.0, 72.0 ± 2.8"
        );
        assert_eq!(line(5), "tile, ③ full, 1, 97.0, 90.0, 85.0");
        // Of both categories only seed 0 has run.
        assert_eq!(line(6), "all, ① baseline, 1, 84.5, 85.0, 72.5");
        assert_eq!(costs.rows[0].join(", "), "cable, baseline, 60, 2, 300");
        assert_eq!(costs.rows.len(), 4);
    }

    #[test]
    fn what_was_not_measured_is_left_open() {
        let mut runs = records();
        runs.retain(|run| run.category == "cable" || run.method() == Method::Baseline);
        runs[0].measures.clear();
        let tables = Tables::new(&runs, &["none".to_owned()], Protocol::Paper);
        let [first, second] = tables.grids();
        assert_eq!(first.rows.len(), 3);
        assert_eq!(first.rows[1][..4], ["tile", "99.0", "–", "–"]);
        assert_eq!(first.rows[2][..4], ["mean", "85.5", "–", "–"]);
        assert_eq!(second.rows[0][2..4], ["1", "72.0"]);
        let official = Tables::new(&runs, &[], Protocol::Official);
        assert!(
            official.grids()[0].rows[0][1..]
                .iter()
                .all(|cell| cell == "–")
        );
    }
}

//! Mean and deviation over seeds, and how numbers are written.

use oddspot::settings::Method;
use serde::Serialize;

use crate::benchmark::{Record, Three};
use crate::report::words::UNDEFINED;
use crate::report::{MapKind, Protocol};

/// Mean and standard deviation (of a sample: n − 1; none of a single value), in percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) mean: f64,
    deviation: Option<f64>,
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

    /// Of each measure over some runs.
    pub(super) fn of_each(runs: &[[Option<f64>; 3]]) -> [Option<Self>; 3] {
        [0, 1, 2].map(|measure| {
            let shares: Vec<Option<f64>> = runs.iter().map(|run| run[measure]).collect();
            Self::of(&shares)
        })
    }
}

/// The measures of the runs of a method and a map.
pub(super) fn measures_of(
    records: &[&Record],
    (method, map): (Method, MapKind),
    protocol: Protocol,
) -> Vec<[Option<f64>; 3]> {
    (records.iter())
        .filter(|record| record.method() == method)
        .filter_map(|record| record.three(protocol, map))
        .map(|three: Three| three.all())
        .collect()
}

/// A number as tables have it.
pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or(UNDEFINED.to_owned(), |value| format!("{value:.1}"))
}

/// Mean ± deviation as tables have it.
pub(super) fn spread(value: Option<Spread>) -> String {
    match value {
        None => UNDEFINED.to_owned(),
        Some(Spread { mean, deviation }) => match deviation {
            None => format!("{mean:.1}"),
            Some(deviation) => format!("{mean:.1} ± {deviation:.1}"),
        },
    }
}

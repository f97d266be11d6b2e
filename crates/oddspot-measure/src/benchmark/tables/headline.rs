//! Table 1 in a few words.

use super::MEASURES;
use super::comparison::Comparison;
use super::spread::number;
use crate::report::words::signed;

/// Where PRO stands among the measures.
const PRO: usize = 2;

/// Table 1 in a sentence and three numbers, in percent.
#[derive(Clone, Debug)]
pub struct Headline {
    baseline: [Option<f64>; 3],
    full: [Option<f64>; 3],
    difference: [Option<f64>; 3],
    data_sets: usize,
}

impl Headline {
    /// A line of Table 1 that is of so many data sets.
    pub(super) fn new(line: &Comparison, data_sets: usize) -> Self {
        Self {
            baseline: line.baseline,
            full: line.full,
            difference: line.difference,
            data_sets,
        }
    }

    /// What was found.
    pub fn sentence(&self) -> String {
        let of = match self.data_sets {
            1 => "PRO".to_owned(),
            sets => format!("Mean PRO over {sets} data sets"),
        };
        match (self.baseline[PRO], self.full[PRO], self.difference[PRO]) {
            (Some(baseline), Some(full), Some(difference)) => format!(
                "{of}: {full:.1} % by the full method, {:.1} points {} the baseline's \
                 {baseline:.1} %.",
                difference.abs(),
                if difference < 0.0 { "below" } else { "above" }
            ),
            (None, Some(full), _) => format!("{of}: {full:.1} % by the full method."),
            (Some(baseline), None, _) => format!("{of}: {baseline:.1} % by the baseline."),
            _ => "PRO is not known: a test set lacks masks, or a run is missing.".to_owned(),
        }
    }

    /// All measures in a line.
    pub fn brief(&self) -> String {
        let line = |name: &str, values: &[Option<f64>; 3]| {
            let known = values.iter().any(Option::is_some);
            known.then(|| format!("{name} {}", values.map(number).join(" / ")))
        };
        let methods = [line("full", &self.full), line("baseline", &self.baseline)];
        let methods: Vec<String> = methods.into_iter().flatten().collect();
        format!("{}: {}", MEASURES.join(" / "), methods.join(", "))
    }

    /// Each measure: its name, its value, and how it stands to the baseline.
    pub fn tiles(&self) -> Vec<[String; 3]> {
        let tile = |i: usize| {
            let (value, beside) = match (self.full[i], self.baseline[i]) {
                (Some(full), Some(baseline)) => (
                    Some(full),
                    format!(
                        "full; baseline {baseline:.1} ({})",
                        signed(self.difference[i])
                    ),
                ),
                (Some(full), None) => (Some(full), "full".to_owned()),
                (None, baseline) => (baseline, "baseline".to_owned()),
            };
            [MEASURES[i].to_owned(), number(value), beside]
        };
        [0, 1, 2].map(tile).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_how_the_methods_compare_as_far_as_they_are_known() {
        let sentence = |baseline: Option<f64>, full: Option<f64>, data_sets| {
            Headline {
                baseline: [baseline; 3],
                full: [full; 3],
                difference: [full.zip(baseline).map(|(full, baseline)| full - baseline); 3],
                data_sets,
            }
            .sentence()
        };
        assert_eq!(
            sentence(Some(55.8), Some(73.6), 15),
            "Mean PRO over 15 data sets: 73.6 % by the full method, 17.8 points above the \
             baseline's 55.8 %."
        );
        assert!(sentence(Some(50.0), Some(49.0), 1).contains("1.0 points below"));
        assert_eq!(
            sentence(Some(50.0), None, 1),
            "PRO: 50.0 % by the baseline."
        );
        assert_eq!(
            sentence(None, Some(50.0), 1),
            "PRO: 50.0 % by the full method."
        );
        assert!(sentence(None, None, 2).starts_with("PRO is not known"));
    }
}

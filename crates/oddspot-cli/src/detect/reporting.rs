//! How verdicts are told, and what a run's exit status says of them.

use clap::Args;
use oddspot::verdict::Verdict;

use super::stamp::PartId;
use super::table::Form;
use crate::voice::Voice;

/// How verdicts are told.
#[derive(Args, Clone, Default)]
pub struct ReportArgs {
    /// Print each image's line of results.jsonl on standard output, instead of words for people
    #[arg(long)]
    pub json: bool,
    /// Tell which part an image shows, by this regular expression on its file's name: its group `part`, else its first
    /// group, else all that matches
    #[arg(long, value_name = "PATTERN", value_parser = PartId::new)]
    pub part_id: Option<PartId>,
    /// Begin results.csv with a byte order mark, by which Excel knows that it is UTF-8
    #[arg(long)]
    pub bom: bool,
    /// Write results.csv with decimal commas and semicolons, as spreadsheets of many countries read it
    #[arg(long)]
    pub decimal_comma: bool,
}

/// How an image's verdict is told on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// In words for people.
    Words,
    /// As a line of results.jsonl.
    Json,
    /// Not at all.
    Nothing,
}

impl ReportArgs {
    /// How results.csv is written.
    pub fn form(&self) -> Form {
        Form {
            mark: self.bom,
            comma: self.decimal_comma,
        }
    }

    /// How verdicts are told on standard output.
    pub fn said(&self, voice: Voice) -> Said {
        match (self.json, voice.quiet) {
            (true, _) => Said::Json,
            (_, true) => Said::Nothing,
            _ => Said::Words,
        }
    }
}

/// A verdict that is to be seen by the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailOn(Verdict);

impl FailOn {
    /// By its word.
    ///
    /// # Errors
    /// Another word.
    pub fn new(word: &str) -> Result<Self, String> {
        let verdict = Verdict::ALL.into_iter().find(|one| one.word() == word);
        let bad = verdict.filter(|verdict| !verdict.is_good());
        bad.map(Self)
            .ok_or_else(|| "give anomalous, check or untrusted, or several with commas".to_owned())
    }

    /// Whether a verdict is this one, or worse.
    pub fn is_met_by(self, verdict: Verdict) -> bool {
        verdict == self.0 || (self.0 == Verdict::Check && verdict.is_anomalous())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_checked_fails_with_what_is_worse_and_what_is_untrusted_alone() {
        let met = |word: &str| {
            let fails = FailOn::new(word).unwrap();
            Verdict::ALL.map(|verdict| fails.is_met_by(verdict))
        };
        assert_eq!(met("anomalous"), [false, false, true, false]);
        assert_eq!(met("check"), [false, true, true, false]);
        assert_eq!(met("untrusted"), [false, false, false, true]);
        assert!(FailOn::new("good").is_err() && FailOn::new("bad").is_err());
    }
}

//! results.jsonl and results.csv, flushed image by image.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use oddspot::files::lock::Hold;
use oddspot::health::Measure;
use oddspot::images::Kind;
use oddspot::maps::Region;
use oddspot::verdict::{Finding, Thresholds, Why};
use serde::Serialize;

use super::earlier::{Earlier, check_columns, go_to_end, has_rows, names, remove_pictures};
use super::input::Input;
use super::page::PAGE;
use super::pictures::{Pictures, Written, remove_leftovers};
use crate::output::hold;

/// Everything that is said, a line an image.
pub const JSON_LINES: &str = "results.jsonl";
const CSV: &str = "results.csv";

/// An image that was judged.
pub struct Done {
    /// What is said of it.
    pub finding: Finding,
    /// What it is as a file.
    pub kind: Kind,
    /// Its pictures and raw maps, as paths below the output folder with `/`.
    pub files: Vec<String>,
    /// File to verdict and pictures.
    pub latency: Duration,
    /// Why it has no pictures, where that is owed to its name.
    pub unnamed: Option<String>,
}

/// A line of results.jsonl.
#[derive(Serialize)]
struct Line<'a> {
    image: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
    files: &'a [String],
    milliseconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A line of results.jsonl for an image that could not be judged.
#[derive(Serialize)]
struct Skipped<'a> {
    image: &'a str,
    error: &'a str,
}

/// The output folder, its results flushed image by image.
pub struct Output {
    pictures: Pictures,
    thresholds: [f64; 2],
    jsonl: File,
    csv: csv::Writer<File>,
    /// Names that pictures of earlier results have.
    names: BTreeSet<String>,
    /// As long as the results are written.
    _hold: Hold,
}

/// Columns of results.csv; regions are told by their number and the first one's box.
const COLUMNS: [&str; 18 + Measure::ALL.len()] = [
    "image",
    "verdict",
    "score",
    "threshold",
    "check_threshold",
    "why",
    "looks_wrong_share",
    "wrong_place_share",
    "peak_x",
    "peak_y",
    "regions",
    "left",
    "top",
    "region_width",
    "region_height",
    "figure",
    "error",
    "untrusted_because",
    "light",
    "brightness",
    "contrast",
    "black",
    "burnt_out",
    "focus",
    "noise",
    "colour",
    "red_cast",
    "blue_cast",
    "right",
    "down",
    "larger",
    "turned",
    "unlike",
];
/// Where the reason stands why an image was skipped.
const ERROR: usize = 16;

impl Output {
    /// Makes the folder and begins the results.
    ///
    /// # Errors
    /// A folder that cannot be made or written, that another run writes to, or that has results already
    /// which are neither to be replaced nor added to.
    pub fn create(
        folder: &Path,
        earlier: Earlier,
        thresholds: &Thresholds,
        written: Written,
    ) -> Result<Self> {
        let shown = folder.display();
        ensure!(
            folder.is_dir() || !folder.exists(),
            "{shown} is a file; give -o a folder, or a name that is free"
        );
        std::fs::create_dir_all(folder).with_context(|| {
            format!("cannot make the folder {shown}; choose an -o that you may write to")
        })?;
        let hold = hold(&folder.join(JSON_LINES))?;
        let columns = COLUMNS.join(",");
        let [results, table] = [JSON_LINES, CSV].map(|name| folder.join(name));
        let there = has_rows(&results, None)?
            || has_rows(&table, Some(&columns))?
            || has_rows(&folder.join(PAGE), None)?;
        ensure!(
            !there || earlier != Earlier::Refuse,
            "{shown} has results already: add --replace to put new ones in their place, --append to add to \
             them, or choose another -o"
        );
        let appends = there && earlier == Earlier::Append;
        if appends && has_rows(&table, None)? {
            check_columns(&table, &columns)?;
        }
        // Both can be written, or the earlier results stay as they are.
        let [mut jsonl, mut csv] = [open(folder, JSON_LINES)?, open(folder, CSV)?];
        remove_leftovers(folder);
        let names = match appends {
            true => names(&results)?,
            false => {
                remove_pictures(folder, &results)?;
                BTreeSet::new()
            }
        };
        for file in [&mut jsonl, &mut csv] {
            // A device or a pipe has no length.
            if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
                match appends {
                    true => go_to_end(file).context("cannot add to the earlier results")?,
                    false => file
                        .set_len(0)
                        .context("cannot empty the earlier results")?,
                }
            }
        }
        let begins = csv.metadata().map_or(true, |metadata| metadata.len() == 0);
        let mut csv = csv::Writer::from_writer(csv);
        if begins {
            csv.write_record(COLUMNS)?;
            csv.flush()?;
        }
        Ok(Self {
            pictures: Pictures::new(folder, thresholds.image, written),
            thresholds: [thresholds.image, thresholds.check],
            jsonl,
            csv,
            names,
            _hold: hold,
        })
    }

    /// Names that the pictures of earlier results have, so that new ones are called otherwise.
    pub fn take_names(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.names)
    }

    /// An image is anomalous above the first, to be checked above the second.
    pub fn thresholds(&self) -> [f64; 2] {
        self.thresholds
    }

    /// How to write pictures, for any thread.
    pub fn pictures(&self) -> Pictures {
        self.pictures.clone()
    }

    /// Appends a finding to both result files.
    ///
    /// # Errors
    /// A full disk.
    pub fn result(&mut self, input: &Input, done: &Done) -> Result<()> {
        let Done {
            finding,
            files,
            latency,
            unnamed,
            ..
        } = done;
        let image = input.image();
        let line = serde_json::to_string(&Line {
            image: &image,
            finding,
            files,
            milliseconds: 1e3 * latency.as_secs_f64(),
            error: unnamed.as_deref(),
        })?;
        writeln!(self.jsonl, "{line}").context("cannot write results.jsonl")?;
        let figure = files.iter().find(|file| file.starts_with("figure/"));
        let first = finding.regions.first();
        let of_first = |value: fn(&Region) -> usize| {
            first.map_or(String::new(), |region| value(region).to_string())
        };
        let of_image = [
            image,
            finding.verdict.word().to_owned(),
            finding.score.to_string(),
            finding.threshold.to_string(),
            finding.check_threshold.to_string(),
            finding.why.map_or("", Why::words).to_owned(),
            format!("{:.4}", finding.looks_wrong_share),
            format!("{:.4}", finding.wrong_place_share),
            finding.peak.x.to_string(),
            finding.peak.y.to_string(),
            finding.regions.len().to_string(),
            of_first(|r| r.left),
            of_first(|r| r.top),
            of_first(|r| r.width),
            of_first(|r| r.height),
            figure.cloned().unwrap_or_default(),
            unnamed.clone().unwrap_or_default(),
            finding.health.words().unwrap_or_default().to_owned(),
        ];
        let health = Measure::ALL.map(|measure| finding.health.get(measure).to_string());
        self.row(of_image.into_iter().chain(health))
    }

    /// Appends an image that could not be judged to both result files.
    ///
    /// # Errors
    /// A full disk.
    pub fn skipped(&mut self, input: &Input, error: &str) -> Result<()> {
        let image = input.image();
        let line = serde_json::to_string(&Skipped {
            image: &image,
            error,
        })?;
        writeln!(self.jsonl, "{line}").context("cannot write results.jsonl")?;
        let mut row: [String; COLUMNS.len()] = std::array::from_fn(|_| String::new());
        row[0] = image;
        row[1] = "skipped".to_owned();
        [row[3], row[4]] = self.thresholds.map(|threshold| threshold.to_string());
        row[ERROR] = error.to_owned();
        self.row(row)
    }

    fn row(&mut self, row: impl IntoIterator<Item = String>) -> Result<()> {
        self.csv
            .write_record(row)
            .context("cannot write results.csv")?;
        self.csv.flush().context("cannot write results.csv")
    }
}

/// Opens a file for writing with all that is in it.
fn open(folder: &Path, name: &str) -> Result<File> {
    let path = folder.join(name);
    let file = File::options()
        .read(path.is_file())
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    file.with_context(|| {
        format!(
            "cannot write {}; choose an -o that you may write to",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use oddspot::health::Health;
    use oddspot::verdict::{Place, Point, Shares, Verdict};

    use super::*;

    #[test]
    fn a_line_says_in_words_what_is_in_the_wrong_place() {
        let finding = |looks_wrong, wrong_place| Finding {
            verdict: Verdict::Anomalous,
            score: 9.0,
            threshold: 5.0,
            check_threshold: 4.0,
            why: Shares {
                looks_wrong,
                wrong_place,
            }
            .why(),
            looks_wrong_share: looks_wrong,
            wrong_place_share: wrong_place,
            terms: Vec::new(),
            peak: Point { x: 1, y: 2 },
            place: Some(Place {
                x: 1,
                y: 2,
                neighbours: Vec::new(),
                words: vec!["left neighbour looks odd".to_owned(), "another".to_owned()],
            }),
            alignment: None,
            health: Health::default(),
            width: 8,
            height: 8,
            regions: Vec::new(),
        };
        let line = finding(0.25, 0.75).line("part.png");
        let said = "in the wrong place (75 %); seen from (1, 2), left neighbour looks odd";
        assert!(line.ends_with(said), "{line}");
        let both = finding(0.45, 0.55).line("part.png");
        assert!(
            both.contains("(45 %) and in the wrong place (55 %); seen"),
            "{both}"
        );
        let mut looks = finding(0.75, 0.25);
        let region = |left| Region {
            left,
            top: 1,
            width: 3,
            height: 2,
            area: 5,
            peak: 8.0,
        };
        looks.regions = vec![region(4), region(0), region(9)];
        let line = looks.line("part.png");
        let said = "looks wrong (75 %), 3x2 at (4, 1) and 2 fainter";
        assert!(line.ends_with(said), "{line}");
        assert!(!line.contains("neighbour"));
        let verdict = "ANOMALOUS: score 9.00, above 5.00; looks wrong (75 %)";
        assert_eq!(looks.heading(), verdict);
    }
}

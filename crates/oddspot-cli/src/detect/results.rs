//! results.jsonl and results.csv, flushed image by image.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use oddspot::files::lock::Hold;
use oddspot::maps::Region;
use oddspot::verdict::{Finding, Thresholds, Why};
use serde::{Deserialize, Serialize};

use super::input::Input;
use super::pictures::{Pictures, Written, remove, remove_leftovers};
use crate::output::hold;

const JSON_LINES: &str = "results.jsonl";
const CSV: &str = "results.csv";

/// An image that was judged.
pub struct Done {
    /// What is said of it.
    pub finding: Finding,
    /// Its pictures and raw maps, as paths below the output folder with `/`.
    pub files: Vec<String>,
    /// File to verdict and pictures.
    pub latency: Duration,
}

/// A line of results.jsonl.
#[derive(Serialize)]
struct Line<'a> {
    image: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
    files: &'a [String],
    milliseconds: f64,
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
    /// As long as the results are written.
    _hold: Hold,
}

/// Columns of results.csv; regions are told by their number and the first one's box.
const COLUMNS: [&str; 17] = [
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
];

impl Output {
    /// Makes the folder and begins the results.
    ///
    /// # Errors
    /// A folder that cannot be made or written, or that another run writes to.
    pub fn create(folder: &Path, thresholds: &Thresholds, written: Written) -> Result<Self> {
        let shown = folder.display();
        ensure!(
            folder.is_dir() || !folder.exists(),
            "{shown} is a file; give -o a folder, or a name that is free"
        );
        std::fs::create_dir_all(folder).with_context(|| {
            format!("cannot make the folder {shown}; choose an -o that you may write to")
        })?;
        let hold = hold(&folder.join(JSON_LINES))?;
        // Both can be written, or the earlier results stay as they are.
        let [jsonl, csv] = [open(folder, JSON_LINES)?, open(folder, CSV)?];
        remove_leftovers(folder);
        remove_earlier_pictures(folder)?;
        for file in [&jsonl, &csv] {
            // A device or a pipe has no length.
            if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
                file.set_len(0)
                    .context("cannot empty the earlier results")?;
            }
        }
        let mut csv = csv::Writer::from_writer(csv);
        csv.write_record(COLUMNS)?;
        csv.flush()?;
        Ok(Self {
            pictures: Pictures::new(folder, thresholds.image, written),
            thresholds: [thresholds.image, thresholds.check],
            jsonl,
            csv,
            _hold: hold,
        })
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
        } = done;
        let image = input.image();
        let line = serde_json::to_string(&Line {
            image: &image,
            finding,
            files,
            milliseconds: 1e3 * latency.as_secs_f64(),
        })?;
        writeln!(self.jsonl, "{line}").context("cannot write results.jsonl")?;
        let figure = files.iter().find(|file| file.starts_with("figure/"));
        let first = finding.regions.first();
        let of_first = |value: fn(&Region) -> usize| {
            first.map_or(String::new(), |region| value(region).to_string())
        };
        self.row([
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
            String::new(),
        ])
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
        let mut row: [String; COLUMNS.len()] = Default::default();
        row[0] = image;
        row[1] = "skipped".to_owned();
        [row[3], row[4]] = self.thresholds.map(|threshold| threshold.to_string());
        row[COLUMNS.len() - 1] = error.to_owned();
        self.row(row)
    }

    fn row(&mut self, row: [String; COLUMNS.len()]) -> Result<()> {
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

/// What a line of earlier results says of files.
#[derive(Default, Deserialize)]
struct Earlier {
    #[serde(default)]
    files: Vec<String>,
}

/// Removes the pictures that earlier results name: beside new results they would show other images,
/// or another model's view.
fn remove_earlier_pictures(folder: &Path) -> Result<()> {
    let path = folder.join(JSON_LINES);
    // A device or a pipe has no past, and may never end.
    if !path.is_file() {
        return Ok(());
    }
    let context = || format!("cannot read {}", path.display());
    let earlier = BufReader::new(File::open(&path).with_context(context)?);
    let mut removed = 0;
    for line in earlier.split(b'\n') {
        let line = line.with_context(context)?;
        let Earlier { files } = serde_json::from_slice(&line).unwrap_or_default();
        for file in files {
            removed += usize::from(remove(folder, &file)?);
        }
    }
    if removed > 0 {
        tell!("removed {removed} pictures and maps of an earlier run");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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

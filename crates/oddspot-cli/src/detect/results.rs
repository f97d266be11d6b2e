//! results.jsonl and results.csv, flushed image by image.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jiff::ZonedDateTime;
use oddspot::files::lock::Hold;
use oddspot::verdict::{Finding, Thresholds};
use oddspot_arrivals::FileState;
use serde::Serialize;

use super::done::Done;
use super::earlier::{
    Earlier, are_by_another, check_columns, go_to_end, has_rows, is_json, names, refuse_others,
    remove_pictures,
};
use super::input::Input;
use super::page::PAGE;
use super::pictures::{Pictures, Written, remove_leftovers};
use super::stamp::{Stamp, Stamps};
use super::table::{CSV, Form, Of, Table};

/// Everything that is said, a line an image.
pub const JSON_LINES: &str = "results.jsonl";

/// A line of results.jsonl.
#[derive(Serialize)]
struct Line<'a> {
    image: &'a str,
    #[serde(flatten)]
    stamp: &'a Stamp<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a FileState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<usize>,
    #[serde(flatten)]
    said: Said<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// What a line says of an image that was judged; nothing of one that could not be.
#[derive(Serialize)]
#[serde(untagged)]
enum Said<'a> {
    Found {
        #[serde(flatten)]
        finding: &'a Finding,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        differs: &'a [String],
        files: &'a [String],
        milliseconds: f64,
    },
    Nothing {},
}

/// Where results go, and what all of a run's have in common.
pub struct Output {
    stamps: Stamps,
    thresholds: [f64; 2],
    folder: Option<Folder>,
}

/// Whether a line is a whole one.
type IsWhole<'a> = &'a dyn Fn(&[u8]) -> bool;

/// The output folder, its results flushed image by image.
struct Folder {
    root: PathBuf,
    pictures: Pictures,
    jsonl: File,
    table: Table,
    /// Names that pictures of earlier results have.
    names: BTreeSet<String>,
    /// As long as the results are written.
    _hold: Hold,
}

/// What becomes of an output folder.
#[derive(Clone, Copy)]
pub struct Making {
    /// Of the results that it has.
    pub earlier: Earlier,
    /// Beside new results.
    pub written: Written,
    /// How the table is written.
    pub form: Form,
    /// Whether is told what is removed.
    pub tells: bool,
}

impl Output {
    /// Makes the folder, if there is to be one, and begins the results.
    ///
    /// # Errors
    /// A folder that cannot be made or written, that another run writes to, or that has results already
    /// which are neither to be replaced nor added to.
    pub fn create(
        folder: Option<&Path>,
        making: Making,
        thresholds: &Thresholds,
        stamps: Stamps,
    ) -> Result<Self> {
        if let (Some(folder), Earlier::Append) = (folder, making.earlier)
            && are_by_another(
                &folder.join(JSON_LINES),
                stamps.model_sha256(),
                thresholds.image,
            )?
        {
            tell!(
                "warning: the results before in {} are by another model or other thresholds: each line says by which",
                folder.display()
            );
        }
        let make = |folder| Folder::create(folder, making, thresholds);
        Ok(Self {
            stamps,
            thresholds: [thresholds.image, thresholds.check],
            folder: folder.map(make).transpose()?,
        })
    }

    /// Names that the pictures of earlier results have, so that new ones are called otherwise.
    pub fn take_names(&mut self) -> BTreeSet<String> {
        let names = self.folder.as_mut().map(|folder| &mut folder.names);
        names.map(std::mem::take).unwrap_or_default()
    }

    /// An image is anomalous above the first, to be checked above the second.
    pub fn thresholds(&self) -> [f64; 2] {
        self.thresholds
    }

    /// Whether names are to say which part an image shows.
    pub fn has_parts(&self) -> bool {
        self.stamps.has_parts()
    }

    /// Whether results are written into a folder.
    pub fn keeps(&self) -> bool {
        self.folder.is_some()
    }

    /// How to write pictures, for any thread; None where there is no place for them.
    pub fn pictures(&self) -> Option<Pictures> {
        self.folder.as_ref().map(|folder| folder.pictures.clone())
    }

    /// Appends a finding to both result files, and gives its line; `differs` says in what its file differs from the
    /// good ones.
    ///
    /// # Errors
    /// A full disk.
    pub fn result(&mut self, input: &Input, done: &Done, differs: &[String]) -> Result<Row> {
        let said = Said::Found {
            finding: &done.finding,
            differs,
            files: &done.files,
            milliseconds: 1e3 * done.latency.as_secs_f64(),
        };
        self.line(input, said, done.unnamed.as_deref(), |table, of| {
            table.result(of, done, differs)
        })
    }

    /// Appends an image that could not be judged to both result files, and gives its line.
    ///
    /// # Errors
    /// A full disk.
    pub fn skipped(&mut self, input: &Input, error: &str) -> Result<Row> {
        let thresholds = self.thresholds;
        self.line(input, Said::Nothing {}, Some(error), |table, of| {
            table.skipped(of, thresholds, error)
        })
    }

    fn line(
        &mut self,
        input: &Input,
        said: Said,
        error: Option<&str>,
        row: impl FnOnce(&mut Table, &Of) -> Result<()>,
    ) -> Result<Row> {
        let (image, time) = (&input.image(), &ZonedDateTime::now());
        let stamp = &self.stamps.of(image, time);
        let line = serde_json::to_string(&Line {
            image,
            stamp,
            file: input.state.as_ref(),
            pages: input.pages,
            said,
            error,
        })?;
        if let Some(folder) = &mut self.folder {
            // In one go, so that a run that is killed leaves a whole line or none.
            let whole = format!("{line}\n");
            let written = folder.jsonl.write_all(whole.as_bytes());
            written.with_context(|| cannot_write(&folder.root, JSON_LINES))?;
            let row = row(&mut folder.table, &Of { image, time, stamp });
            row.with_context(|| cannot_write(&folder.root, CSV))?;
        }
        Ok(Row {
            line,
            has_part: stamp.part.is_some(),
        })
    }
}

/// What the results say of an image.
pub struct Row {
    /// Its line of results.jsonl.
    pub line: String,
    /// Whether it says which part it shows.
    pub has_part: bool,
}

impl Folder {
    fn create(folder: &Path, making: Making, thresholds: &Thresholds) -> Result<Self> {
        let Making {
            earlier,
            written,
            form,
            tells,
        } = making;
        let shown = folder.display();
        ensure!(
            folder.is_dir() || !folder.exists(),
            "{shown} is a file; give -o a folder, or a name that is free"
        );
        std::fs::create_dir_all(folder).with_context(|| {
            format!("cannot make the folder {shown}; choose an -o that you may write to")
        })?;
        let hold = Hold::take_soon(&folder.join(JSON_LINES))?;
        let heads = [false, true].map(|comma| Form { comma, ..form }.head());
        let [results, table] = [JSON_LINES, CSV].map(|name| folder.join(name));
        let there = has_rows(&results, &[])?
            || has_rows(&table, &heads)?
            || has_rows(&folder.join(PAGE), &[])?;
        ensure!(
            !there || earlier != Earlier::Refuse,
            "{shown} has results already: add --replace to put new ones in their place, --append to add to \
             them, or choose another -o"
        );
        if earlier == Earlier::Append {
            refuse_others(&results, &folder.join(PAGE))?;
        }
        let appends = there && earlier == Earlier::Append;
        if appends && has_rows(&table, &[])? {
            check_columns(&table, &form.head())?;
        }
        // Both can be written, or the earlier results stay as they are.
        let [mut jsonl, mut csv] = [open(folder, JSON_LINES)?, open(folder, CSV)?];
        remove_leftovers(folder);
        let names = match appends {
            true => names(&results)?,
            false => {
                remove_pictures(folder, &results, tells)?;
                BTreeSet::new()
            }
        };
        let is_whole_row = |line: &[u8]| form.is_row(line);
        let is_whole: [IsWhole; 2] = [&is_json, &is_whole_row];
        let files = [&mut jsonl, &mut csv].into_iter().zip(is_whole);
        for ((file, is_whole), path) in files.zip([&results, &table]) {
            // A device or a pipe has no length.
            if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            if !appends {
                file.set_len(0)
                    .context("cannot empty the earlier results")?;
            } else if go_to_end(file, is_whole).context("cannot add to the earlier results")? {
                tell!(
                    "warning: {} ended in half a line, as of a run that was broken off: it was taken out, and its \
                     image counts as not judged",
                    path.display()
                );
            }
        }
        Ok(Self {
            root: folder.to_owned(),
            pictures: Pictures::new(folder, thresholds.image, written),
            jsonl,
            table: Table::new(csv, form).with_context(|| cannot_write(folder, CSV))?,
            names,
            _hold: hold,
        })
    }
}

fn cannot_write(folder: &Path, name: &str) -> String {
    format!(
        "cannot write {}; what was judged until then is kept",
        folder.join(name).display()
    )
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
    use oddspot::maps::Region;
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

//! The parts that a command is to work on: every row of a manifest with its arguments.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::inputs::Files;
use super::job::FleetArgs;
use super::kinds::{DATA, Kind, Place};
use super::manifest::{Manifest, Row, turned};
use super::options::{Known, Values, is_of_process, options, parse, wrong_values};
use super::record::{Record, State};
use crate::advice;
use crate::excluded::LIST;
use crate::train::TrainArgs;

/// A part and what is to be done to it.
pub struct Part<A> {
    /// What it is called.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    model: PathBuf,
    given: Vec<PathBuf>,
    /// Files that options name.
    files: Vec<PathBuf>,
    /// The arguments.
    pub args: A,
    /// Options as they are written, but those of the process.
    pub settings: Vec<String>,
}

impl<A: Kind> Part<A> {
    /// Where things of it lie.
    pub fn place(&self) -> Place<'_> {
        Place {
            name: &self.name,
            folder: &self.folder,
            model: &self.model,
            given: &self.given,
        }
    }

    /// Whether all that it writes is there.
    pub fn is_there(&self) -> bool {
        A::outputs(self.place()).iter().all(|file| file.is_file())
    }

    /// Whether its own model may be the one that a training writes before its first step.
    fn is_in_training(&self) -> bool {
        let trained = Record::read(&self.folder, TrainArgs::COMMAND);
        let is_begun = trained.is_some_and(|record| record.state == State::Begun);
        is_begun && self.model.starts_with(&self.folder)
    }

    /// What it is made from.
    ///
    /// # Errors
    /// What is not there any more, or cannot be used; no model where one is needed.
    pub fn inputs(&self) -> Result<Files> {
        let mut files = Files::new();
        for given in &self.given {
            files.add(given, A::images(given)?);
        }
        if A::NEEDS_MODEL {
            anyhow::ensure!(
                self.model.is_file(),
                "there is no model {}: train it first",
                self.model.display()
            );
            anyhow::ensure!(
                !self.is_in_training(),
                "its training is not finished, and {} is what it began with: train it to the end first",
                self.model.display()
            );
            files.add(Path::new(""), [self.model.clone()]);
        }
        files.add(Path::new(""), self.files.clone());
        Ok(files)
    }
}

/// All parts of a manifest.
///
/// # Errors
/// All that is wrong with its lines, at once: columns that are not known, values that are none, files that are missing.
pub fn parts<A: Kind>(fleet: &FleetArgs) -> Result<Vec<Part<A>>> {
    let mut manifest = Manifest::read(&fleet.manifest, &fleet.output)?;
    let options = options::<A>();
    let mut models: HashMap<PathBuf, &Row> = HashMap::new();
    let (mut parts, mut all_wrong) = (Vec::new(), Vec::new());
    for row in &manifest.rows {
        let mut wrong = Vec::new();
        let model = std::path::absolute(&row.model).unwrap_or_else(|_| row.model.clone());
        // Rows of one folder are refused as such.
        if let Some(other) = models.insert(model, row)
            && A::WRITES_MODEL
            && other.folder != row.folder
        {
            wrong.push(format!("line {} has the same model", other.line));
        }
        parts.extend(part(
            row,
            &manifest.root,
            (&fleet.given, &options),
            &mut wrong,
        ));
        all_wrong.push(wrong);
    }
    for (row, wrong) in all_wrong.into_iter().enumerate() {
        manifest.note(row, wrong);
    }
    manifest.check()?;
    Ok(parts)
}

/// A row's part; what is wrong with it is noted.
fn part<A: Kind>(
    row: &Row,
    root: &Path,
    (for_all, options): (&Values, &[Known]),
    wrong: &mut Vec<String>,
) -> Option<Part<A>> {
    let given = given::<A>(row, root, wrong);
    let mut chosen = Chosen::new(for_all);
    let is_read = |known: &&Known| !A::DECIDES.contains(&known.name.as_str());
    for known in options.iter().filter(is_read) {
        chosen.read(row, root, known, wrong);
    }
    // What is missing was noted, and the options are still to be looked at.
    let stand_in = [row.folder.clone()];
    let place = Place {
        name: &row.name,
        folder: &row.folder,
        model: &row.model,
        given: if given.is_empty() { &stand_in } else { &given },
    };
    let (positional, own) = A::words(place);
    let wrong_values = wrong_values::<A>(&chosen.resolved);
    if !wrong_values.is_empty() {
        wrong.extend(wrong_values);
        return None;
    }
    chosen.resolved.extend(own);
    let parsed = parse::<A>(&chosen.resolved, &positional);
    let checked = parsed.and_then(|args| match args.check() {
        Ok(()) => Ok(args),
        Err(error) => Err(advice::said(&error)),
    });
    match checked {
        Err(reason) => {
            wrong.push(reason);
            None
        }
        Ok(args) => Some(Part {
            name: row.name.clone(),
            folder: row.folder.clone(),
            model: row.model.clone(),
            files: chosen.files,
            args,
            settings: words(&chosen.spelled),
            given,
        }),
    }
}

/// The options of a part: those for all, and what its cells have in their place.
struct Chosen {
    /// As they are written.
    spelled: Values,
    /// With paths as this process finds them.
    resolved: Values,
    /// The files that they name.
    files: Vec<PathBuf>,
}

impl Chosen {
    fn new(for_all: &Values) -> Self {
        Self {
            spelled: for_all.clone(),
            resolved: for_all.clone(),
            files: Vec::new(),
        }
    }

    /// Reads an option's cell, if the row has one; what is wrong with it is noted.
    fn read(&mut self, row: &Row, root: &Path, known: &Known, wrong: &mut Vec<String>) {
        let name = &known.name;
        match row.cells.get(name).filter(|_| known.is_column()) {
            None => {}
            Some(cell) if !known.takes_value => match is_on(cell) {
                Some(true) => self.set(name, Vec::new(), Vec::new()),
                Some(false) => {
                    self.spelled.remove(name);
                    self.resolved.remove(name);
                }
                None => wrong.push(format!("{name}: '{cell}' is neither yes nor no")),
            },
            Some(cell) => {
                let value = value(cell, root, known, wrong);
                self.set(name, vec![cell.into()], vec![value]);
            }
        }
        let values = self.resolved.get(name).into_iter().flatten();
        let named = values.filter_map(|value| file_of(known, value));
        self.files.extend(named.filter(|file| file.is_file()));
    }

    fn set(&mut self, name: &str, spelled: Vec<OsString>, resolved: Vec<OsString>) {
        self.spelled.insert(name.to_owned(), spelled);
        self.resolved.insert(name.to_owned(), resolved);
    }
}

/// A setting that may be the path of a file.
const TEACHER: &str = "teacher";
/// An option that may name a file of names.
const EXCLUDE: &str = "exclude";

/// The file that an option's value names, if it may name one.
fn file_of(known: &Known, value: &OsStr) -> Option<PathBuf> {
    match known.name.as_str() {
        EXCLUDE => value.to_str()?.strip_prefix(LIST).map(PathBuf::from),
        TEACHER => Some(value.into()),
        _ => known.is_path.then(|| value.into()),
    }
}

/// What a command works on; what is missing is noted.
fn given<A: Kind>(row: &Row, root: &Path, wrong: &mut Vec<String>) -> Vec<PathBuf> {
    let cell = row.cells.get(A::GIVEN).map_or("", String::as_str);
    let paths = cell
        .split(';')
        .map(str::trim)
        .filter(|path| !path.is_empty());
    let mut paths: Vec<PathBuf> = paths.map(|path| root.join(turned(path))).collect();
    if paths.is_empty() {
        wrong.push(format!(
            "{} needs something in the column '{}'",
            A::COMMAND,
            A::GIVEN
        ));
    }
    for path in &paths {
        wrong.extend(missing(path));
    }
    if A::GIVEN == DATA && paths.len() > 1 {
        wrong.push(format!(
            "{} takes one folder or list of images, and the column '{DATA}' has {}, parted by semicolons",
            A::COMMAND,
            paths.len()
        ));
        paths.truncate(1);
    }
    paths
}

/// A cell as the option takes it: a path begins at the manifest's folder.
fn value(cell: &str, root: &Path, known: &Known, wrong: &mut Vec<String>) -> OsString {
    if let (EXCLUDE, Some(list)) = (known.name.as_str(), cell.strip_prefix(LIST)) {
        let file = root.join(turned(list));
        wrong.extend(missing(&file));
        let mut value = OsString::from(LIST.to_string());
        value.push(file);
        return value;
    }
    let file = root.join(turned(cell));
    if known.is_path {
        wrong.extend(missing(&file));
        return file.into();
    }
    match known.name == TEACHER && file.is_file() {
        true => file.into(),
        false => cell.into(),
    }
}

fn missing(path: &Path) -> Option<String> {
    (!path.exists()).then(|| format!("there is no {}", path.display()))
}

/// Whether a cell switches an option on.
fn is_on(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "x" | "on" => Some(true),
        "no" | "n" | "false" | "0" | "-" | "off" => Some(false),
        _ => None,
    }
}

/// Options in one order, whatever the order in which they were given.
fn words(options: &BTreeMap<String, Vec<OsString>>) -> Vec<String> {
    let options = options.iter().filter(|(name, _)| !is_of_process(name));
    let words = options.flat_map(|(name, values)| match values.is_empty() {
        true => vec![format!("--{name}")],
        false => values
            .iter()
            .map(|value| format!("--{name}={}", value.to_string_lossy()))
            .collect(),
    });
    words.collect()
}

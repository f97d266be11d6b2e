//! The manifest of a fleet: a row for each part, or for each camera.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use oddspot::datasets::{Category, Problems, Sheet, SheetRow, categories};

use super::kinds::{DATA, IMAGES, all_columns};

/// What a part is called.
const NAME: &str = "name";
/// Its model.
const MODEL: &str = "model";
/// Its folder.
const OUTPUT: &str = "output";
/// Columns that are no options.
const COLUMNS: [&str; 5] = [NAME, DATA, IMAGES, MODEL, OUTPUT];
/// Bytes of a name.
const LONGEST: usize = 100;
/// Letters that some file system or spreadsheet takes for something else.
const NOT_IN_NAMES: &str = "/\\:*?\"<>|";
/// Letters that a spreadsheet takes for the begin of a formula, and file systems for a hidden file.
const NOT_FIRST: &str = "=+-@.";

/// A manifest that was read.
pub struct Manifest {
    path: PathBuf,
    /// What paths in it begin at.
    pub root: PathBuf,
    /// The rows, in their order.
    pub rows: Vec<Row>,
    /// What is wrong so far.
    problems: Problems,
}

/// A row of a manifest.
pub struct Row {
    /// Where it stands.
    pub line: u64,
    /// What its part is called.
    pub name: String,
    /// The part's folder.
    pub folder: PathBuf,
    /// The part's model.
    pub model: PathBuf,
    /// Other cells, by column; none is empty.
    pub cells: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads a manifest, or takes a folder's data sets for parts. Their folders lie in `output`, unless they say otherwise. What is wrong with its lines
    /// is noted.
    ///
    /// # Errors
    /// A file that cannot be read, or has no row.
    pub fn read(path: &Path, output: &Path) -> Result<Self> {
        let Sheet {
            line,
            columns,
            rows,
        } = match path.is_dir() {
            true => of_folder(path)?,
            false => Sheet::read(path)?,
        };
        ensure!(
            !rows.is_empty(),
            "{} lists no part: write a row for each",
            path.display()
        );
        let root = match path.is_dir() {
            true => PathBuf::new(),
            false => path.parent().unwrap_or(Path::new("")).to_owned(),
        };
        let mut problems = Problems::default();
        problems.add(line.max(1), wrong_columns(&columns));
        let mut seen = Seen::default();
        let rows = rows.into_iter().map(|row| {
            let row = Row::new(row, (&root, output));
            problems.add(row.line, wrong_name(&row.name));
            problems.add(row.line, seen.add(&row));
            row
        });
        Ok(Self {
            path: path.to_owned(),
            rows: rows.collect(),
            root,
            problems,
        })
    }

    /// Takes note of what is wrong with a row, which is told by its name where there are no lines.
    pub fn note(&mut self, row: usize, wrong: Vec<String>) {
        let Some(row) = self.rows.get(row) else {
            return;
        };
        let told = wrong.into_iter().map(|reason| match self.path.is_dir() {
            true => format!("{}: {reason}", row.name),
            false => reason,
        });
        self.problems.add(row.line, told);
    }

    /// Refuses a manifest of which something is wrong.
    ///
    /// # Errors
    /// All that is, line by line.
    pub fn check(&self) -> Result<()> {
        Ok(self.problems.check(&self.path)?)
    }
}

/// The data sets of a folder, as a table of parts.
fn of_folder(folder: &Path) -> Result<Sheet> {
    let row = |(line, category): (u64, Category)| {
        let data = category.path.to_string_lossy().into_owned();
        let cells = [(NAME.to_owned(), category.name), (DATA.to_owned(), data)];
        SheetRow {
            line,
            cells: cells.into(),
        }
    };
    Ok(Sheet {
        line: 0,
        columns: vec![NAME.to_owned(), DATA.to_owned()],
        rows: (1..).zip(categories(folder)?).map(row).collect(),
    })
}

impl Row {
    fn new(row: SheetRow, (root, output): (&Path, &Path)) -> Self {
        let cells = row.cells.into_iter();
        let cells = cells.map(|(column, cell)| (plain(&column), cell));
        let mut cells: BTreeMap<String, String> = cells.collect();
        let name = cells.remove(NAME).unwrap_or_default();
        let folder = match cells.remove(OUTPUT) {
            Some(given) => output.join(turned(&given)),
            None => output.join("parts").join(&name),
        };
        let model = match cells.remove(MODEL) {
            Some(given) => root.join(turned(&given)),
            None => folder.join("model.oddspot"),
        };
        Self {
            line: row.line,
            name,
            folder,
            model,
            cells,
        }
    }
}

/// A column as options are called.
fn plain(column: &str) -> String {
    column.trim().trim_start_matches("--").replace('_', "-")
}

/// A path with `/`, where Windows has written it and another system reads it.
pub fn turned(spelled: &str) -> String {
    match cfg!(windows) {
        true => spelled.to_owned(),
        false => spelled.replace('\\', "/"),
    }
}

fn wrong_columns(columns: &[String]) -> Vec<String> {
    let options = all_columns();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for column in columns.iter().map(|column| plain(column)) {
        if !COLUMNS.contains(&column.as_str()) && !options.contains(&column) {
            wrong.push(format!(
                "the column '{column}' is not known: the columns are {}, and options of the commands without their \
                 dashes, such as preset or image-size",
                COLUMNS.join(", ")
            ));
        }
        if !seen.insert(column.clone()) {
            wrong.push(format!("the column '{column}' is there twice"));
        }
    }
    if !seen.contains(NAME) {
        wrong.push("there is no column 'name'".to_owned());
    }
    wrong
}

fn wrong_name(name: &str) -> Option<String> {
    let is_plain = |letter: char| !letter.is_control() && !NOT_IN_NAMES.contains(letter);
    let reason = if name.is_empty() {
        "the name is empty".to_owned()
    } else if name.len() > LONGEST {
        format!("the name '{name}' has more than {LONGEST} bytes")
    } else if name.starts_with(|first| NOT_FIRST.contains(first)) || name.ends_with('.') {
        format!(
            "the name '{name}' must not begin with one of {NOT_FIRST}, nor end with a dot, nor have one of {NOT_IN_NAMES}"
        )
    } else if !name.chars().all(is_plain) {
        format!("the name '{name}' must have none of {NOT_IN_NAMES}")
    } else {
        return None;
    };
    Some(reason)
}

/// What rows have said so far, and where.
#[derive(Default)]
struct Seen {
    names: HashMap<String, u64>,
    folders: HashMap<PathBuf, u64>,
}

impl Seen {
    /// Refuses what would be written by two rows.
    fn add(&mut self, row: &Row) -> Option<String> {
        // Some file systems know no capitals.
        let name = row.name.to_lowercase();
        if let Some(line) = self.names.insert(name, row.line) {
            return Some(format!("the name '{}' is on line {line} too", row.name));
        }
        let line = self.folders.insert(row.folder.clone(), row.line)?;
        Some(format!("line {line} has the same output"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_with_names_and_columns_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parts.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let manifest = Manifest::read(&path, Path::new("out")).unwrap();
            manifest
                .check()
                .map(|()| manifest)
                .map_err(|error| error.to_string())
        };
        let good = read("Name;Data;Image_Size;--Preset\na;x;256;instant\nb;y;;\n").unwrap();
        assert_eq!(good.rows[0].cells["image-size"], "256");
        assert_eq!(good.rows[1].folder, Path::new("out/parts/b"));
        assert_eq!(good.rows[1].model, Path::new("out/parts/b/model.oddspot"));
        let told = read("name,presett,data,threads\na,,x,\nA,,x,\n../b,,x,\n,,x,\n=c,,x,\n")
            .err()
            .unwrap();
        for mention in [
            "line 1: the column 'presett' is not known",
            "'threads' is not known",
            "line 3: the name 'A' is on line 2 too",
            "line 4: the name '../b'",
            "line 5: the name is empty",
            "line 6: the name '=c'",
        ] {
            assert!(told.contains(mention), "{mention}: {told}");
        }
        let told = read("name,output\na,x\nb,x\n").err().unwrap();
        assert!(
            told.contains("line 3: line 2 has the same output"),
            "{told}"
        );
        assert!(
            read("data\nx\n")
                .err()
                .unwrap()
                .contains("no column 'name'")
        );
    }
}

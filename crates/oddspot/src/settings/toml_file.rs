//! Settings in a file: TOML, of which each line is laid over what was there.

use std::fmt::Write as _;
use std::path::Path;

use serde::de::IntoDeserializer as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Row, Settings, row, rows};
use crate::error::{Error, ErrorKind, Result, Subject};

impl Settings {
    /// Lays the settings of a TOML file over these; those that the file does not name stay.
    ///
    /// # Errors
    /// An unreadable file, TOML that does not parse, an unknown setting or a value of another type,
    /// each with its line. Ranges are [`Settings::validate`]'s.
    pub fn overlaid_with_file(&self, path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let mut settings = self.clone();
        let file = DeTable::parse(&text).map_err(|error| toml_error(path, &text, &error))?;
        let overlay = Overlay { path, text: &text };
        overlay.lay("", file.into_inner(), &mut settings)?;
        Ok(settings)
    }

    /// As a file of settings has them, all of them.
    pub fn to_toml(&self) -> String {
        self.to_toml_of(rows())
    }

    /// The same of those that matter to the method: where nothing is trained, none of networks and their training.
    pub fn to_toml_of_method(&self) -> String {
        let learns = self.method.learns();
        self.to_toml_of(rows().filter(|row| learns || !is_of_training(row.name)))
    }

    fn to_toml_of(&self, rows: impl Iterator<Item = &'static Row>) -> String {
        let mut text = String::new();
        let mut table = "";
        for row in rows {
            let (its_table, key) = row.name.rsplit_once('.').unwrap_or(("", row.name));
            if its_table != table {
                table = its_table;
                // Writing to a text cannot fail.
                let _ = writeln!(text, "\n[{table}]");
            }
            let _ = writeln!(text, "{key} = {}", (row.toml)(self));
        }
        text
    }
}

/// Whether a setting says how networks are built or trained; the seed and the room for the teacher's maps serve the
/// closed form too.
fn is_of_training(name: &str) -> bool {
    let is_of_networks = ["student.", "position.", "training."]
        .iter()
        .any(|table| name.starts_with(table));
    is_of_networks && !["training.seed", "training.cache_mib"].contains(&name)
}

/// A file that is laid over settings.
struct Overlay<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Overlay<'a> {
    /// Lays a table over the settings whose names begin with `prefix`.
    fn lay(&self, prefix: &str, table: DeTable<'a>, settings: &mut Settings) -> Result<()> {
        for (key, value) in table {
            let at = key.span().start;
            let name = format!("{prefix}{}", key.get_ref());
            let group = format!("{name}.");
            if let Some(row) = row(&name) {
                let span = value.span();
                (row.set_toml)(settings, value.into_deserializer()).map_err(|error| {
                    let at = error.span().map_or(span.start, |span| span.start);
                    self.problem(at, format!("{name}: {}", in_one_line(&error)))
                })?;
            } else if rows().any(|row| row.name.starts_with(&group)) {
                self.lay(&group, self.table(value, &name)?, settings)?;
            } else {
                return Err(self.problem(at, unknown(&name)));
            }
        }
        Ok(())
    }

    fn table(&self, value: Spanned<DeValue<'a>>, name: &str) -> Result<DeTable<'a>> {
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.problem(
                at,
                format!(
                    "{name} is a table of settings: write [{name}], and each on a line of its own"
                ),
            )),
        }
    }

    fn problem(&self, at: usize, reason: String) -> Error {
        problem(self.path, self.text, Some(at), reason)
    }
}

/// A setting that there is not, with the one that was meant.
pub(super) fn unknown(name: &str) -> String {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    // "iterations" alone, which lacks its table, is as clear as a slip of a letter.
    let nearest = rows()
        .map(|row| (likeness(row.name).max(likeness(last(row.name))), row.name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.8);
    match nearest {
        Some((_, nearest)) => format!("there is no setting {name}; was {nearest} meant?"),
        None => format!("there is no setting {name}"),
    }
}

/// What is wrong with a TOML file, in one line, with its path and the line of it.
pub fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let at = error.span().map(|span| span.start);
    problem(path, text, at, in_one_line(error))
}

fn problem(path: &Path, text: &str, at: Option<usize>, reason: String) -> Error {
    let subject = Subject::File("read the settings of");
    let error = Error::new(ErrorKind::Invalid, subject, reason).in_file(path);
    match at.and_then(|at| text.get(..at)) {
        Some(before) => error.on_line(before.matches('\n').count() + 1),
        None => error,
    }
}

fn in_one_line(error: &toml::de::Error) -> String {
    error.message().trim_end().replace('\n', " ")
}

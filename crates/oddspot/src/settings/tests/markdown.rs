//! The table of settings for the documentation.

use std::fmt::Write as _;

use super::super::{Row, Shown, rows};

/// The settings of a group as a table in Markdown: the option, the name in a file, what it sets, what
/// it may be, the default and the paper's value. It ends with a line break.
pub(super) fn markdown(shown: Shown) -> String {
    let mut table = "| option | in a file | what it sets | may be | default | paper |\n\
                     |---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows().filter(|row| row.shown == shown) {
        // Writing to a text cannot fail.
        let _ = writeln!(
            table,
            "| `--{}` | `{}` | {} | {} | `{}` | `{}` |",
            row.option,
            row.name,
            explained(row),
            may_be(row),
            row.default(),
            row.paper(),
        );
    }
    table
}

fn explained(row: &Row) -> String {
    let more = row.more();
    match more.is_empty() {
        true => row.help().to_owned(),
        false => format!("{}. {}", row.help(), more.trim_end_matches('.')),
    }
}

fn may_be(row: &Row) -> String {
    let names: Vec<String> = (row.choices.iter())
        .map(|choice| format!("`{}`: {}", choice.name, choice.help))
        .collect();
    match names.is_empty() {
        true => row.range(),
        false => names.join("<br>"),
    }
}

//! Where in a file something stands: its line, and its key.

use toml::de::{DeTable, DeValue};

/// What is wrong at a place of a text, in bytes, with the line and the key that it lies in.
pub(super) fn told(text: &str, place: Option<usize>, reason: &str) -> String {
    let before = place.and_then(|place| text.get(..place));
    let line = before.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
    let table = DeTable::parse(text).ok();
    let key = place.and_then(|place| match table {
        Some(table) => key_of(table.get_ref(), place),
        // What is no TOML at all has no keys but those that one reads.
        None => key_by_line(text, place),
    });
    let key = key.filter(|key| !begins_with(reason, key));
    let key = key.map(|key| format!("{key}: "));
    line.unwrap_or_default() + &key.unwrap_or_default() + reason
}

/// Whether a sentence begins with a key, or with the end of it.
fn begins_with(reason: &str, key: &str) -> bool {
    let first = reason.split([' ', ':']).next().unwrap_or_default();
    key == first || key.ends_with(&format!(".{first}"))
}

/// The key that a place lies in, behind those of the tables around it.
fn key_of(table: &DeTable<'_>, place: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let inner = key_within(value.get_ref(), place);
        let is_here = || {
            [key.span(), value.span()]
                .iter()
                .any(|one| one.contains(&place))
        };
        match inner {
            Some(inner) => Some(format!("{name}.{inner}")),
            None => is_here().then(|| name.to_string()),
        }
    })
}

/// The key of the line that a place lies in, behind that of the last table before it.
fn key_by_line(text: &str, place: usize) -> Option<String> {
    let begin = text.get(..place)?.rfind('\n').map_or(0, |at| at + 1);
    let (before, line) = text.split_at_checked(begin)?;
    let key = line.lines().next()?.split_once('=')?.0.trim();
    let is_key = |key: &str| {
        let is_of_keys = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        !key.is_empty() && key.chars().all(is_of_keys)
    };
    let table = before.lines().rev().find_map(|line| {
        let table = line.trim().trim_start_matches('[').split(']').next()?;
        (line.trim().starts_with('[') && is_key(table)).then_some(table)
    });
    is_key(key).then(|| match table {
        Some(table) => format!("{table}.{key}"),
        None => key.to_owned(),
    })
}

fn key_within(value: &DeValue<'_>, place: usize) -> Option<String> {
    match value {
        DeValue::Table(table) => key_of(table, place),
        DeValue::Array(all) => (all.iter()).find_map(|one| key_within(one.get_ref(), place)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;

    #[test]
    fn a_mistake_of_any_table_is_told_with_its_line_and_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serve.toml");
        let said = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Configuration::load(&path).unwrap_err().to_string()
        };
        for (text, line, key) in [
            ("listen = \"nonsense\"\n", 1, "listen: "),
            ("threads = 1\ndata = d1\n", 2, "data: "),
            ("[limits]\nbody = 1\nqueue = many\n", 3, "limits.queue: "),
            ("[[station]]\nname = a\n", 2, "station.name: "),
            ("threads = 1\nlanguage = 7\n", 2, "language: "),
            (
                "[[station]]\nname = \"a\"\nmodel = 7\n",
                3,
                "station.model: ",
            ),
            (
                "[[station]]\nname = \"a\"\nafter = \"burn\"\n",
                3,
                "station.after: ",
            ),
            (
                "[[station]]\nname = \"a\"\n[[station]]\nname = \"../b\"\n",
                4,
                "station.name: ",
            ),
            ("[limits]\nbody = 1\nqueue = -1\n", 3, "limits.queue: "),
            ("[limits]\nbody = 1\nqueue = 0\n", 3, "limits.queue is 0"),
            ("[limits]\nrepeats = 1\n", 2, "limits.repeats is 1"),
            (
                "[[station]]\nname = \"a\"\nrepeats = 1\n",
                3,
                "repeats is 1",
            ),
            (
                "[[station]]\nname = \"a\"\n[[station.output]]\nkind = \"modbus\"\nunit = 999\n",
                5,
                "station.output.unit: ",
            ),
            (
                "[[station]]\nname = \"a\"\n[[station.output]]\nkind = \"webhook\"\nurl = \"http://a/\"\nsecret_file = \"none\"\n",
                6,
                "station.output.secret_file: ",
            ),
            ("[modbus]\nlisten = 5020\n", 2, "modbus.listen: "),
            (
                "[tls]\ncertificate = 7\nkey = \"b\"\n",
                2,
                "tls.certificate: ",
            ),
            ("[keep]\ndays = \"many\"\n", 2, "keep.days: "),
            ("keep = { days = \"many\" }\n", 1, "keep.days: "),
        ] {
            let said = said(text);
            let at = format!("serve.toml: line {line}: {key}");
            assert!(said.contains(&at), "{said}");
        }
    }
}

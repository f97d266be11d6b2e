//! Text files in the encodings that spreadsheets save.

use std::borrow::Cow;
use std::path::Path;

use super::has_extension;
use crate::error::{Error, Result};
use crate::files::text::{self, NoText};

/// What files of Excel and its like begin with: those of today are archives.
const SPREADSHEETS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

/// The text of a file: UTF-8, or UTF-16, with or without a mark at its start.
///
/// # Errors
/// Another encoding, by the line that shows it; a file of a spreadsheet program, which is no text.
pub fn text_of<'a>(bytes: &'a [u8], path: &Path) -> Result<Cow<'a, str>> {
    if SPREADSHEETS.iter().any(|start| bytes.starts_with(start)) {
        let reason = "it is a file as Excel has it, whatever it is called, and no text: save it as CSV there (\"CSV UTF-8\")";
        return Err(Error::dataset(path, reason));
    }
    text::text_of(bytes).map_err(|no_text| {
        let reason = match no_text {
            NoText::Line(line) => {
                let save_as = match has_extension(path, &["jsonl"]) {
                    true => "UTF-8",
                    false => "\"CSV UTF-8\"",
                };
                format!("line {line}: it is not UTF-8 text: save it as {save_as}")
            }
            NoText::Torn => "it is no whole UTF-16 text: save it as UTF-8".to_owned(),
        };
        Error::dataset(path, reason)
    })
}

/// What a first line `sep=…` says that columns are parted by, and the text without it.
pub(super) fn without_sep(text: &str) -> (Option<char>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first = first.trim_end_matches('\r').trim_matches('"');
    let says = first
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("sep="));
    let mut named = first.chars().skip(4);
    match (says, named.next(), named.next()) {
        (true, Some(separator), None) if separator.is_ascii() => (Some(separator), rest),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_both_orders_of_bytes_are_read() {
        let text = "path,split\nä.png,test\n";
        let wide = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
            (mark.to_owned() + text)
                .encode_utf16()
                .flat_map(order)
                .collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            ("\u{feff}".to_owned() + text).into_bytes(),
            wide(u16::to_le_bytes, "\u{feff}"),
            wide(u16::to_be_bytes, "\u{feff}"),
            wide(u16::to_le_bytes, ""),
            wide(u16::to_be_bytes, ""),
        ] {
            assert_eq!(text_of(&bytes, Path::new("m.csv")).unwrap(), text);
        }
        let mut torn = wide(u16::to_le_bytes, "\u{feff}");
        torn.pop();
        assert!(text_of(&torn, Path::new("m.csv")).is_err());
        for start in SPREADSHEETS {
            let refused = text_of(start, Path::new("m.csv")).unwrap_err().to_string();
            assert!(
                refused.contains("Excel") && refused.contains("CSV"),
                "{refused}"
            );
        }
        assert!(text_of(b"", Path::new("m.csv")).unwrap().is_empty());
    }

    #[test]
    fn the_line_that_names_the_separator_is_no_row() {
        assert_eq!(without_sep("sep=;\r\na;b\n"), (Some(';'), "a;b\n"));
        assert_eq!(without_sep("\"SEP=,\"\na,b"), (Some(','), "a,b"));
        assert_eq!(without_sep("sep=\t\na"), (Some('\t'), "a"));
        assert_eq!(without_sep("separator,b\n"), (None, "separator,b\n"));
        assert_eq!(without_sep(""), (None, ""));
    }
}

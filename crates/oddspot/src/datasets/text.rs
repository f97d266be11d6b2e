//! Text files in the encodings that spreadsheets save.

use std::borrow::Cow;
use std::path::Path;

use crate::error::{Error, Result};

/// The text of a file: UTF-8, or UTF-16, with or without a mark at its start.
///
/// # Errors
/// Another encoding, by the line that shows it.
pub(super) fn text_of<'a>(bytes: &'a [u8], path: &Path) -> Result<Cow<'a, str>> {
    // A mark that spreadsheets put at the start would become part of the first name.
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8(rest, path);
    }
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        // A column's name begins with a letter of ASCII.
        [letter, 0, _, 0, ..] if letter.is_ascii_graphic() => u16::from_le_bytes,
        [0, letter, 0, _, ..] if letter.is_ascii_graphic() => u16::from_be_bytes,
        _ => return utf8(bytes, path),
    };
    let (units, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|&pair| unit(pair)).collect();
    let text = String::from_utf16(&units).ok().filter(|_| odd.is_empty());
    let text =
        text.ok_or_else(|| Error::dataset(path, "it is no whole UTF-16 text: save it as UTF-8"))?;
    Ok(Cow::Owned(text.trim_start_matches('\u{feff}').to_owned()))
}

fn utf8<'a>(bytes: &'a [u8], path: &Path) -> Result<Cow<'a, str>> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
            let reason = format!("line {line}: it is not UTF-8 text: save it as \"CSV UTF-8\"");
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

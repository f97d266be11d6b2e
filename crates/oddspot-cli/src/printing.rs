//! Lines for people: whatever a file is called, it cannot steer the terminal.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Before each of the files that an error lists.
const LISTED: &str = "\n  ";

/// Prints a line for people on standard error; a reader that has gone is no reason to stop.
macro_rules! tell {
    ($($text:tt)*) => {
        $crate::printing::line(&mut std::io::stderr(), format_args!($($text)*))
    };
}

/// Prints a line of results on standard output, likewise.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::printing::line(&mut std::io::stdout(), format_args!($($text)*))
    };
}

/// So many of something, as "1 image" and "2 images".
pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// The same with its verb, as "1 image is" and "2 images are".
pub fn are(count: usize, what: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, what))
}

/// A line, whether or not anybody reads it.
pub fn line(to: &mut dyn Write, text: fmt::Arguments) {
    let _ = writeln!(to, "{}", escaped(&text.to_string()));
}

/// A line of results for another program on standard output; one that reads no more is no reason to stop.
///
/// # Errors
/// A full disk.
pub fn result(line: &str) -> io::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// A line for people that is a command's only result, on standard output.
///
/// # Errors
/// A full disk.
pub fn answer(text: &str) -> Result<()> {
    result(&escaped(text)).context("cannot print what came of it, which is kept nowhere else")
}

/// An error on standard error. It is a line, and one more for each of the files that it lists.
pub fn error(text: &str) {
    let lines = text.split(LISTED).map(escaped);
    let text = lines.collect::<Vec<_>>().join(LISTED);
    let _ = writeln!(io::stderr(), "error: {text}");
}

/// A text of several lines on standard output.
///
/// # Errors
/// An output that cannot be written.
pub fn text(text: &str) -> io::Result<()> {
    let lines = text.split('\n').map(escaped);
    let text = lines.collect::<Vec<_>>().join("\n");
    io::stdout().write_all(text.as_bytes())
}

/// A text with its control characters, line breaks among them, written out as JSON has them.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => plain += "\\n",
            '\r' => plain += "\\r",
            '\t' => plain += "\\t",
            control if control.is_control() => {
                plain += &format!("\\u{:04x}", u32::from(control));
            }
            letter => plain.push(letter),
        }
    }
    Cow::Owned(plain)
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/\\:._-+,@%".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_would_split_them() {
        let text = |path: &str| quoted(Path::new(path));
        assert_eq!(text("a/ö-1.oddspot"), "a/ö-1.oddspot");
        assert_eq!(text("my part's.oddspot"), "'my part'\\''s.oddspot'");
    }

    #[test]
    fn control_characters_are_written_out_and_letters_stay() {
        assert_eq!(escaped("a\u{1b}[2Jb\r\n"), "a\\u001b[2Jb\\r\\n");
        assert_eq!(escaped("\u{9b}31m"), "\\u009b31m");
        assert!(matches!(
            escaped("tall ünd \"spaced\".png"),
            Cow::Borrowed(_)
        ));
        let mut printed = Vec::new();
        line(&mut printed, format_args!("one\nline"));
        assert_eq!(printed, b"one\\nline\n");
    }
}

//! What a run tells of: all, or nothing but what went wrong.

use anyhow::Result;
use clap::Args;

use crate::printing;

/// How much a run tells.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voice {
    /// Tell of nothing but what went wrong: no progress, and on standard output only what `detect --json` prints
    #[arg(short, long)]
    pub quiet: bool,
}

/// How a line begins that tells of what went wrong, or may be.
const WARNING: &str = "warning: ";

impl Voice {
    /// Of everything.
    pub const FULL: Self = Self { quiet: false };

    /// Whether it tells of what did not go wrong.
    pub fn tells(self) -> bool {
        !self.quiet
    }

    /// Whether a line is told: a warning always is.
    pub fn tells_line(self, text: &str) -> bool {
        self.tells() || text.starts_with(WARNING)
    }

    /// Prints a line of a command's only result, as `report!` does, but for what cannot be printed.
    ///
    /// # Errors
    /// A full disk.
    pub fn result(self, text: &str) -> Result<()> {
        match (self.tells(), self.tells_line(text)) {
            (true, _) => printing::answer(text)?,
            (false, true) => tell!("{text}"),
            (false, false) => {}
        }
        Ok(())
    }
}

/// A line about something, as a file: what it is about comes behind the mark of a warning.
pub fn about(subject: impl std::fmt::Display, line: &str) -> String {
    match line.strip_prefix(WARNING) {
        Some(rest) => format!("{WARNING}{subject}: {rest}"),
        None => format!("{subject}: {line}"),
    }
}

/// Prints a line for people on standard error; a quiet run prints warnings alone.
macro_rules! note {
    ($voice:expr, $($text:tt)*) => {{
        let text = format!($($text)*);
        if $voice.tells_line(&text) {
            tell!("{text}");
        }
    }};
}

/// Prints a line of results on standard output; a quiet run prints warnings alone, on standard error.
macro_rules! report {
    ($voice:expr, $($text:tt)*) => {{
        let text = format!($($text)*);
        match ($voice.tells(), $voice.tells_line(&text)) {
            (true, _) => say!("{text}"),
            (false, true) => tell!("{text}"),
            (false, false) => {}
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_run_tells_of_warnings_alone() {
        let quiet = Voice { quiet: true };
        assert!(Voice::FULL.tells() && Voice::FULL.tells_line("model a"));
        assert!(!quiet.tells() && !quiet.tells_line("model a"));
        assert!(quiet.tells_line("warning: look at them"));
        let of_folder = about("in", "warning: look at them");
        assert_eq!(of_folder, "warning: in: look at them");
        assert!(quiet.tells_line(&of_folder) && !quiet.tells_line(&about("in", "two images")));
    }
}

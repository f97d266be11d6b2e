//! The results of all days as one log, and how far it was handed on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use oddspot::files::atomic;
use serde::{Deserialize, Serialize};

use crate::detect::results::JSON_LINES;
use crate::watch::days::days;

/// Results, and how far they were handed on.
pub struct Log {
    output: PathBuf,
    /// Where the cursor is kept.
    file: PathBuf,
    cursor: Cursor,
    /// The day of the line that was read last, and the bytes before its end.
    read: Option<(String, u64)>,
}

/// How far each day was handed on: a clock may be set back to an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// Bytes of its results.
    days: BTreeMap<String, u64>,
}

impl Log {
    /// Where it was left; at the end where there was no hook of the kind before, or what it left is not wanted.
    ///
    /// # Errors
    /// Results, or a cursor, that cannot be read.
    pub fn open(output: &Path, kind: &str, new_only: bool) -> Result<Self> {
        let file = output.join(format!("hook-{kind}.json"));
        let mut log = Self {
            output: output.to_owned(),
            cursor: Cursor::default(),
            read: None,
            file,
        };
        let read = std::fs::read(&log.file);
        if new_only || matches!(&read, Err(error) if error.kind() == ErrorKind::NotFound) {
            for day in days(output)? {
                let length = log.length(&day)?;
                log.cursor.days.insert(day, length);
            }
        } else {
            let shown = log.file.display();
            let bytes = read.with_context(|| format!("cannot read {shown}"))?;
            log.cursor = serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "{shown} is damaged: without it, results that were not handed on yet never are"
                )
            })?;
        }
        log.save()?;
        Ok(log)
    }

    /// Whole lines that were not handed on.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn left(&self) -> Result<usize> {
        let mut left = 0;
        for day in days(&self.output)? {
            let mut from = self.from(&day)?;
            while let Some((_, end)) = self.line(&day, from)? {
                (left, from) = (left + 1, end);
            }
        }
        Ok(left)
    }

    /// The next whole line, of the earliest day that has one.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn next(&mut self) -> Result<Option<String>> {
        for day in days(&self.output)? {
            let from = self.from(&day)?;
            if let Some((line, end)) = self.line(&day, from)? {
                self.read = Some((day, end));
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// The line that was read last is handed on.
    ///
    /// # Errors
    /// A full disk: it is read again then.
    pub fn done(&mut self) -> Result<()> {
        let Some((day, end)) = self.read.take() else {
            return Ok(());
        };
        let before = self.cursor.clone();
        self.cursor.days.insert(day, end);
        let saved = self.save();
        if saved.is_err() {
            self.cursor = before;
        }
        saved
    }

    fn save(&self) -> Result<()> {
        let text = serde_json::to_vec(&self.cursor)?;
        Ok(atomic::write_bytes(&self.file, &text)?)
    }

    /// How far a day was handed on. Results that were begun anew are shorter.
    fn from(&self, day: &str) -> Result<u64> {
        match self.cursor.days.get(day) {
            None => Ok(0),
            Some(&bytes) => Ok(bytes.min(self.length(day)?)),
        }
    }

    fn length(&self, day: &str) -> Result<u64> {
        let path = self.output.join(day).join(JSON_LINES);
        let metadata = path.metadata();
        Ok(metadata
            .with_context(|| format!("cannot read {}", path.display()))?
            .len())
    }

    /// A day's whole line from some byte on, and where it ends.
    fn line(&self, day: &str, from: u64) -> Result<Option<(String, u64)>> {
        if self.length(day)? <= from {
            return Ok(None);
        }
        let path = self.output.join(day).join(JSON_LINES);
        let context = || format!("cannot read {}", path.display());
        let mut file = File::open(&path).with_context(context)?;
        file.seek(SeekFrom::Start(from)).with_context(context)?;
        let mut line = Vec::new();
        BufReader::new(file)
            .read_until(b'\n', &mut line)
            .with_context(context)?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        let end = from + line.len() as u64 + 1;
        Ok(Some((String::from_utf8_lossy(&line).into_owned(), end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_over_days_and_from_where_they_were_left() {
        let output = tempfile::tempdir().unwrap();
        let put = |day: &str, text: &str| {
            let folder = output.path().join(day);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(JSON_LINES), text).unwrap();
        };
        put("2026-01-02", "before\n");
        let open = || Log::open(output.path(), "exec", false).unwrap();
        let next = |log: &mut Log| log.next().unwrap();
        let some = |text: &str| Some(text.to_owned());
        let mut log = open();
        assert_eq!(next(&mut log), None);
        put("2026-01-02", "before\none\nhal");
        put("2026-01-03", "");
        put("2026-01-04", "two\nthree\n");
        assert_eq!(log.left().unwrap(), 3);
        assert_eq!(next(&mut log), some("one"));
        assert_eq!(next(&mut log), some("one"));
        log.done().unwrap();
        assert_eq!(next(&mut log), some("two"));
        // Not done: a new start reads it again.
        let mut log = open();
        assert_eq!(next(&mut log), some("two"));
        log.done().unwrap();
        // The clock was set back, and the last line of an earlier day is whole at last.
        put("2026-01-01", "back\n");
        put("2026-01-02", "before\none\nhalf\n");
        let mut log = open();
        for line in ["back", "half", "three"] {
            assert_eq!(next(&mut log), some(line));
            log.done().unwrap();
        }
        assert_eq!(next(&mut log), None);
        // Another hook begins behind what there is, and one that wants no more of before.
        assert_eq!(
            next(&mut Log::open(output.path(), "post", false).unwrap()),
            None
        );
        put("2026-01-05", "late\n");
        assert_eq!(
            next(&mut Log::open(output.path(), "exec", true).unwrap()),
            None
        );
    }

    #[test]
    fn a_damaged_cursor_is_no_reason_to_begin_at_the_end() {
        let output = tempfile::tempdir().unwrap();
        std::fs::write(output.path().join("hook-exec.json"), "{").unwrap();
        let refused = Log::open(output.path(), "exec", false).err().unwrap();
        assert!(format!("{refused:#}").contains("hook-exec.json is damaged"));
    }
}

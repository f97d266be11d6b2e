//! The results of all days as one log, and how far it was handed on.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use oddspot::files::atomic;
use serde::{Deserialize, Serialize};

use super::super::days::days;
use crate::detect::results::JSON_LINES;

/// Results, and how far they were handed on.
pub struct Log {
    output: PathBuf,
    /// Where the cursor is kept.
    file: PathBuf,
    cursor: Cursor,
    /// Behind the line that was read last.
    next: Cursor,
}

/// A place in the results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// Its day.
    day: String,
    /// Bytes of the day's results before it.
    bytes: u64,
}

impl Log {
    /// Where it was left; at the end where there was no hook of the kind before.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn open(output: &Path, kind: &str) -> Result<Self> {
        let file = output.join(format!("hook-{kind}.json"));
        let cursor = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged: remove it", file.display()))?,
            Err(_) => match days(output)?.pop() {
                Some(day) => Cursor {
                    bytes: output.join(&day).join(JSON_LINES).metadata()?.len(),
                    day,
                },
                None => Cursor::default(),
            },
        };
        let log = Self {
            output: output.to_owned(),
            file,
            next: cursor.clone(),
            cursor,
        };
        log.save()?;
        Ok(log)
    }

    /// The next whole line.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.line()? {
                return Ok(Some(line));
            }
            let later = days(&self.output)?;
            let Some(day) = later.into_iter().find(|day| *day > self.cursor.day) else {
                return Ok(None);
            };
            self.cursor = Cursor { day, bytes: 0 };
        }
    }

    /// The line that was read last is handed on.
    ///
    /// # Errors
    /// A full disk.
    pub fn done(&mut self) -> Result<()> {
        self.cursor = self.next.clone();
        self.save()
    }

    fn save(&self) -> Result<()> {
        let text = serde_json::to_vec(&self.cursor)?;
        Ok(atomic::write_bytes(&self.file, &text)?)
    }

    fn line(&mut self) -> Result<Option<String>> {
        let path = self.output.join(&self.cursor.day).join(JSON_LINES);
        if !path.is_file() {
            return Ok(None);
        }
        let context = || format!("cannot read {}", path.display());
        let mut file = File::open(&path).with_context(context)?;
        // Results that were begun anew are shorter.
        let length = file.metadata().with_context(context)?.len();
        self.cursor.bytes = self.cursor.bytes.min(length);
        file.seek(SeekFrom::Start(self.cursor.bytes))
            .with_context(context)?;
        let mut line = Vec::new();
        BufReader::new(file)
            .read_until(b'\n', &mut line)
            .with_context(context)?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        self.next = Cursor {
            day: self.cursor.day.clone(),
            bytes: self.cursor.bytes + line.len() as u64 + 1,
        };
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
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
        put("2026-01-01", "before\n");
        let open = || Log::open(output.path(), "exec").unwrap();
        let mut log = open();
        assert_eq!(log.next().unwrap(), None);
        put("2026-01-01", "before\none\nhal");
        put("2026-01-02", "");
        put("2026-01-03", "two\nthree\n");
        assert_eq!(log.next().unwrap().as_deref(), Some("one"));
        assert_eq!(log.next().unwrap().as_deref(), Some("one"));
        log.done().unwrap();
        assert_eq!(log.next().unwrap().as_deref(), Some("two"));
        // Not done: a new start reads it again.
        let mut log = open();
        assert_eq!(log.next().unwrap().as_deref(), Some("two"));
        log.done().unwrap();
        let mut log = open();
        assert_eq!(log.next().unwrap().as_deref(), Some("three"));
        log.done().unwrap();
        assert_eq!(log.next().unwrap(), None);
        // Another hook begins behind what there is.
        assert_eq!(
            Log::open(output.path(), "post").unwrap().next().unwrap(),
            None
        );
    }
}

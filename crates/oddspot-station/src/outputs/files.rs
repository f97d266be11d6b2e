//! Files of a folder, one a local day: each event is a line, flushed to the disk before it counts as told.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::handed::Handed;
use crate::error::{Error, Kind, Result};
use crate::history::{Event, table};
use crate::words::{Sentence, of_file};

/// By which some spreadsheets know that a file is UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();
/// How long a folder may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes by which the beginning of a line is known: its id, and what JSON has before it.
const BEGINNING: usize = 44;
/// Bytes that are read at a time, from the end.
const BLOCK: u64 = 16 << 10;

/// Files of a folder, as who is told.
pub struct Files {
    days: Days,
    /// An attempt that has not come back: a share may hang for long.
    under_way: Option<JoinHandle<Result<()>>>,
}

/// The files of the days.
#[derive(Clone, Debug)]
struct Days {
    station: String,
    folder: PathBuf,
    is_csv: bool,
    bom: bool,
}

/// A line that is to stand in a file.
struct Line {
    file: String,
    bytes: Vec<u8>,
}

/// The end of a file: where its last whole line ends, that line, and what stands behind it.
struct Tail {
    end: u64,
    last: Vec<u8>,
    torn: Vec<u8>,
}

impl Files {
    /// Of a station.
    pub fn new(station: &str, folder: PathBuf, is_csv: bool, bom: bool) -> Self {
        let days = Days {
            station: station.to_owned(),
            folder,
            is_csv,
            bom,
        };
        Self {
            days,
            under_way: None,
        }
    }

    /// Writes events to the files of their days; all of them, or it is tried again and none stands twice.
    pub async fn hand_on(&mut self, events: &[Event]) -> Handed {
        let handed = Handed::default();
        // What it came to is seen in the files.
        if self.under_way.is_some()
            && let Err(error) = self.come_back().await
            && self.under_way.is_some()
        {
            return handed.but(error);
        }
        let lines: Result<Vec<Line>> = events.iter().map(|event| self.days.line(event)).collect();
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => return handed.but(error),
        };
        let days = self.days.clone();
        self.under_way = Some(tokio::task::spawn_blocking(move || days.write(&lines)));
        match self.come_back().await {
            Ok(()) => Handed {
                done: events.len(),
                ..handed
            },
            Err(error) => handed.but(error),
        }
    }

    /// Looks whether its folder is there, though nothing is to be written.
    pub async fn look(&mut self) -> Result<()> {
        self.come_back().await?;
        let days = self.days.clone();
        self.under_way = Some(tokio::task::spawn_blocking(move || days.check()));
        self.come_back().await
    }

    /// Waits for the attempt that is under way, for some time.
    async fn come_back(&mut self) -> Result<()> {
        let Some(under_way) = &mut self.under_way else {
            return Ok(());
        };
        let Ok(came) = timeout(PATIENCE, under_way).await else {
            let seconds = i64::try_from(PATIENCE.as_secs()).unwrap_or_default();
            let reason = Sentence::new("folder-silent").with("seconds", seconds);
            return Err(Error::of(Kind::System, of_file(&self.days.folder, reason)));
        };
        self.under_way = None;
        came.unwrap_or_else(|error| Err(Error::internal(error.to_string())))
    }
}

impl Days {
    fn line(&self, event: &Event) -> Result<Line> {
        let bytes = match (self.is_csv, event) {
            (true, event) => table::event_line(event)?,
            (false, Event::Inspection(inspection)) => table::json_line(inspection)?,
            (false, Event::Missed(missed)) => table::json_line(missed)?,
        };
        let time: Timestamp = (event.time().parse())
            .map_err(|_| Error::internal(format!("{} has no readable time", event.id())))?;
        let day = time
            .to_zoned_datetime(TimeZone::system())
            .strftime("%Y-%m-%d");
        let kind = if self.is_csv { "csv" } else { "jsonl" };
        Ok(Line {
            file: format!("{}-{day}.{kind}", self.station),
            bytes,
        })
    }

    /// Refuses a folder that is not there. It is not made: where a share is not mounted, it would lie below.
    fn check(&self) -> Result<()> {
        match self.folder.is_dir() {
            true => Ok(()),
            false => {
                let reason = Sentence::new("folder-gone");
                Err(Error::of(Kind::System, of_file(&self.folder, reason)))
            }
        }
    }

    fn write(&self, lines: &[Line]) -> Result<()> {
        self.check()?;
        let mut names: Vec<&str> = lines.iter().map(|line| &*line.file).collect();
        names.dedup();
        while let Some(name) = names.pop() {
            names.retain(|other| *other != name);
            let of_file = lines.iter().filter(|line| line.file == name);
            let of_file: Vec<&[u8]> = of_file.map(|line| &*line.bytes).collect();
            self.append(&self.folder.join(name), &of_file)?;
        }
        Ok(())
    }

    /// Appends those lines that do not stand in the file yet.
    fn append(&self, path: &Path, lines: &[&[u8]]) -> Result<()> {
        let is_new = !path.exists();
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(Error::io(path))?;
        let tail = tail_of(&mut file).map_err(Error::io(path))?;
        // A service that was killed had written up to there and did not know it.
        let known = lines
            .iter()
            .rposition(|line| beginning(line) == beginning(&tail.last));
        let missing = &lines[known.map_or(0, |at| at + 1)..];
        let mut new = Vec::new();
        let mut at = tail.end;
        if tail.end == 0 && (tail.torn.is_empty() || self.is_of_head(&tail.torn)?) {
            new.extend(self.head()?);
        } else if !tail.torn.is_empty() && !missing.iter().any(|line| is_torn(&tail.torn, line)) {
            // Somebody else wrote it: it keeps its place.
            at += tail.torn.len() as u64;
            new.push(b'\n');
        }
        new.extend(missing.concat());
        if missing.is_empty() && tail.torn.is_empty() {
            // It may have been written and not have reached the disk.
            return file.sync_data().map_err(Error::io(path));
        }
        let written = file
            .set_len(at)
            .and_then(|()| file.seek(SeekFrom::Start(at)))
            .and_then(|_| file.write_all(&new))
            .and_then(|()| file.sync_all());
        written.map_err(Error::io(path))?;
        if is_new {
            synced(&self.folder)?;
        }
        Ok(())
    }

    /// What a file begins with.
    fn head(&self) -> Result<Vec<u8>> {
        let mark = if self.is_csv && self.bom { BOM } else { b"" };
        let head = match self.is_csv {
            true => table::head()?,
            false => Vec::new(),
        };
        Ok([mark, &head].concat())
    }

    fn is_of_head(&self, torn: &[u8]) -> Result<bool> {
        Ok(self.head()?.starts_with(torn))
    }
}

/// What a line is known by.
fn beginning(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    &line[..line.len().min(BEGINNING)]
}

/// Whether it is the beginning of a line of which the rest was not written.
fn is_torn(torn: &[u8], line: &[u8]) -> bool {
    line.starts_with(beginning(torn))
}

/// Reads a file's end.
fn tail_of(file: &mut File) -> std::io::Result<Tail> {
    let length = file.metadata()?.len();
    let mut end = Vec::new();
    let mut from = length;
    // Until the last whole line and the break before it are there.
    while from > 0 && end.iter().filter(|byte| **byte == b'\n').count() < 2 {
        let block = BLOCK.min(from);
        from -= block;
        file.seek(SeekFrom::Start(from))?;
        let mut read = vec![0; usize::try_from(block).map_err(|_| ErrorKind::OutOfMemory)?];
        file.read_exact(&mut read)?;
        read.extend(end);
        end = read;
    }
    let whole = end.iter().rposition(|byte| *byte == b'\n');
    let whole = whole.map_or(0, |at| at + 1);
    let torn = end.split_off(whole);
    let last = end.strip_suffix(b"\n").unwrap_or(&end);
    let last = last.rsplit(|byte| *byte == b'\n').next().unwrap_or(last);
    Ok(Tail {
        end: length - torn.len() as u64,
        last: last.to_vec(),
        torn,
    })
}

/// Lets a new file's name reach the disk.
#[cfg(unix)]
fn synced(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    match synced {
        // Some shares cannot.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        synced => synced.map_err(Error::io(folder)),
    }
}

/// Elsewhere names are written with the files.
#[cfg(not(unix))]
fn synced(folder: &Path) -> Result<()> {
    std::fs::metadata(folder)
        .map(drop)
        .map_err(Error::io(folder))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn files(folder: &Path, is_csv: bool) -> Days {
        Files::new("top", folder.to_owned(), is_csv, is_csv).days
    }

    fn lines(numbers: std::ops::Range<u32>) -> Vec<Vec<u8>> {
        let line = |number| format!("{number:036},text {number}\n").into_bytes();
        numbers.map(line).collect()
    }

    fn append(files: &Days, path: &Path, lines: &[Vec<u8>]) {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        files.append(path, &lines).unwrap();
    }

    #[test]
    fn what_was_written_before_a_kill_is_not_written_twice_wherever_it_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), true);
        let (first, later) = (lines(0..2), lines(2..6));
        let whole = folder.path().join("whole.csv");
        append(&files, &whole, &first);
        append(&files, &whole, &later);
        let wanted = fs::read(&whole).unwrap();
        assert!(wanted.starts_with("\u{feff}id,time,station,".as_bytes()));
        assert_eq!(wanted.iter().filter(|byte| **byte == b'\n').count(), 7);
        let path = folder.path().join("broken.csv");
        let begun = wanted.len() - later.concat().len();
        for length in begun..=wanted.len() {
            fs::write(&path, &wanted[..length]).unwrap();
            append(&files, &path, &later);
            assert_eq!(fs::read(&path).unwrap(), wanted, "broken off at {length}");
        }
        // In the head, before anything else.
        for length in 0..files.head().unwrap().len() {
            fs::write(&path, &wanted[..length]).unwrap();
            append(&files, &path, &[first.clone(), later.clone()].concat());
            assert_eq!(fs::read(&path).unwrap(), wanted, "broken off at {length}");
        }
    }

    #[test]
    fn what_others_wrote_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), false);
        let path = folder.path().join("a.jsonl");
        fs::write(&path, "a note of somebody's").unwrap();
        append(&files, &path, &lines(0..1));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("a note of somebody's\n000"), "{text}");
        // A line longer than what is read at a time.
        let long = format!("{:036}{}\n", 9, "x".repeat(3 * BLOCK as usize)).into_bytes();
        for _ in 0..2 {
            append(&files, &path, std::slice::from_ref(&long));
        }
        let text = fs::read(&path).unwrap();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 3);
    }

    #[test]
    fn a_folder_that_is_away_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let away = folder.path().join("away");
        let line = Line {
            file: "a.csv".to_owned(),
            bytes: b"1\n".to_vec(),
        };
        let lines = [line];
        let error = files(&away, true).write(&lines).unwrap_err();
        assert!(error.to_string().contains("is not there"), "{error}");
        assert!(!away.exists());
    }
}

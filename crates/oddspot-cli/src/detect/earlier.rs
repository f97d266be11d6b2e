//! Results that an output folder has already.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::line::{ResultLine, for_each_line};
use super::pictures::{name_of, remove};

/// By which spreadsheets know that a text is UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How a line of results begins.
const BEGINS: &[u8] = b"{\"image\":";
/// What stands in a page of this program before anything of the results.
const TITLE: &str = " – oddspot</title>";
/// Bytes of a file that tell whose it is, at most.
const START: u64 = 1 << 16;
/// Bytes that are read at a time, from the end of a file.
const BLOCK: u64 = 1 << 14;

/// What becomes of earlier results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// They stay, and there are no others.
    Refuse,
    /// They go, and their pictures with them.
    Replace,
    /// They stay, and others are added.
    Append,
}

/// Whether a file of results has any, beyond its line of columns, which is one of `heads`.
///
/// # Errors
/// A file that cannot be read.
pub fn has_rows(file: &Path, heads: &[String]) -> Result<bool> {
    // A device or a pipe has no past, and may never end.
    if !file.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    let line_end = 2;
    let longest = heads.iter().map(String::len).max();
    let head = longest.map_or(0, |length| length + BYTE_ORDER_MARK.len() + line_end);
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    opened
        .take(head as u64 + 1)
        .read_to_end(&mut start)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8_lossy(&start);
    let begun = without_mark(&text).trim_end();
    Ok(!text.is_empty() && !heads.iter().any(|head| head.starts_with(begun)))
}

/// Removes the pictures that earlier results name: beside new results they would show other images,
/// or another model's view.
///
/// # Errors
/// Results that cannot be read, or a picture that cannot be removed.
pub fn remove_pictures(folder: &Path, results: &Path, tells: bool) -> Result<()> {
    let mut removed = 0;
    for_each_file(results, |file| {
        removed += usize::from(remove(folder, file)?);
        Ok(())
    })?;
    if removed > 0 && tells {
        tell!("removed {removed} pictures and maps of an earlier run");
    }
    Ok(())
}

/// The names that pictures of earlier results have.
///
/// # Errors
/// Results that cannot be read.
pub fn names(results: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for_each_file(results, |file| {
        names.extend(name_of(file).map(str::to_owned));
        Ok(())
    })?;
    Ok(names)
}

/// Goes through the pictures that earlier results name.
///
/// # Errors
/// Results that cannot be read.
pub fn for_each_file(results: &Path, mut with: impl FnMut(&str) -> Result<()>) -> Result<()> {
    for_each_line(results, |line| {
        let ResultLine { files, .. } = serde_json::from_slice(line).unwrap_or_default();
        files.iter().try_for_each(|file| with(file))
    })
}

/// Whether the last of earlier results is by another model, or by other thresholds.
///
/// # Errors
/// Results that cannot be read.
pub fn are_by_another(results: &Path, model_sha256: &str, threshold: f64) -> Result<bool> {
    #[derive(Deserialize)]
    struct By {
        model_sha256: String,
        threshold: f64,
    }
    let mut last = None;
    for_each_line(results, |line| {
        last = serde_json::from_slice::<By>(line).ok().or(last.take());
        Ok(())
    })?;
    Ok(last.is_some_and(|by| by.model_sha256 != model_sha256 || by.threshold != threshold))
}

/// Refuses to add to a table of other columns.
///
/// # Errors
/// Such a table.
pub fn check_columns(table: &Path, columns: &str) -> Result<()> {
    let mut first = String::new();
    let opened = File::open(table).with_context(|| format!("cannot read {}", table.display()))?;
    BufReader::new(opened)
        .take((columns.len() + BYTE_ORDER_MARK.len()) as u64 + 2)
        .read_line(&mut first)
        .with_context(|| format!("cannot read {}", table.display()))?;
    ensure!(
        without_mark(&first).trim_end() == columns,
        "{} has other columns than are written now, or not the same --decimal-comma: move it away, or choose another -o",
        table.display()
    );
    Ok(())
}

/// Refuses to add to files that are called as results and their page and are none of this program's.
///
/// # Errors
/// Such files; files that cannot be read.
pub fn refuse_others(results: &Path, page: &Path) -> Result<()> {
    type Check = fn(&[u8]) -> bool;
    let checks: [(&Path, Check); 2] = [(results, are_results), (page, is_page)];
    for (path, is_ours) in checks {
        // A device or a pipe has no past, and may never end.
        if !path.is_file() {
            continue;
        }
        let mut start = Vec::new();
        let context = || format!("cannot read {}", path.display());
        let opened = File::open(path).with_context(context)?;
        opened
            .take(START)
            .read_to_end(&mut start)
            .with_context(context)?;
        ensure!(
            start.trim_ascii().is_empty() || is_ours(&start),
            "{} is none of oddspot's results, and nothing is written into it or over it: move it away, or choose \
             another -o",
            path.display()
        );
    }
    Ok(())
}

/// Whether a file that begins so has results: somebody may have written them anew with other spaces, or in another order.
fn are_results(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    let line = start.split(|&byte| byte == b'\n').next();
    let line = line.unwrap_or_default();
    // A run that was killed may have left half of one.
    if !is_json(line) {
        return start.starts_with(BEGINS);
    }
    let line = serde_json::from_slice::<ResultLine>(line);
    line.is_ok_and(|line| !line.image.is_empty() && (line.verdict.or(line.error)).is_some())
}

/// Whether a file that begins so is a page of results.
fn is_page(start: &[u8]) -> bool {
    String::from_utf8_lossy(start).contains(TITLE)
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Goes to the end of a file, behind a whole line: of a run that was killed, or that met a full disk, there may be half of
/// one, which is taken out. Gives whether it was.
///
/// # Errors
/// A file that cannot be read or written.
pub fn go_to_end(file: &mut File, is_whole: impl Fn(&[u8]) -> bool) -> std::io::Result<bool> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut start = end;
    let mut last = Vec::new();
    while start > 0 && !last.contains(&b'\n') {
        let before = start.saturating_sub(BLOCK);
        let mut block = vec![0; (start - before) as usize];
        file.seek(SeekFrom::Start(before))?;
        file.read_exact(&mut block)?;
        block.append(&mut last);
        (start, last) = (before, block);
    }
    let line = last.iter().rposition(|&byte| byte == b'\n');
    let line = line.map_or(0, |at| at + 1);
    let (start, last) = (start + line as u64, &last[line..]);
    file.seek(SeekFrom::End(0))?;
    if last.is_empty() {
        return Ok(false);
    }
    if is_whole(last) {
        file.write_all(b"\n")?;
        return Ok(false);
    }
    file.set_len(start)?;
    file.seek(SeekFrom::Start(start))?;
    Ok(true)
}

/// Whether a line is a whole one of JSON.
pub fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Whether a line is a whole row of as many columns.
pub fn is_row(line: &[u8], columns: usize, separator: u8) -> bool {
    let quotes = line.iter().filter(|&&byte| byte == b'"').count();
    let mut rows = csv::ReaderBuilder::new();
    let rows = rows.has_headers(false).flexible(true).delimiter(separator);
    let mut rows = rows.from_reader(line);
    let row = rows.records().next().and_then(Result::ok);
    quotes % 2 == 0 && row.is_some_and(|row| row.len() == columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_somebody_else_are_told_from_those_of_this_program() {
        let folder = tempfile::tempdir().unwrap();
        let [results, page] = ["rows", "page"].map(|name| folder.path().join(name));
        let refused = |file: &Path, text: &str| {
            std::fs::write(file, text).unwrap();
            let refused = refuse_others(&results, &page);
            std::fs::remove_file(file).unwrap();
            refused.is_err()
        };
        for ours in [
            "",
            "\n",
            "{\"image\":\"a.png\",\"verdict\":\"good\"}\n",
            "{\"image\":\"half",
            "{\"verdict\": \"good\", \"image\": \"a.png\"}\nother\n",
            "{\"error\": \"torn\", \"image\": \"a.png\"}",
        ] {
            assert!(!refused(&results, ours), "{ours}");
        }
        for other in ["mine", "{}\n", "{\"image\": \"a.png\"}\n", "[1]\n", "a;b\n"] {
            assert!(refused(&results, other), "{other}");
        }
        assert!(refused(&page, "<title>mine</title>"));
        let ours = oddspot_draw::page::results_page("m", &[], 0).unwrap();
        assert!(!refused(&page, &ours) && !refused(&page, ""));
    }

    #[test]
    fn half_a_line_at_the_end_is_taken_out_and_a_whole_one_ended() {
        let after = |text: &str| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let taken_out = go_to_end(&mut file, is_json).unwrap();
            file.write_all(b"{}\n").unwrap();
            let mut now = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut now).unwrap();
            (taken_out, now)
        };
        let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(50_000));
        let half = &long[..long.len() - 10];
        assert_eq!(after(""), (false, "{}\n".to_owned()));
        assert_eq!(after(&long), (false, format!("{long}{{}}\n")));
        assert_eq!(after(long.trim_end()), (false, format!("{long}{{}}\n")));
        assert_eq!(after(half), (true, "{}\n".to_owned()));
        assert_eq!(
            after(&(long.clone() + half)),
            (true, format!("{long}{{}}\n"))
        );
        assert!(is_row(b"a,\"b, c\",d", 3, b','));
        assert!(!is_row(b"a,\"b, c", 2, b',') && !is_row(b"a,b", 3, b','));
        assert!(is_row(b"a;1,5;d", 3, b';') && !is_row(b"a;1,5", 3, b';'));
    }
}

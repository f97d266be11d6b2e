//! What lies beside the images of a folder, in words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oddspot::datasets::{Besides, Whose};

/// Names that a line lists.
const SHOWN: usize = 5;
/// Extensions that a line lists.
const EXTENSIONS: usize = 12;

/// A line for each kind of what was left out or passed over, and of what was taken although it is not called
/// an image. `skipped` if what cannot be read is told of elsewhere, one by one.
pub fn lines(besides: &Besides, skipped: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if !besides.others.is_empty() {
        let count: usize = besides.others.values().sum();
        let (files, were) = plural(count, ["other file was", "other files were"]);
        lines.push(format!(
            "{files} {were} passed over: {}",
            of_extensions(besides)
        ));
    }
    for (whose, words) in [
        (
            Whose::System,
            "what systems and network drives keep for themselves",
        ),
        (Whose::Findings, "pictures of earlier findings"),
        (Whose::Hidden, "hidden"),
    ] {
        let folders = besides
            .folders
            .iter()
            .filter(|folder| folder.whose == whose && !(skipped && folder.unreadable.is_some()));
        let folders: Vec<&Path> = folders.map(|folder| folder.path.as_path()).collect();
        if !folders.is_empty() {
            lines.push(format!("left out, as {words}: {}", listed(&folders)));
        }
    }
    if !besides.meant.is_empty() {
        lines.push(format!("in the list: {}", besides.meant.join(", ")));
    }
    lines.extend(passed_over(besides));
    lines.extend(findings(besides));
    if besides.hidden > 0 {
        let (count, files) = plural(besides.hidden, ["hidden file", "hidden files"]);
        lines.push(format!("{count} {files} that would be images left out"));
    }
    if !besides.by_content.is_empty() {
        let (count, are) = plural(
            besides.by_content.len(),
            ["file is an image", "files are images"],
        );
        let names = listed(&paths(&besides.by_content));
        lines.push(format!(
            "{count} {are} by content, whatever the name: {names}"
        ));
    }
    if !besides.unread.is_empty() && !skipped {
        let (count, are) = plural(besides.unread.len(), ["image is", "images are"]);
        let names = listed(&paths(&besides.unread));
        lines.push(format!(
            "{count} {are} damaged or of a format that is not read, and left out: {names}; convert what you \
             need to PNG"
        ));
    }
    lines
}

/// Images that a data set's layout has no place for.
fn passed_over(besides: &Besides) -> Option<String> {
    let count: usize = besides.passed_over.values().sum();
    let (images, are) = plural(count, ["image lies", "images lie"]);
    (count > 0).then(|| {
        format!(
            "{images} {are} beside the folders of the data set and count as nothing: {}",
            with_counts(&besides.passed_over)
        )
    })
}

/// Pictures of earlier findings by the results beside them.
fn findings(besides: &Besides) -> Option<String> {
    let count: usize = besides.findings.values().sum();
    (count > 0).then(|| {
        format!(
            "left out, as pictures of earlier findings: {count}, by the results beside them: {}",
            with_counts(&besides.findings)
        )
    })
}

/// The first few folders with how many files each has.
fn with_counts(folders: &BTreeMap<PathBuf, usize>) -> String {
    let shown = folders.iter().take(SHOWN);
    let shown = shown.map(|(folder, count)| format!("{} ({count})", folder.display()));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if folders.len() > SHOWN {
        text += &format!(", and {} more", folders.len() - SHOWN);
    }
    text
}

/// Extensions with how many files have each, the most frequent first.
fn of_extensions(besides: &Besides) -> String {
    let mut kinds: Vec<(&String, &usize)> = besides.others.iter().collect();
    kinds.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let more = kinds.len().saturating_sub(EXTENSIONS);
    let shown =
        kinds
            .iter()
            .take(EXTENSIONS)
            .map(|(extension, count)| match extension.is_empty() {
                true => format!("{count} without an extension"),
                false => format!("{count} {extension}"),
            });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if more > 0 {
        text += &format!(", and {more} kinds more");
    }
    text
}

/// A number, and the words that go with it.
fn plural(count: usize, [one, more]: [&'static str; 2]) -> (usize, &'static str) {
    (count, if count == 1 { one } else { more })
}

fn paths(files: &[PathBuf]) -> Vec<&Path> {
    files.iter().map(PathBuf::as_path).collect()
}

/// The first few of some paths.
pub fn listed(paths: &[&Path]) -> String {
    let shown = paths
        .iter()
        .take(SHOWN)
        .map(|path| path.display().to_string());
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if paths.len() > SHOWN {
        text += &format!(", and {} more", paths.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use oddspot::datasets::LeftOutFolder;

    use super::*;

    #[test]
    fn what_a_list_is_taken_to_mean_is_told() {
        let besides = Besides {
            meant: vec!["file is taken for the path".to_owned()],
            ..Besides::default()
        };
        assert_eq!(
            lines(&besides, true),
            ["in the list: file is taken for the path"]
        );
    }

    #[test]
    fn a_folder_that_is_skipped_by_name_is_not_told_as_left_out_too() {
        let folder = |path: &str, reason: Option<&str>| LeftOutFolder {
            path: path.into(),
            whose: Whose::System,
            unreadable: reason.map(str::to_owned),
        };
        let besides = Besides {
            folders: vec![
                folder("in/@eaDir", None),
                folder("in/lost+found", Some("cannot read in/lost+found")),
            ],
            ..Besides::default()
        };
        assert!(lines(&besides, true)[0].ends_with(": in/@eaDir"));
        assert!(lines(&besides, false)[0].ends_with(": in/@eaDir, in/lost+found"));
    }
}

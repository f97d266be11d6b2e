//! How a file is, and how its path is spelled.

use std::borrow::Cow;
use std::fs::Metadata;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// A file's size and age: if either changes, it is another image, and where both are the same it is equal.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct FileState {
    /// Its bytes.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub written_ns: i64,
    /// What the system knows of it beside, as long as a run goes on: None of a file that results tell of.
    #[serde(skip)]
    pub node: Option<Node>,
}

impl PartialEq for FileState {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes, self.written_ns) == (other.bytes, other.written_ns)
    }
}

impl Eq for FileState {}

impl Hash for FileState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.bytes, self.written_ns).hash(state);
    }
}

/// What tells two files of one name, size and age apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The file's number on its disk; some shares make it up anew.
    pub number: u64,
    /// When it was last changed in any way, in nanoseconds since 1970; by rights and links too.
    pub changed_ns: i64,
}

impl FileState {
    /// How a file is now; None of what is none.
    pub fn of(metadata: &Metadata) -> Option<Self> {
        let written = metadata.modified().ok()?;
        let written_ns = match written.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).ok()?,
            Err(before) => -i64::try_from(before.duration().as_nanos()).ok()?,
        };
        metadata.is_file().then(|| Self {
            bytes: metadata.len(),
            written_ns,
            node: node(metadata),
        })
    }
}

#[cfg(unix)]
fn node(metadata: &Metadata) -> Option<Node> {
    use std::os::unix::fs::MetadataExt;
    let nanoseconds = metadata.ctime().checked_mul(1_000_000_000)?;
    Some(Node {
        number: metadata.ino(),
        changed_ns: nanoseconds.checked_add(metadata.ctime_nsec())?,
    })
}

#[cfg(not(unix))]
fn node(_: &Metadata) -> Option<Node> {
    None
}

/// How a file was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It lies there.
    There,
    /// Its writer has closed it, or it was renamed.
    Closed,
}

/// A path as text; bytes that are no text as `\xff`, so that it can be found again.
#[cfg(unix)]
pub fn spelled(path: &Path) -> Cow<'_, str> {
    use std::os::unix::ffi::OsStrExt;
    if let Some(text) = path.to_str() {
        return Cow::Borrowed(text);
    }
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text += chunk.valid();
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

/// A path as text.
#[cfg(not(unix))]
pub fn spelled(path: &Path) -> Cow<'_, str> {
    path.to_string_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_spelled_out() {
        use std::os::unix::ffi::OsStrExt;
        let path = |bytes: &'static [u8]| Path::new(std::ffi::OsStr::from_bytes(bytes));
        assert_eq!(spelled(path(b"a/b\xffc\xfe.png")), "a/b\\xffc\\xfe.png");
        assert_eq!(spelled(path("ä.png".as_bytes())), "ä.png");
    }

    #[test]
    fn results_keep_of_a_file_its_size_and_age_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        std::fs::write(&file, "four").unwrap();
        let state = FileState::of(&file.metadata().unwrap()).unwrap();
        assert_eq!(state.bytes, 4);
        assert_eq!(state.node.is_some(), cfg!(unix));
        let kept = serde_json::to_string(&state).unwrap();
        assert_eq!(
            kept,
            format!(r#"{{"bytes":4,"written_ns":{}}}"#, state.written_ns)
        );
        let read: FileState = serde_json::from_str(&kept).unwrap();
        assert_eq!((read, read.node), (state, None));
        assert_eq!(FileState::of(&folder.path().metadata().unwrap()), None);
    }
}

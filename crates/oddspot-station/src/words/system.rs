//! What the operating system says, in sentences: what people of a line meet has words of their languages.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::Sentence;

/// What the operating system says of what it was asked for: of files, folders and connections.
pub fn of_system(error: &Error) -> Sentence {
    Sentence::new(match error.kind() {
        ErrorKind::ConnectionRefused => "system-refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "system-broke"
        }
        ErrorKind::UnexpectedEof => "system-closed",
        ErrorKind::TimedOut => "system-no-answer",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "system-unreachable",
        ErrorKind::NotFound => "system-missing",
        ErrorKind::PermissionDenied => "system-forbidden",
        ErrorKind::ReadOnlyFilesystem => "system-read-only",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "system-full",
        ErrorKind::NotADirectory => "system-no-folder",
        ErrorKind::StaleNetworkFileHandle => "system-share-away",
        _ => return Sentence::english(error.to_string()),
    })
}

/// What is wrong with a file or folder.
pub fn of_file(path: &Path, reason: Sentence) -> Sentence {
    let sentence = Sentence::new("of-file").with("file", path.display().to_string());
    sentence.with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::super::Languages;
    use super::*;

    #[test]
    fn what_is_met_often_has_words_and_the_rest_is_marked() {
        let languages = Languages::of_the_program().unwrap();
        let german = languages.words(&[Some("de")], "", "/".to_owned());
        let said = |error: &Error| of_system(error).marked(&german).to_string();
        let missing = std::fs::read("no/such/file").unwrap_err();
        assert!(
            said(&missing).contains("gibt es nicht"),
            "{}",
            said(&missing)
        );
        let rare = said(&Error::from(ErrorKind::TooManyLinks));
        assert!(rare.starts_with("<span lang=\"en\">"), "{rare}");
    }
}

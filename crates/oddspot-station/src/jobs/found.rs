//! What was found among good images, as it is kept and shown: images by the hash of their files.

use std::collections::BTreeMap;

use oddspot::audit::{Audit, Audited, Likeness, Unlike};
use oddspot::train::Copied;
use serde::{Deserialize, Serialize};

/// Groups of the same images that are kept, at most.
const GROUPS: usize = 50;
/// Suspicious images that are kept, at most.
const SUSPICIOUS: usize = 50;

/// What was found among good images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundAmong {
    /// How many were looked through.
    pub images: usize,
    /// Those that lie far above all others or are unlike them, the most suspicious first.
    pub suspicious: Vec<Suspicious>,
    /// Images that are the same.
    pub twins: Vec<Group>,
    /// SHA-256 of those that are labelled bad in the history, and that nothing was learned from.
    #[serde(default)]
    pub labelled_bad: Vec<String>,
}

/// A good image that may be none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspicious {
    /// SHA-256 of its file.
    pub image: String,
    /// What is suspicious about it, in words.
    pub why: String,
    /// How it is odder than the others, if it is.
    #[serde(default)]
    pub odd: Option<Odd>,
    /// In what it is unlike the others.
    #[serde(default)]
    pub unlike: Vec<Unlike>,
}

/// How an image is odder than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    /// Whether it is odd for its place; else it is far odder than all others.
    pub for_its_place: bool,
    /// Where it is oddest: column and row.
    pub peak: Option<[usize; 2]>,
}

/// Good images that are the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Whether they have the same pixels; else they show the same part.
    pub is_exact: bool,
    /// SHA-256 of their files.
    pub images: Vec<String>,
}

impl FoundAmong {
    /// Of an audit of files that are called by their hashes, and of copies that were not among them.
    pub fn of(audit: &Audit, copies: &[Copied], labelled_bad: &[String]) -> Self {
        let suspicious = audit.images.iter().filter_map(|one| {
            let why = why(one)?;
            Some(Suspicious {
                image: hash_of(&one.name),
                why,
                odd: one.suspicious.then(|| Odd {
                    for_its_place: one.for_its_place,
                    peak: one.peak.map(|peak| [peak.x, peak.y]),
                }),
                unlike: one.unlike.clone(),
            })
        });
        let twins = audit.twins.iter().map(|twins| Group {
            is_exact: twins.likeness == Likeness::Exact,
            images: twins.names.iter().map(|name| hash_of(name)).collect(),
        });
        let mut of_copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Copied { copy, of } in copies {
            let group = of_copies.entry(hash_of(&of.to_string_lossy()));
            group.or_default().push(hash_of(&copy.to_string_lossy()));
        }
        let of_copies = of_copies.into_iter().map(|(of, copies)| Group {
            is_exact: true,
            images: std::iter::once(of).chain(copies).collect(),
        });
        Self {
            images: audit.images.len() + copies.len(),
            suspicious: suspicious.take(SUSPICIOUS).collect(),
            twins: of_copies.chain(twins).take(GROUPS).collect(),
            labelled_bad: labelled_bad.to_vec(),
        }
    }
}

/// What is suspicious about an image, if anything is.
fn why(one: &Audited) -> Option<String> {
    let mut reasons = Vec::new();
    if one.suspicious {
        let place = match one.for_its_place {
            true => "odd for its place among the others",
            false => "far odder than all others",
        };
        let at = one
            .peak
            .map(|peak| format!(", at column {} and row {}", peak.x, peak.y));
        reasons.push(format!("{place}{}", at.unwrap_or_default()));
    }
    reasons.extend(one.unlike.iter().map(|unlike| unlike.words()));
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// The hash by which a file of the data folder is called.
fn hash_of(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.split('.').next().unwrap_or(file).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_data_folder_are_called_by_their_hashes() {
        assert_eq!(hash_of("ab/abcd.png"), "abcd");
        assert_eq!(hash_of("abcd.png"), "abcd");
    }
}

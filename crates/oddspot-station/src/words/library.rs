//! What the library says by its kinds, in sentences.

use oddspot::health::Beyond;
use oddspot::verdict::{Doubt, Verdict};
use oddspot::{Error, ErrorKind, Subject};

use super::system::{of_file, of_system};
use super::{Gap, Sentence};

/// The key of a verdict's word.
pub fn verdict_key(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "verdict-good",
        Verdict::Check => "verdict-check",
        Verdict::Anomalous => "verdict-anomalous",
        Verdict::Untrusted => "verdict-untrusted",
    }
}

/// What it means that a measure lies below, or above, all good images.
pub fn of_beyond(beyond: &Beyond) -> Sentence {
    let side = match beyond.value > beyond.usual[1] {
        true => "above",
        false => "below",
    };
    Sentence::made(format!("{side}-{}", beyond.measure.name()))
}

/// What speaks against images, as a sentence.
pub fn of_doubt(one: &Doubt) -> Sentence {
    match one {
        Doubt::Odd { images, new } => {
            let (named, more) = Doubt::named(images);
            let named = named.iter().map(|(name, verdict)| {
                let verdict = Sentence::new(verdict_key(*verdict));
                Sentence::new("doubt-image")
                    .with("name", name)
                    .with("verdict", verdict)
            });
            let named = named.reduce(|before, one| {
                let both = Sentence::new("doubt-images").with("before", before);
                both.with("one", one)
            });
            let named = match (named, more) {
                (Some(named), 0) => Gap::Sentence(named),
                (Some(named), more) => {
                    let all = Sentence::new("doubt-more").with("before", named);
                    Gap::Sentence(all.with("more", more))
                }
                (None, _) => Gap::Text(String::new()),
            };
            Sentence::new("doubt-odd")
                .with("odd", images.len())
                .with("new", *new)
                .with("images", named)
        }
        Doubt::Untrusted { images, of, why } => Sentence::new("doubt-untrusted")
            .with("images", *images)
            .with("of", *of)
            .with("why", of_beyond(why)),
        Doubt::Steep { times } => {
            Sentence::new("doubt-steep").with("times", Gap::decimal(*times, 1))
        }
    }
}

/// What people are told of an error of the library, where its kind says enough or its reason can stand in a sentence.
pub fn of_error(error: &Error) -> Option<Sentence> {
    let source = std::error::Error::source(error);
    let of_system = source
        .and_then(|source| source.downcast_ref())
        .map(of_system);
    let path = (error.path()).map(|path| path.display().to_string());
    let key = match (error.subject(), error.kind()) {
        (_, ErrorKind::Cancelled) => return None,
        (Subject::File(_), _) => return Some(of_file(error.path()?, of_system?)),
        (Subject::Image, ErrorKind::Damaged) => "image-damaged",
        (Subject::Image, ErrorKind::TooLarge) => "image-large",
        (Subject::Image, _) => "image-unusable",
        (Subject::Model, ErrorKind::Damaged) => "model-damaged",
        (Subject::Model, _) => "model-unusable",
        (Subject::Dataset, _) => "dataset-unusable",
        (Subject::Setting(name), _) => {
            let reason = Gap::english(error.reason());
            let sentence = Sentence::new("setting-unusable").with("name", *name);
            return Some(sentence.with("reason", reason));
        }
        (Subject::Region, _) => "region-unusable",
        (Subject::Training, ErrorKind::Diverged) => "training-diverged",
        (Subject::Training, ErrorKind::Internal) => "fault",
        (Subject::Training, _) => "training-fails",
        _ => return None,
    };
    let reason = match of_system {
        Some(reason) => Gap::Sentence(reason),
        None => Gap::english(error.reason()),
    };
    let sentence = Sentence::new(key).with("name", path.unwrap_or_default());
    Some(sentence.with("reason", reason))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use oddspot::health::Measure;

    use super::super::Languages;
    use super::*;

    fn all() -> [Doubt; 3] {
        let images = (0..7).map(|number| (format!("{number}.png"), Verdict::Anomalous));
        [
            Doubt::Odd {
                images: images.collect(),
                new: 9,
            },
            Doubt::Untrusted {
                images: 2,
                of: 3,
                why: Beyond {
                    measure: Measure::ALL[0],
                    value: 0.0,
                    usual: [1.0, 2.0],
                    words: Measure::ALL[0].words(false).unwrap_or_default().to_owned(),
                },
            },
            Doubt::Steep { times: 3.12 },
        ]
    }

    #[test]
    fn doubts_are_told_in_the_words_of_the_library_and_in_those_of_a_language() {
        let languages = Languages::of_the_program().unwrap();
        let german = languages.words(&[Some("de")], "", "/".to_owned());
        for one in all() {
            let sentence = of_doubt(&one);
            assert_eq!(sentence.to_string(), one.to_string());
            // As it is kept.
            let kept = serde_json::to_string(&Gap::Sentence(sentence.clone())).unwrap();
            let kept: Gap = serde_json::from_str(&kept).unwrap();
            assert_eq!(kept, Gap::Sentence(sentence.clone()));
            let said = kept.marked(&german);
            assert!(said.in_english().is_empty(), "{said}");
            assert_ne!(said.plain(), one.to_string());
        }
        let said = |at: usize| of_doubt(&all()[at]).said(&german);
        assert!(
            said(0).contains("0.png (auffällig)") && said(0).contains("2"),
            "{}",
            said(0)
        );
        assert!(said(2).contains("3,1"), "{}", said(2));
        // What an earlier version kept is a text.
        let kept: Gap = serde_json::from_str("\"as it was said\"").unwrap();
        assert_eq!(kept, Gap::Text("as it was said".to_owned()));
    }

    #[test]
    fn errors_of_the_library_have_words_and_what_is_in_none_is_marked() {
        let languages = Languages::of_the_program().unwrap();
        let german = languages.words(&[Some("de")], "", "/".to_owned());
        let said = |error: Error| of_error(&error).map(|one| one.marked(&german).to_string());
        let damaged = Error::image("a.png", "x").of_kind(ErrorKind::Damaged);
        let damaged = said(damaged).unwrap();
        assert!(
            damaged.contains("a.png") && !damaged.contains("span"),
            "{damaged}"
        );
        let other = said(Error::image("a.png", "it is a folder")).unwrap();
        let english = "<span lang=\"en\">it is a folder</span>";
        assert!(
            other.contains(english) && other.contains("nicht"),
            "{other}"
        );
        let missing = oddspot::images::decode(Path::new("no/such.png")).unwrap_err();
        let missing = said(missing).unwrap();
        assert!(
            missing.contains("no/such.png") && !missing.contains("span"),
            "{missing}"
        );
        assert_eq!(said(Error::cancelled("x")), None);
    }
}

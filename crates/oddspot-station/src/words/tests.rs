//! The files of words: complete, all used, and alike in their gaps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_bundle::FluentArgs;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use oddspot::health::Measure;

use super::*;

/// Keys that are made of what a thing is called: their beginnings.
const MADE: [&str; 4] = ["measure-", "above-", "below-", "deed-"];
/// Keys that are read as a language is.
const OF_LANGUAGES: [&str; 4] = [
    "language-name",
    "decimal-mark",
    "day-and-time",
    "time-of-day",
];

/// The gaps of each key of a file.
fn gaps_of(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = parse(text).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let mut all = BTreeMap::new();
    for entry in &resource.body {
        match entry {
            Entry::Message(message) => {
                let mut gaps = BTreeSet::new();
                let said = message.value.as_ref().expect("a text");
                of_pattern(said, &mut gaps);
                let before = all.insert(message.id.name.to_owned(), gaps);
                assert!(before.is_none(), "{} is there twice", message.id.name);
            }
            Entry::Junk { content } => panic!("this is no word: {content}"),
            _ => {}
        }
    }
    all
}

fn of_pattern(pattern: &Pattern<&str>, gaps: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            of_expression(expression, gaps);
        }
    }
}

fn of_expression(expression: &Expression<&str>, gaps: &mut BTreeSet<String>) {
    let inline = match expression {
        Expression::Inline(inline) => inline,
        Expression::Select { selector, variants } => {
            for variant in variants {
                of_pattern(&variant.value, gaps);
            }
            selector
        }
    };
    match inline {
        InlineExpression::VariableReference { id } => {
            gaps.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => of_expression(expression, gaps),
        other => panic!("words are texts, gaps and numbers that they go by, not {other:?}"),
    }
}

/// The texts of all files below a folder.
fn texts_below(folder: &Path, all: &mut Vec<String>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => texts_below(&path, all),
            false => all.extend(std::fs::read_to_string(&path)),
        }
    }
}

/// What stands in quotation marks of pages, scripts and code, and looks like a key.
fn quoted() -> (BTreeSet<String>, BTreeSet<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["src", "templates", "assets"] {
        texts_below(&root.join(folder), &mut texts);
    }
    let (mut all, mut said) = (BTreeSet::new(), BTreeSet::new());
    for text in &texts {
        let parts: Vec<&str> = text.split('"').collect();
        for pair in parts.windows(2) {
            let is_key =
                |letter: char| letter.is_ascii_lowercase() || "-_0123456789".contains(letter);
            if pair[1].is_empty() || !pair[1].chars().all(is_key) {
                continue;
            }
            all.insert(pair[1].to_owned());
            if pair[0].ends_with("say(") {
                said.insert(pair[1].to_owned());
            }
        }
    }
    (all, said)
}

fn languages() -> Languages {
    Languages::of_the_program().unwrap()
}

fn words(code: &str) -> Words {
    languages().words(&[Some(code)], "", "/".to_owned())
}

#[test]
fn each_language_has_the_same_keys_with_the_same_gaps() {
    let all: Vec<_> = FILES.iter().map(|(_, text)| gaps_of(text)).collect();
    assert!(all.len() >= 2);
    let english = FILES.iter().position(|(code, _)| *code == ENGLISH);
    let english = &all[english.unwrap()];
    for ((code, _), own) in FILES.iter().zip(&all) {
        for (key, gaps) in english {
            assert_eq!(own.get(key), Some(gaps), "{code}: {key}");
        }
        let more: Vec<_> = own
            .keys()
            .filter(|key| !english.contains_key(*key))
            .collect();
        assert!(
            more.is_empty(),
            "{code} has words that English lacks: {more:?}"
        );
    }
}

#[test]
fn each_word_is_used_and_each_that_is_used_is_there() {
    let there = gaps_of(FILES.iter().find(|(code, _)| *code == ENGLISH).unwrap().1);
    let (quoted, said) = quoted();
    for key in there.keys() {
        let is_made = MADE.iter().any(|begin| key.starts_with(begin));
        let is_used = quoted.contains(key) || is_made || OF_LANGUAGES.contains(&key.as_str());
        assert!(is_used, "{key} is used nowhere");
    }
    assert!(said.len() > 200, "{}", said.len());
    for key in said {
        assert!(there.contains_key(&key), "there are no words for {key}");
    }
}

#[test]
fn what_the_library_knows_by_kind_has_words() {
    let there = gaps_of(FILES[0].1);
    let mut made = BTreeSet::new();
    for measure in Measure::ALL {
        made.insert(format!("measure-{}", measure.name()));
        for (side, above) in [("above", true), ("below", false)] {
            if measure.words(above).is_some() {
                made.insert(format!("{side}-{}", measure.name()));
            }
        }
    }
    for key in &made {
        assert!(there.contains_key(key), "there are no words for {key}");
    }
    // What is done is called by the tables in its own module.
    let (quoted, _) = quoted();
    made.extend(quoted.iter().map(|word| format!("deed-{word}")));
    // Two that begin alike are of the page of thresholds.
    let others = ["above-anomalous", "above-check"];
    for key in there
        .keys()
        .filter(|key| MADE.iter().any(|begin| key.starts_with(begin)))
    {
        assert!(
            made.contains(key) || others.contains(&key.as_str()),
            "{key} is of nothing"
        );
    }
}

#[test]
fn english_says_what_the_library_says() {
    let english = words("en");
    for measure in Measure::ALL {
        for (side, above) in [("above", true), ("below", false)] {
            if let Some(words) = measure.words(above) {
                let key = format!("{side}-{}", measure.name());
                assert_eq!(english.say(&key).to_string(), words);
            }
        }
    }
}

#[test]
fn every_gap_is_filled_in_every_language() {
    for (code, text) in FILES {
        let book = Book::read(code, text).unwrap();
        for (key, gaps) in gaps_of(text) {
            for number in [0, 1, 2, 5] {
                let mut filled = FluentArgs::new();
                gaps.iter().for_each(|gap| filled.set(gap.clone(), number));
                let said = book.said(&key, &filled).unwrap();
                assert!(!said.contains(['{', '}', '$']), "{code}: {key}: {said}");
                assert!(!said.trim().is_empty(), "{code}: {key}");
            }
        }
    }
}

#[test]
fn one_and_many_are_told_apart() {
    let of = |code: &str, total: usize| {
        let words = words(code);
        words.say("good-count").with("total", total).to_string()
    };
    assert_eq!([of("en", 1), of("en", 2)], ["good image", "good images"]);
    assert_eq!([of("de", 1), of("de", 0)], ["gutes Bild", "gute Bilder"]);
}

#[test]
fn numbers_and_times_are_written_as_the_language_has_them() {
    let [english, german] = [words("en"), words("de")];
    assert_eq!(english.number(1234.5, 2), "1234.50");
    assert_eq!(german.number(-0.125, 3), "-0,125");
    assert_eq!(german.percent(0.125, 1), "12,5 %");
    let time = "2026-11-29T12:00:00Z";
    assert!(english.day_and_time(time).starts_with("2026-11-"));
    assert!(german.day_and_time(time).contains(".11.2026 "));
    assert_eq!(german.day_and_time("no time"), "no time");
}

#[test]
fn the_choice_comes_first_then_the_configuration_then_the_browser() {
    let code = |wanted: &[Option<&str>], accepted: &str| {
        let words = languages().words(wanted, accepted, String::new());
        words.code().to_owned()
    };
    assert_eq!(code(&[Some("de"), Some("en")], "en"), "de");
    assert_eq!(code(&[None, Some("de")], "en"), "de");
    assert_eq!(code(&[Some("tlh"), None], "de-AT,de;q=0.9,en;q=0.8"), "de");
    assert_eq!(code(&[], "en;q=0.3, de;q=0.7"), "de");
    assert_eq!(code(&[], "fr, de;q=0"), "en");
    assert_eq!(code(&[], "*"), "en");
    assert_eq!(code(&[], ""), "en");
}

#[test]
fn a_page_leads_to_itself_in_each_language() {
    let words = languages().words(&[Some("de")], "", "/history?order=score".to_owned());
    let all = words.choices();
    let german = all.iter().find(|one| one.is_chosen).unwrap();
    assert_eq!(german.address, "/history?order=score&language=de");
    assert_eq!(german.name, "Deutsch");
    assert_eq!(all.iter().filter(|one| one.is_chosen).count(), 1);
}

#[test]
fn what_scripts_say_can_stand_in_a_page() {
    let said: BTreeMap<String, String> = serde_json::from_str(&words("de").of_scripts()).unwrap();
    assert_eq!(said.len(), OF_SCRIPTS.len());
    assert!(said["script-invalid"].ends_with("{detail}"));
    assert!(said["script-sent"].starts_with("{name}"));
    assert!(!words("de").of_scripts().contains('<'));
}

#[test]
fn a_word_that_there_is_none_of_is_refused_in_the_language_of_the_page() {
    let german = words("de");
    for (what, said) in [
        ("verdict", "Ein Urteil x"),
        ("label", "Eine Kennzeichnung x"),
        ("order", "Eine Reihenfolge x"),
    ] {
        let refused = Sentence::new("refused-filter").with("what", what);
        let refused = refused.with("word", "x").said(&german);
        assert!(refused.starts_with(said), "{refused}");
    }
}

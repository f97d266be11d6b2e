//! A text of a page of which parts are in English, and are marked as that: whoever reads it out says them right.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};

use super::Words;

/// Around what is in English, within a text: letters that mean nothing by themselves.
const MARKS: [char; 2] = ['\u{e000}', '\u{e001}'];

/// A text of a page of which parts may be in English; shown, it is HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked(String);

impl Marked {
    /// A text that is in English as a whole, for who reads a page.
    pub fn english(t: &Words, text: &str) -> Self {
        let text = plain(text);
        Self(match t.other_code() {
            Some(_) if !text.is_empty() => format!("{}{text}{}", MARKS[0], MARKS[1]),
            _ => text,
        })
    }

    /// A text in which marks stand already.
    pub(super) fn of(text: String) -> Self {
        Self(text)
    }

    /// With its marks.
    pub(super) fn raw(&self) -> &str {
        &self.0
    }

    /// Some texts, with the same between each two.
    pub fn joined(all: &[Self], between: &str) -> Self {
        let all: Vec<&str> = all.iter().map(|one| one.0.as_str()).collect();
        Self(all.join(between))
    }

    /// Without marks.
    pub fn plain(&self) -> String {
        plain(&self.0)
    }

    /// What of it is in English.
    pub fn in_english(&self) -> Vec<&str> {
        let parts = self.parts();
        let english = parts.filter_map(|(part, is_english)| is_english.then_some(part));
        english.collect()
    }

    /// Its parts, and whether each is in English.
    fn parts(&self) -> impl Iterator<Item = (&str, bool)> {
        let begun = self.0.split(MARKS[0]).enumerate();
        let parts = begun.flat_map(|(at, text)| match (at, text.split_once(MARKS[1])) {
            (0, _) | (_, None) => [(text, at > 0), ("", false)],
            (_, Some((english, rest))) => [(english, true), (rest, false)],
        });
        parts.filter(|(text, _)| !text.is_empty())
    }
}

/// A text without marks.
pub(super) fn plain(text: &str) -> String {
    text.replace(MARKS, "")
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (text, is_english) in self.parts() {
            let text = plain(text);
            let Ok(text) = escape(&text, Html);
            match is_english {
                true => write!(f, "<span lang=\"en\">{text}</span>")?,
                false => write!(f, "{text}")?,
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Marked {}

#[cfg(test)]
mod tests {
    use super::super::{Languages, Sentence, english};
    use super::*;

    #[test]
    fn what_is_in_english_is_marked_on_pages_of_another_language() {
        let languages = Languages::of_the_program().unwrap();
        let german = languages.words(&[Some("de")], "", "/".to_owned());
        let away = Sentence::new("history-away").with("why", Sentence::english("no <route>"));
        let marked = away.marked(&german).to_string();
        let in_english = "<span lang=\"en\">no &#60;route&#62;</span>";
        assert!(marked.starts_with("Die Datenbank"), "{marked}");
        assert!(marked.contains(in_english), "{marked}");
        assert_eq!(away.marked(&german).in_english(), ["no <route>"]);
        assert!(away.said(&german).contains("(no <route>)"));
        assert!(away.to_string().contains("(no <route>)"));
        // There all of it is.
        let shown = away.marked(&english()).to_string();
        assert!(shown.contains("(no &#60;route&#62;)") && !shown.contains("span"));
        // Within another sentence it is still marked, and marks of others mean nothing.
        let outer = german
            .say("output-fails")
            .with("detail", away.marked(&german));
        assert!(outer.marked().to_string().contains(in_english));
        assert!(outer.to_string().contains("(no <route>)"));
        let text = format!("a{}b{}c{}", MARKS[1], MARKS[0], MARKS[0]);
        let marked = Marked::english(&german, &text);
        assert_eq!(marked.to_string(), "<span lang=\"en\">abc</span>");
        let named = Sentence::new("refused-user-known").with("name", text);
        assert!(!named.said(&german).contains(MARKS));
        assert!(!named.marked(&german).to_string().contains(MARKS));
    }
}

//! What pages say, in each language that there is a file of words for.

mod book;
mod language;
mod library;
mod marked;
mod said;
mod sentence;
mod system;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use unic_langid::LanguageIdentifier;

use book::Book;
pub use language::Language;
pub use library::{of_beyond, of_doubt, of_error, verdict_key};
pub use marked::Marked;
pub use said::{Fill, Said};
pub use sentence::{Gap, Sentence};
pub use system::{of_file, of_system};

/// The language of outputs and logs, and of what another has no words for.
const ENGLISH: &str = "en";
/// The files of words: the code of each language, and its text.
const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/words.rs"));
/// What scripts of pages say, with gaps that they fill.
const OF_SCRIPTS: [&str; 12] = [
    "script-away",
    "script-busy",
    "script-failed",
    "script-forbidden",
    "script-invalid",
    "script-lost",
    "script-missing",
    "script-no-model",
    "script-not-kept",
    "script-sent",
    "script-too-large",
    "script-unknown",
];

/// The codes of all languages that there are words for.
pub fn codes() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(code, _)| *code)
}

/// All languages that there are words for.
#[derive(Clone)]
pub struct Languages(Arc<Vec<Arc<Book>>>);

/// The words of one language, for one page.
#[derive(Clone)]
pub struct Words {
    book: Arc<Book>,
    all: Languages,
    /// The address of the page, as its links to other languages have it.
    here: String,
}

/// A language that a page can be shown in.
pub struct Choice {
    /// Its code, such as `de`.
    pub code: String,
    /// What it calls itself.
    pub name: String,
    /// The address of the page in it.
    pub address: String,
    /// Whether the page is shown in it.
    pub is_chosen: bool,
}

impl Languages {
    /// Those of the program.
    ///
    /// # Errors
    /// A file of words that cannot be read, which a test looks for.
    pub fn of_the_program() -> Result<Self, String> {
        let all = FILES.iter();
        let all: Result<Vec<_>, String> = all
            .map(|(code, text)| Ok(Arc::new(Book::read(code, text)?)))
            .collect();
        Ok(Self(Arc::new(all?)))
    }

    /// The words of the first language of these that there are words for, then of what a browser accepts, then English;
    /// for a page at an address.
    pub fn words(&self, wanted: &[Option<&str>], accepted: &str, here: String) -> Words {
        let wanted = wanted.iter().flatten();
        let book = (wanted.filter_map(|code| self.named(code)).next())
            .or_else(|| self.accepted(accepted))
            .unwrap_or_else(|| self.english());
        Words {
            book,
            all: self.clone(),
            here,
        }
    }

    fn named(&self, code: &str) -> Option<Arc<Book>> {
        let found = self.0.iter().find(|one| one.code == code);
        found.map(Arc::clone)
    }

    fn english(&self) -> Arc<Book> {
        self.named(ENGLISH)
            .unwrap_or_else(|| Arc::clone(&self.0[0]))
    }

    /// What suits a header `Accept-Language` best.
    fn accepted(&self, header: &str) -> Option<Arc<Book>> {
        let mut ranges: Vec<(f32, LanguageIdentifier)> = (header.split(','))
            .filter_map(|range| {
                let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
                let weight = parameters.trim().strip_prefix("q=");
                let weight = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
                (weight > 0.0).then_some((weight, tag.trim().parse().ok()?))
            })
            .collect();
        ranges.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let ranges: Vec<LanguageIdentifier> = ranges.into_iter().map(|(_, tag)| tag).collect();
        let there: Vec<LanguageIdentifier> = self.0.iter().map(|one| one.tag.clone()).collect();
        let found = negotiate_languages(&ranges, &there, None, NegotiationStrategy::Lookup);
        let at = there.iter().position(|one| Some(&one) == found.first())?;
        self.0.get(at).map(Arc::clone)
    }
}

impl Words {
    /// The code of the language.
    pub fn code(&self) -> &str {
        &self.book.code
    }

    /// The code of the language, unless it is that of programs and logs.
    pub fn other_code(&self) -> Option<&str> {
        Some(self.code()).filter(|code| *code != ENGLISH)
    }

    /// What stands before tenths.
    pub fn decimal_mark(&self) -> &str {
        &self.book.decimal_mark
    }

    /// A sentence or word by its key; its gaps are filled by [`Said::with`].
    pub fn say<'w>(&'w self, key: &'w str) -> Said<'w> {
        Said::new(self, key)
    }

    /// A number with so many digits behind its mark, as the language writes it.
    pub fn number(&self, value: f64, digits: usize) -> String {
        let text = format!("{value:.digits$}");
        match &*self.book.decimal_mark {
            "." => text,
            mark => text.replace('.', mark),
        }
    }

    /// A share as so many of a hundred.
    pub fn percent(&self, share: f64, digits: usize) -> String {
        let number = self.number(share * 100.0, digits);
        self.say("percent").with("number", number).to_string()
    }

    /// A time in UTC with its day, as this machine's clock and the language have it.
    pub fn day_and_time(&self, time: &str) -> String {
        local(time, &self.book.day_and_time)
    }

    /// The same without the day.
    pub fn time_of_day(&self, time: &str) -> String {
        local(time, &self.book.time_of_day)
    }

    /// The same as a sentence of the language has it, by its key, in the form of `strftime`.
    pub fn written(&self, time: &str, key: &str) -> String {
        local(time, &self.say(key).to_string())
    }

    /// The same of what lasts: the time of today, or with the day before it.
    pub fn lately(&self, time: &str) -> String {
        let zone = TimeZone::system();
        let day = |moment: Timestamp| moment.to_zoned_datetime(zone.clone()).date();
        let is_of_today = (time.parse()).is_ok_and(|then| day(then) == day(Timestamp::now()));
        match is_of_today {
            true => self.time_of_day(time),
            false => self.day_and_time(time),
        }
    }

    /// The languages, in which the page can be had too.
    pub fn choices(&self) -> Vec<Choice> {
        let join = match self.here.contains('?') {
            true => '&',
            false => '?',
        };
        let choice = |one: &Arc<Book>| Choice {
            code: one.code.clone(),
            name: one.name.clone(),
            address: format!("{}{join}language={}", self.here, one.code),
            is_chosen: one.code == self.book.code,
        };
        self.all.0.iter().map(choice).collect()
    }

    /// What scripts say, as JSON that can stand in a page.
    pub fn of_scripts(&self) -> String {
        let all = OF_SCRIPTS.into_iter().map(|key| {
            let said = self.say(key).with("detail", "{detail}");
            let said = said.with("name", "{name}");
            (key.to_owned(), serde_json::Value::from(said.to_string()))
        });
        let all = serde_json::Value::Object(all.collect()).to_string();
        // Nothing in it can end the element that it stands in.
        all.replace('<', "\\u003c")
    }
}

/// A time as this machine's clock shows it.
fn local(time: &str, format: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(moment) => moment
            .to_zoned_datetime(TimeZone::system())
            .strftime(format)
            .to_string(),
        Err(_) => time.to_owned(),
    }
}

/// The words of English, for tests.
#[cfg(test)]
pub fn english() -> Words {
    let all = Languages::of_the_program().unwrap();
    all.words(&[], "", "/".to_owned())
}

//! The words of one language, and how it writes numbers and times.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// The words of one language.
pub struct Book {
    /// Its code, such as `de`.
    pub code: String,
    /// The same, as ranges of languages are held against it.
    pub tag: LanguageIdentifier,
    /// What it calls itself.
    pub name: String,
    /// What stands before tenths.
    pub decimal_mark: String,
    /// How a time with its day is written, as `strftime` has it.
    pub day_and_time: String,
    /// The same without the day.
    pub time_of_day: String,
    words: FluentBundle<FluentResource>,
}

impl Book {
    /// From a file of words, in Fluent's form.
    ///
    /// # Errors
    /// What is no such form, a key twice, no words for how numbers and times are written.
    pub fn read(code: &str, text: &str) -> Result<Self, String> {
        let fault = |why: String| format!("the words of {code}: {why}");
        let tag: LanguageIdentifier = code
            .parse()
            .map_err(|error| fault(format!("this is no language ({error})")))?;
        let resource = FluentResource::try_new(text.to_owned());
        let resource = resource.map_err(|(_, errors)| fault(format!("{errors:?}")))?;
        let mut words = FluentBundle::new_concurrent(vec![tag.clone()]);
        // All of these languages run one way: the marks would only be in the way of who copies.
        words.set_use_isolating(false);
        (words.add_resource(resource)).map_err(|errors| fault(format!("{errors:?}")))?;
        let said = |key: &str| {
            said(&words, key, &FluentArgs::new()).ok_or_else(|| fault(format!("no {key}")))
        };
        Ok(Self {
            code: code.to_owned(),
            name: said("language-name")?,
            decimal_mark: said("decimal-mark")?,
            day_and_time: said("day-and-time")?,
            time_of_day: said("time-of-day")?,
            tag,
            words,
        })
    }

    /// What it says for a key; None where it has no word for it.
    pub fn said(&self, key: &str, gaps: &FluentArgs<'_>) -> Option<String> {
        said(&self.words, key, gaps)
    }
}

fn said(words: &FluentBundle<FluentResource>, key: &str, gaps: &FluentArgs<'_>) -> Option<String> {
    let pattern = words.get_message(key)?.value()?;
    // What goes wrong stands in the text, and a test looks that nothing does.
    let mut wrong = Vec::new();
    let said = words.format_pattern(pattern, Some(gaps), &mut wrong);
    Some(said.into_owned())
}

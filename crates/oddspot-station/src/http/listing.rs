//! Inspections that are asked for, by the parameters of an address.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use oddspot::verdict::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::problem::Problem;
use crate::history::{Filter, LabelFilter, Order, Truth};
use crate::words::Sentence;

/// Inspections of an answer, unless it is said otherwise.
const USUAL: u32 = 50;
/// And at most.
const MOST: u32 = 200;

/// Which inspections are asked for; what is empty is not.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Listing {
    /// Of a station.
    #[param(required = false)]
    pub station: String,
    /// Of a verdict: good, check, anomalous or untrusted.
    #[param(required = false)]
    pub verdict: String,
    /// Of a label: good, bad, or none.
    #[param(required = false)]
    pub label: String,
    /// Of a defect's name, as a label has it.
    #[param(required = false)]
    pub defect: String,
    /// Judged then or later: a time of RFC 3339, or a local day or time.
    #[param(required = false)]
    pub since: String,
    /// Judged before.
    #[param(required = false)]
    pub until: String,
    /// Of a part.
    #[param(required = false)]
    pub part_id: String,
    /// By a model's SHA-256.
    #[param(required = false)]
    pub model: String,
    /// newest, oldest or score.
    #[param(required = false)]
    pub order: String,
    /// Those after this one: the last id of the answer before.
    #[param(required = false)]
    pub cursor: String,
    /// How many, at most 200.
    #[param(required = false)]
    pub limit: String,
}

impl Listing {
    /// What is looked for.
    ///
    /// # Errors
    /// A word that there is none of, or a time that is none.
    pub fn filter(&self) -> Result<Filter, Problem> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let verdict = given(&self.verdict).map(|word| {
            let found = Verdict::ALL.into_iter().find(|one| one.word() == word);
            found.ok_or_else(|| strange("verdict", &word))
        });
        let label = match self.label.as_str() {
            "" => None,
            "good" => Some(LabelFilter::Is(Truth::Good)),
            "bad" => Some(LabelFilter::Is(Truth::Bad)),
            "none" => Some(LabelFilter::None),
            word => return Err(strange("label", word)),
        };
        Ok(Filter {
            station: given(&self.station),
            verdict: verdict.transpose()?,
            label,
            defect: given(&self.defect),
            since: given(&self.since).map(|text| moment(&text)).transpose()?,
            until: given(&self.until).map(|text| moment(&text)).transpose()?,
            part_id: given(&self.part_id),
            model: given(&self.model),
        })
    }

    /// In which order.
    ///
    /// # Errors
    /// A word that there is none of.
    pub fn order(&self) -> Result<Order, Problem> {
        match self.order.as_str() {
            "" | "newest" => Ok(Order::Newest),
            "oldest" => Ok(Order::Oldest),
            "score" => Ok(Order::Score),
            word => Err(strange("order", word)),
        }
    }

    /// After which.
    ///
    /// # Errors
    /// What is no id.
    pub fn after(&self) -> Result<Option<String>, Problem> {
        let given = (!self.cursor.is_empty()).then(|| id_of(&self.cursor));
        given.transpose()
    }

    /// How many.
    ///
    /// # Errors
    /// No number, or one out of range.
    pub fn limit(&self) -> Result<u32, Problem> {
        limit_of(&self.limit, USUAL, MOST)
    }
}

/// An id as the history spells it, which goes by its text.
///
/// # Errors
/// What is none.
pub fn id_of(text: &str) -> Result<String, Problem> {
    let id = Uuid::parse_str(text);
    let id = id.map_err(|_| {
        let sentence = Sentence::new("refused-no-id").with("text", format!("{text:?}"));
        Problem::refused(sentence)
    })?;
    Ok(id.to_string())
}

/// Of a word that there is none of.
fn strange(what: &str, word: &str) -> Problem {
    let sentence = Sentence::new("refused-filter").with("what", what);
    Problem::refused(sentence.with("word", format!("{word:?}")))
}

/// A moment: by itself, or as this machine's clock shows it.
fn moment(text: &str) -> Result<Timestamp, Problem> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let local = text.parse::<DateTime>().or_else(|_| {
        let day: Result<Date, jiff::Error> = text.parse();
        day.map(|day| day.at(0, 0, 0, 0))
    });
    let zoned = local.and_then(|local| local.to_zoned_datetime(TimeZone::system()));
    let moment = zoned.as_ref().map(ZonedDateTime::timestamp);
    moment.map_err(|_| {
        let sentence = Sentence::new("refused-no-time").with("text", format!("{text:?}"));
        Problem::refused(sentence)
    })
}

/// How many are asked for, up to `most`; without a text `usual`.
///
/// # Errors
/// What is no number of these.
pub fn limit_of(text: &str, usual: u32, most: u32) -> Result<u32, Problem> {
    if text.is_empty() {
        return Ok(usual);
    }
    let limit: Option<u32> = text.parse().ok();
    let limit = limit.filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| {
        let sentence = Sentence::new("refused-limit").with("most", i64::from(most));
        Problem::refused(sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_asked_for_and_what_is_wrong_is_refused() {
        let plain = Listing::default();
        let filter = plain.filter().unwrap();
        assert!(filter.station.is_none() && filter.verdict.is_none() && filter.since.is_none());
        assert_eq!((plain.limit().unwrap(), plain.after().unwrap()), (50, None));
        let of = |name: &str, value: &str| {
            let text = format!("{{\"{name}\": {value:?}}}");
            serde_json::from_str::<Listing>(&text).unwrap()
        };
        assert_eq!(
            of("verdict", "check").filter().unwrap().verdict,
            Some(Verdict::Check)
        );
        assert!(of("verdict", "ok").filter().is_err());
        assert!(of("label", "maybe").filter().is_err());
        assert!(of("order", "random").order().is_err());
        assert!(of("limit", "0").limit().is_err() && of("limit", "x").limit().is_err());
        let since = of("since", "2026-11-29T14:00:00Z").filter().unwrap().since;
        assert_eq!(since.unwrap().to_string(), "2026-11-29T14:00:00Z");
        assert!(of("since", "2026-11-29").filter().unwrap().since.is_some());
        assert!(of("since", "yesterday").filter().is_err());
    }
}

//! Steps of time that a drawing goes by, as this machine's clock has them.

use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, Timestamp, ToSpan, Unit, ZonedDateTime, ZonedDateTimeRound};

use crate::history::{Reach, Span};

/// Up to so many hours each hour is a step.
const OF_HOURS: i64 = 4 * 24;
/// Up to so many days each day is one.
const OF_DAYS: i64 = 120;
/// Steps, at most: what lies before has none.
const MOST: usize = 240;

/// A step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An hour.
    Hour,
    /// A day, from midnight to midnight.
    Day,
    /// A month.
    Month,
}

impl Step {
    /// Which suits a time: few enough to be told apart.
    pub fn of(reach: &Reach) -> Self {
        let long = reach.last.duration_since(reach.first);
        if long <= SignedDuration::from_hours(OF_HOURS) {
            Self::Hour
        } else if long <= SignedDuration::from_hours(24 * OF_DAYS) {
            Self::Day
        } else {
            Self::Month
        }
    }

    /// The steps in which all of a time lies, the first from its first moment on. Days have their hours as the zone has
    /// them.
    ///
    /// # Errors
    /// A time beyond all calendars.
    pub fn spans(self, reach: &Reach, zone: &TimeZone) -> Result<Vec<Span>, jiff::Error> {
        let mut begin = self.begin(&reach.first.to_zoned_datetime(zone.clone()))?;
        let mut spans = Vec::new();
        while begin.timestamp() <= reach.last {
            let end = self.next(&begin)?;
            spans.push(Span {
                since: begin.timestamp().max(reach.first),
                until: end.timestamp(),
            });
            begin = end;
        }
        Ok(spans.split_off(spans.len().saturating_sub(MOST)))
    }

    fn begin(self, moment: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
        match self {
            Self::Hour => {
                let whole = ZonedDateTimeRound::new().smallest(Unit::Hour);
                moment.round(whole.mode(RoundMode::Trunc))
            }
            Self::Day => moment.start_of_day(),
            Self::Month => moment.first_of_month()?.start_of_day(),
        }
    }

    fn next(self, begin: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
        match self {
            Self::Hour => begin.checked_add(1.hour()),
            Self::Day => begin.checked_add(1.day())?.start_of_day(),
            Self::Month => begin.checked_add(1.month())?.start_of_day(),
        }
    }

    /// The key of how a language writes when one begins.
    pub fn written(self) -> &'static str {
        match self {
            Self::Hour => "written-hour",
            Self::Day => "written-day",
            Self::Month => "written-month",
        }
    }

    /// The key of what is said of one.
    pub fn said(self) -> &'static str {
        match self {
            Self::Hour => "rate-hour",
            Self::Day => "rate-day",
            Self::Month => "rate-month",
        }
    }
}

/// Whether the first of these steps begins after the time itself: they were too many.
pub fn is_cut(spans: &[Span], reach: &Reach) -> bool {
    spans.first().is_some_and(|first| first.since > reach.first)
}

/// Where a moment lies on the way from the beginning of the first step to the end of the last, each as long as the others;
/// None beyond these.
pub fn place(spans: &[Span], moment: Timestamp) -> Option<f64> {
    let is_in = |span: &Span| span.since <= moment && moment < span.until;
    let at = spans.iter().position(is_in)?;
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let span = spans[at];
    let within = seconds(span.since, moment) / seconds(span.since, span.until).max(1e-3);
    Some((at as f64 + within) / spans.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(first: &str, last: &str) -> Reach {
        let [first, last] = [first, last].map(|text| text.parse().unwrap());
        Reach {
            first,
            last,
            has_more: false,
        }
    }

    fn begins(reach: &Reach, zone: &str) -> (Step, Vec<String>) {
        let (step, zone) = (Step::of(reach), TimeZone::get(zone).unwrap());
        let spans = step.spans(reach, &zone).unwrap();
        let chained = spans.windows(2).all(|two| two[0].until == two[1].since);
        assert!(chained && spans[0].since == reach.first, "{spans:?}");
        assert!(spans.last().unwrap().until > reach.last);
        let local = |span: &Span| span.since.to_zoned_datetime(zone.clone());
        let text = |span| local(span).strftime("%m-%d %H:%M").to_string();
        (step, spans.iter().map(text).collect())
    }

    #[test]
    fn a_day_is_divided_by_hours_as_the_clock_has_them() {
        let one = reach("2026-03-02T09:40:00Z", "2026-03-02T11:00:00Z");
        let (step, found) = begins(&one, "Asia/Kolkata");
        assert_eq!(step, Step::Hour);
        assert_eq!(found, ["03-02 15:10", "03-02 16:00"]);
        let alone = reach("2026-03-02T09:40:00Z", "2026-03-02T09:40:00Z");
        assert_eq!(begins(&alone, "UTC").1.len(), 1);
    }

    #[test]
    fn days_begin_at_midnight_when_clocks_are_changed_too() {
        let week = reach("2026-03-26T12:00:00Z", "2026-03-31T12:00:00Z");
        let (step, found) = begins(&week, "Europe/Berlin");
        assert_eq!(step, Step::Day);
        assert_eq!(found.len(), 6);
        assert!(found[1..].iter().all(|at| at.ends_with("00:00")));
    }

    #[test]
    fn a_year_is_divided_by_months_and_a_century_by_the_last_of_them() {
        let year = reach("2025-01-31T23:30:00Z", "2026-01-15T00:00:00Z");
        let (step, found) = begins(&year, "Europe/Berlin");
        assert_eq!((step, found.len()), (Step::Month, 12));
        assert_eq!(found[1], "03-01 00:00");
        let century = reach("1926-01-01T00:00:00Z", "2026-01-15T00:00:00Z");
        let spans = Step::of(&century).spans(&century, &TimeZone::UTC).unwrap();
        assert_eq!(spans.len(), MOST);
        assert!(is_cut(&spans, &century));
        let of_year = Step::of(&year).spans(&year, &TimeZone::UTC).unwrap();
        assert!(!is_cut(&of_year, &year));
        assert!(spans[0].since > century.first && spans[MOST - 1].until > century.last);
    }

    #[test]
    fn a_moment_lies_within_its_step() {
        let one = reach("2026-03-02T09:00:00Z", "2026-03-02T10:30:00Z");
        let spans = Step::Hour.spans(&one, &TimeZone::UTC).unwrap();
        let at = |text: &str| place(&spans, text.parse().unwrap());
        assert_eq!(at("2026-03-02T09:00:00Z"), Some(0.0));
        assert_eq!(at("2026-03-02T10:30:00Z"), Some(0.75));
        assert_eq!(at("2026-03-02T11:00:00Z"), None);
    }
}

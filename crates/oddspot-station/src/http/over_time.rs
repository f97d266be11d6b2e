//! Shares of verdicts over time, for the page of the history.

use jiff::tz::TimeZone;

use super::Shared;
use crate::error::{Error, Result};
use crate::history::{Filter, Span};
use crate::pages::{Counted, Rates, Step, is_cut};
use crate::words::Words;

/// Inspections that are counted, at most: the newest. It bounds what a page costs, however long the history is.
const MOST: u32 = 100_000;

/// The shares among what is looked for, of all verdicts; None of fewer than two images.
///
/// # Errors
/// A history that cannot be read.
pub async fn rates(shared: &Shared, t: &Words, filter: Filter) -> Result<Option<Rates>> {
    let is_of_one_verdict = filter.verdict.is_some();
    let of_all = Filter {
        verdict: None,
        ..filter
    };
    let history = &shared.service.history;
    let Some(reach) = history.reach(&of_all, MOST).await? else {
        return Ok(None);
    };
    let step = Step::of(&reach);
    let spans = step.spans(&reach, &TimeZone::system());
    let spans = spans.map_err(|error| Error::internal(error.to_string()))?;
    let verdicts = history.verdicts(&of_all, &spans).await?;
    let models = match (&of_all.station, spans.first(), spans.last()) {
        (Some(station), Some(first), Some(last)) => {
            let all = Span {
                since: first.since,
                until: last.until,
            };
            history.model_changes(station, all).await?
        }
        _ => Vec::new(),
    };
    Ok(Rates::of(
        t,
        &Counted {
            step,
            spans: &spans,
            verdicts: &verdicts,
            models: &models,
            has_more: reach.has_more || is_cut(&spans, &reach),
            is_of_one_verdict,
        },
    ))
}

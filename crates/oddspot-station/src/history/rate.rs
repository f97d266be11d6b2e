//! How many images were of which verdict, over time.

use jiff::Timestamp;
use oddspot::verdict::Verdict;

use super::inspection::verdict_named;
use super::query::{Filter, restrict};
use super::sql::{self, Builder, Row};
use super::{History, text_of};
use crate::error::{Error, Result};

/// The newest of some inspections, by their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// When the first of them was judged.
    pub first: Timestamp,
    /// When the last of them was.
    pub last: Timestamp,
    /// Whether there are others before them.
    pub has_more: bool,
}

/// A time from its first moment until before its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub since: Timestamp,
    /// The moment after the last.
    pub until: Timestamp,
}

/// How many images were of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts([u64; Verdict::ALL.len()]);

impl Verdicts {
    /// How many images were of a verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        let at = Verdict::ALL.iter().position(|one| *one == verdict);
        at.map_or(0, |at| self.0[at])
    }

    /// How many images there were.
    pub fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Which share was of a verdict, in [0, 1]; None where there were no images.
    pub fn share(&self, verdict: Verdict) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| self.of(verdict) as f64 / all as f64)
    }

    fn add(&mut self, verdict: Verdict, images: u64) {
        if let Some(at) = Verdict::ALL.iter().position(|one| *one == verdict) {
            self.0[at] += images;
        }
    }
}

impl FromIterator<(Verdict, u64)> for Verdicts {
    fn from_iter<I: IntoIterator<Item = (Verdict, u64)>>(counts: I) -> Self {
        let mut all = Self::default();
        for (verdict, images) in counts {
            all.add(verdict, images);
        }
        all
    }
}

impl std::ops::AddAssign for Verdicts {
    fn add_assign(&mut self, other: Self) {
        for (own, more) in self.0.iter_mut().zip(other.0) {
            *own += more;
        }
    }
}

impl History {
    /// From when to when the newest of these inspections were judged, about so many at most; None if there are none.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn reach(&self, filter: &Filter, most: u32) -> Result<Option<Reach>> {
        // Each by itself is found at an end of the index.
        let mut query = Builder::new("SELECT (");
        from_these(&mut query, "MIN(judged_at)", filter);
        query.push(") AS first, (");
        from_these(&mut query, "MAX(judged_at)", filter);
        query.push(") AS last, (");
        from_these(&mut query, "judged_at", filter);
        query.push(" ORDER BY judged_at DESC LIMIT 1 OFFSET ");
        query.push_bind(i64::from(most)).push(") AS beyond");
        let row = query.build().fetch_one(self.read()).await?;
        let [first, last, beyond] = ["first", "last", "beyond"].map(|column| moment(&row, column));
        let (Some(first), Some(last), beyond) = (first?, last?, beyond?) else {
            return Ok(None);
        };
        Ok(Some(Reach {
            first: beyond.unwrap_or(first),
            last,
            has_more: beyond.is_some_and(|beyond| beyond > first),
        }))
    }

    /// How many of these inspections were of which verdict, in each of some times.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn verdicts(&self, filter: &Filter, spans: &[Span]) -> Result<Vec<Verdicts>> {
        let mut found = vec![Verdicts::default(); spans.len()];
        if spans.is_empty() {
            return Ok(found);
        }
        // Most are good: all are counted in an index, which is several times as fast as by their verdicts.
        let mut all = with_spans(spans);
        all.push("SELECT span.number, (");
        from_these(&mut all, "COUNT(*)", filter);
        all.push(" AND judged_at >= span.since AND judged_at < span.until) AS images FROM span");
        let mut good = vec![0; spans.len()];
        for row in all.build().fetch_all(self.read()).await? {
            if let Some(images) = of_span(&mut good, &row)? {
                *images = count(&row)?;
            }
        }
        let mut others = with_spans(spans);
        others.push(
            "SELECT span.number, verdict, COUNT(*) AS images FROM span CROSS JOIN inspection",
        );
        with_labels(&mut others, filter);
        others.push(" WHERE judged_at >= span.since AND judged_at < span.until");
        others.push(" AND verdict <> 'good'");
        restrict(&mut others, filter);
        others.push(" GROUP BY span.number, verdict");
        for row in others.build().fetch_all(self.read()).await? {
            let word: String = row.try_get("verdict")?;
            let images = count(&row)?;
            if let (Some(found), Some(verdict)) = (of_span(&mut found, &row)?, verdict_named(&word))
            {
                found.add(verdict, images);
            }
        }
        for (found, all) in found.iter_mut().zip(good) {
            // One may have come in between.
            found.add(Verdict::Good, u64::saturating_sub(all, found.all()));
        }
        Ok(found)
    }
}

/// A statement that knows some times by their numbers.
fn with_spans(spans: &[Span]) -> Builder {
    let mut query = Builder::new("WITH span (number, since, until) AS (");
    query.push_values(spans.iter().enumerate(), |mut row, (number, span)| {
        row.push_bind(number as i64)
            .push_bind(text_of(span.since))
            .push_bind(text_of(span.until));
    });
    query.push(") ");
    query
}

/// What belongs to the time of a row.
fn of_span<'a, T>(all: &'a mut [T], row: &Row) -> Result<Option<&'a mut T>> {
    let number: i64 = row.try_get("number")?;
    Ok(usize::try_from(number).ok().and_then(|at| all.get_mut(at)))
}

fn count(row: &Row) -> Result<u64> {
    let images: i64 = row.try_get("images")?;
    Ok(u64::try_from(images).unwrap_or(0))
}

/// How many changes of the model are told of, at most: the newest.
const MOST_CHANGES: i64 = 200;

impl History {
    /// When another model began to judge at a station, in a time: activated, or by a roll-back. The newest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn model_changes(&self, station: &str, span: Span) -> Result<Vec<Timestamp>> {
        let rows = sql::query(
            "SELECT moment FROM (SELECT activated_at AS moment FROM activation WHERE station = $1 \
             UNION SELECT undone_at FROM activation WHERE station = $1) AS changes \
             WHERE moment >= $2 AND moment < $3 ORDER BY moment DESC LIMIT $4",
        )
        .bind(station)
        .bind(text_of(span.since))
        .bind(text_of(span.until))
        .bind(MOST_CHANGES)
        .fetch_all(self.read())
        .await?;
        let moments: Result<Vec<_>> = rows.iter().map(|row| moment(row, "moment")).collect();
        Ok(moments?.into_iter().flatten().collect())
    }
}

/// Labels are looked at only where they are asked for.
fn with_labels(query: &mut Builder, filter: &Filter) {
    if filter.is_by_label() {
        query.push(" LEFT JOIN label ON label.inspection = inspection.id");
    }
}

/// A statement, or a part of one, that asks for something of these inspections.
fn from_these(query: &mut Builder, asked: &str, filter: &Filter) {
    query.push(format_args!("SELECT {asked} FROM inspection"));
    with_labels(query, filter);
    query.push(" WHERE 1 = 1");
    restrict(query, filter);
}

fn moment(row: &Row, column: &str) -> Result<Option<Timestamp>> {
    let text: Option<String> = row.try_get(column)?;
    let moment = text.as_ref().map(|text| text.parse()).transpose();
    moment.map_err(|_| Error::internal(format!("{text:?} in the history is no time")))
}

//! What is still to be told on the outputs of stations: written with what is told, removed once it was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::event::{Event, Missed, NoVerdict};
use super::inspection::Inspection;
use super::rows::{SELECT, inspection};
use super::sql::{self, Builder, Transaction};
use super::{History, text_of};
use crate::error::{Error, Result};

/// The outputs of the stations, and who is woken when there is something to tell.
#[derive(Default)]
pub struct Outputs(Mutex<BTreeMap<String, OfStation>>);

struct OfStation {
    outputs: Arc<[String]>,
    news: watch::Sender<()>,
}

/// What waits for an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The station.
    pub station: String,
    /// The output's name.
    pub output: String,
    /// So many events.
    pub events: u64,
    /// Since when the first of them waits, in UTC.
    pub since: String,
    /// Why the first of them was not told, at the last attempt.
    pub last_error: Option<String>,
}

/// Images that were not judged, before they have an id.
#[derive(Clone, Debug)]
pub struct Unjudged {
    /// The station.
    pub station: String,
    /// Why, as it is counted.
    pub reason: &'static str,
    /// Why, in a sentence.
    pub detail: String,
    /// So many images.
    pub images: u64,
    /// The part, of one alone.
    pub part_id: Option<String>,
    /// The file, of one alone.
    pub file: Option<String>,
}

impl Outputs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OfStation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of a station's outputs.
    pub fn of(&self, station: &str) -> Arc<[String]> {
        let stations = self.lock();
        let found = stations.get(station);
        found.map_or_else(|| Arc::from([]), |one| Arc::clone(&one.outputs))
    }

    /// Wakes all who tell.
    pub fn wake_all(&self) {
        for one in self.lock().values() {
            one.news.send_replace(());
        }
    }

    /// Wakes who tells.
    pub fn wake(&self, station: &str) {
        if let Some(one) = self.lock().get(station) {
            one.news.send_replace(());
        }
    }
}

/// Lets an event wait for each of some outputs, in the transaction that keeps what it tells of. `payload` is what
/// there is no row of elsewhere.
pub async fn put(
    transaction: &mut Transaction,
    outputs: &[String],
    (station, event, since): (&str, &str, &str),
    payload: Option<&str>,
) -> Result<()> {
    if outputs.is_empty() {
        return Ok(());
    }
    let mut query = Builder::new(
        "INSERT INTO outbox (station, output, event, kind, inspection, payload, since) ",
    );
    query.push_values(outputs, |mut row, output| {
        row.push_bind(station)
            .push_bind(output)
            .push_bind(event)
            .push_bind(match payload {
                Some(_) => "missed",
                None => "inspection",
            })
            .push_bind(payload.is_none().then_some(event))
            .push_bind(payload)
            .push_bind(since);
    });
    query.build().execute(&mut *transaction).await?;
    Ok(())
}

impl History {
    /// From now on what a station tells waits for these outputs; what is given back hears of it.
    pub fn set_outputs(&self, station: &str, outputs: Vec<String>) -> watch::Receiver<()> {
        let (news, heard) = watch::channel(());
        let outputs = outputs.into();
        let of_station = OfStation { outputs, news };
        self.outputs.lock().insert(station.to_owned(), of_station);
        heard
    }

    /// Whether anything that a station tells is told to somebody.
    pub fn has_outputs(&self, station: &str) -> bool {
        !self.outputs.of(station).is_empty()
    }

    /// Keeps that images were not judged, for the outputs of their station.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn miss(&self, unjudged: &Unjudged) -> Result<()> {
        let outputs = self.outputs.of(&unjudged.station);
        let mut transaction = self.write().begin().await?;
        let id = self.given(&mut transaction).await?.next();
        let missed = Missed {
            id,
            station: unjudged.station.clone(),
            time: text_of(Timestamp::now()),
            verdict: NoVerdict::Missed,
            reason: unjudged.reason.to_owned(),
            detail: unjudged.detail.clone(),
            images: unjudged.images,
            part_id: unjudged.part_id.clone(),
            file: unjudged.file.clone(),
        };
        let payload =
            serde_json::to_string(&missed).map_err(|error| Error::internal(error.to_string()))?;
        let told = (&*missed.station, &*missed.id, &*missed.time);
        put(&mut transaction, &outputs, told, Some(&payload)).await?;
        transaction.commit().await?;
        self.outputs.wake(&unjudged.station);
        Ok(())
    }

    /// What waits for an output, in the order in which it came, so many at most.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn to_tell(&self, station: &str, output: &str, most: u32) -> Result<Vec<Event>> {
        let heads = sql::query(
            "SELECT event, payload FROM outbox WHERE station = $1 AND output = $2 ORDER BY event LIMIT $3",
        )
        .bind(station)
        .bind(output)
        .bind(i64::from(most))
        .fetch_all(self.read())
        .await?;
        let mut found = self.inspections_of(station, output, heads.len()).await?;
        let events = heads.iter().map(|row| {
            let event: String = row.try_get("event")?;
            let payload: Option<String> = row.try_get("payload")?;
            let damaged = || Error::internal(format!("what waits as {event} cannot be read"));
            match payload {
                Some(payload) => {
                    let missed = serde_json::from_str(&payload).map_err(|_| damaged())?;
                    Ok(Event::Missed(missed))
                }
                None => {
                    let inspection = found.remove(&event).ok_or_else(damaged)?;
                    Ok(Event::Inspection(Box::new(inspection)))
                }
            }
        });
        events.collect()
    }

    /// The inspections among the first events that wait for an output.
    async fn inspections_of(
        &self,
        station: &str,
        output: &str,
        most: usize,
    ) -> Result<BTreeMap<String, Inspection>> {
        let mut query = Builder::new(SELECT);
        query
            .push(" WHERE inspection.id IN (SELECT inspection FROM outbox WHERE station = ")
            .push_bind(station)
            .push(" AND output = ")
            .push_bind(output)
            .push(" ORDER BY event LIMIT ")
            .push_bind(i64::try_from(most).unwrap_or(i64::MAX))
            .push(")");
        let rows = query.build().fetch_all(self.read()).await?;
        let found = rows.iter().map(inspection);
        let found = found.map(|one| one.map(|one| (one.id.clone(), one)));
        found.collect()
    }

    /// Takes away what was told: the event of this id, and all before it.
    ///
    /// # Errors
    /// A database that cannot be written: then it is told again.
    pub async fn told(&self, station: &str, output: &str, last: &str) -> Result<()> {
        sql::query("DELETE FROM outbox WHERE station = $1 AND output = $2 AND event <= $3")
            .bind(station)
            .bind(output)
            .bind(last)
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Notes why the first event of an output could not be told, and when it is tried again.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn not_told(
        &self,
        station: &str,
        output: &str,
        reason: &str,
        next: Timestamp,
    ) -> Result<()> {
        sql::query(
            "UPDATE outbox SET attempts = attempts + 1, last_error = $3, next_attempt_at = $4 \
             WHERE station = $1 AND output = $2 AND event = \
             (SELECT MIN(event) FROM outbox WHERE station = $1 AND output = $2)",
        )
        .bind(station)
        .bind(output)
        .bind(reason)
        .bind(text_of(next))
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// What waits for every output that anything waits for, of those that are taken out too.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn backlog(&self) -> Result<Vec<Backlog>> {
        let rows = sql::query(
            // Counted by the key alone: there may be many.
            "SELECT first.station, first.output, events, since, last_error FROM \
             (SELECT station, output, COUNT(*) AS events, MIN(event) AS event FROM outbox GROUP BY station, output) \
             AS first JOIN outbox ON outbox.station = first.station AND outbox.output = first.output \
             AND outbox.event = first.event ORDER BY first.station, first.output",
        )
        .fetch_all(self.read())
        .await?;
        let backlog = rows.iter().map(|row| {
            let events: i64 = row.try_get("events")?;
            Ok(Backlog {
                station: row.try_get("station")?,
                output: row.try_get("output")?,
                events: u64::try_from(events).unwrap_or(0),
                since: row.try_get("since")?,
                last_error: row.try_get("last_error")?,
            })
        });
        backlog.collect()
    }

    /// Takes away all that waits for an output, and says how much it was.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn forget(&self, station: &str, output: &str) -> Result<u64> {
        let removed = sql::query("DELETE FROM outbox WHERE station = $1 AND output = $2")
            .bind(station)
            .bind(output)
            .execute(self.write())
            .await?;
        Ok(removed.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::super::tests::{judged, on_each_database, opened};
    use super::*;

    fn unjudged() -> Unjudged {
        Unjudged {
            station: "top".to_owned(),
            reason: "queue_full",
            detail: "full".to_owned(),
            images: 2,
            part_id: None,
            file: None,
        }
    }

    fn ids(events: &[Event]) -> Vec<&str> {
        events.iter().map(Event::id).collect()
    }

    on_each_database!(what_is_told_waits_for_each_output_in_its_order_until_it_was);
    async fn what_is_told_waits_for_each_output_in_its_order_until_it_was(place: &Place) {
        let history = opened(place).await;
        // Before there are outputs nothing waits.
        history.record(judged(1.0)).await.unwrap();
        let names = ["a", "b"].map(str::to_owned).to_vec();
        let mut heard = history.set_outputs("top", names);
        let first = history.record(judged(2.0)).await.unwrap();
        assert!(heard.has_changed().unwrap());
        heard.borrow_and_update();
        history.miss(&unjudged()).await.unwrap();
        assert!(heard.has_changed().unwrap());
        let last = history.record(judged(3.0)).await.unwrap();
        let told = history.to_tell("top", "a", 9).await.unwrap();
        let [
            Event::Inspection(one),
            Event::Missed(missed),
            Event::Inspection(_),
        ] = &told[..]
        else {
            panic!("{told:?}");
        };
        assert_eq!((&**one, missed.images), (&*first, 2));
        assert!(ids(&told).is_sorted());
        assert_eq!(
            ids(&history.to_tell("top", "a", 2).await.unwrap()),
            ids(&told[..2])
        );
        history.told("top", "a", &missed.id).await.unwrap();
        let rest = history.to_tell("top", "a", 9).await.unwrap();
        assert_eq!(ids(&rest), [last.id.as_str()]);
        let next = Timestamp::now();
        history.not_told("top", "b", "refused", next).await.unwrap();
        let backlog = history.backlog().await.unwrap();
        let counts: Vec<_> = backlog
            .iter()
            .map(|one| (&*one.output, one.events))
            .collect();
        assert_eq!(counts, [("a", 1), ("b", 3)]);
        assert_eq!(backlog[1].last_error.as_deref(), Some("refused"));
        assert_eq!(backlog[1].since, first.time);
        // It is there after the next start, and ids go on behind it.
        history.miss(&unjudged()).await.unwrap();
        let missed = history.to_tell("top", "b", 9).await.unwrap();
        let missed = missed.last().unwrap().id().to_owned();
        history.close().await;
        let history = opened(place).await;
        assert_eq!(history.to_tell("top", "b", 9).await.unwrap().len(), 4);
        assert!(history.record(judged(4.0)).await.unwrap().id > missed);
        assert_eq!(history.forget("top", "b").await.unwrap(), 4);
        assert!(history.to_tell("top", "b", 9).await.unwrap().is_empty());
    }

    on_each_database!(what_cannot_be_kept_waits_for_nobody);
    async fn what_cannot_be_kept_waits_for_nobody(place: &Place) {
        let history = opened(place).await;
        history.set_outputs("top", vec!["a".to_owned()]);
        let twice = super::super::Judged {
            idempotency_key: Some("k".to_owned()),
            ..judged(1.0)
        };
        history.record(twice.clone()).await.unwrap();
        history.record(twice).await.unwrap_err();
        assert_eq!(history.to_tell("top", "a", 9).await.unwrap().len(), 1);
    }
}

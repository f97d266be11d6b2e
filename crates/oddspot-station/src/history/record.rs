//! A new inspection, all of it in one transaction.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use oddspot::Finding;
use oddspot::health::Measure;
use oddspot::maps::Region;
use tokio::sync::MutexGuard;

use super::audit::{Actor, Deed, Note, put_note};
use super::ids::Ids;
use super::inspection::{FileOf, Inspection, Source, reason_of, repeated};
use super::rows::SELECT;
use super::sql::{self, Builder, Doubt, NotKept, Transaction};
use super::{History, outbox, text_of};
use crate::data::KeptImage;
use crate::error::{Error, Result};

/// Regions that are written at a time.
const AT_ONCE: usize = 500;

/// An image that was judged and is to be kept.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The station that judged it.
    pub station: String,
    /// The part, as whoever sent the image names it.
    pub part_id: Option<String>,
    /// SHA-256 of the model that judged.
    pub model: String,
    /// How it came.
    pub source: Source,
    /// The token with which it was sent.
    pub token: Option<String>,
    /// The person who sent it by the page.
    pub sender: Option<Actor>,
    /// The file that it was, in a folder.
    pub file: Option<FileOf>,
    /// By which a request is known that is sent again.
    pub idempotency_key: Option<String>,
    /// The image, which lies on the disk.
    pub image: KeptImage,
    /// What was found.
    pub finding: Finding,
    /// How many images in a row have the very same pixels, this one with them, if these are too many.
    pub repeats: Option<u32>,
    /// When the image had come.
    pub since: Instant,
}

impl History {
    /// Keeps an inspection, and tells of it.
    ///
    /// # Errors
    /// A database that cannot be written: then nothing of it is kept.
    pub async fn record(&self, judged: Judged) -> Result<Arc<Inspection>> {
        let mut transaction = self.write().begin().await?;
        // Ids are given and told of by who writes alone, so that whoever hears of one has heard of all before it.
        let mut given = self.given(&mut transaction).await?;
        let id = given.next();
        let inspection = inspection(id, &judged);
        let finding = serde_json::to_string(&judged.finding)
            .map_err(|error| Error::internal(error.to_string()))?;
        insert(&mut transaction, &inspection, &judged, finding).await?;
        insert_regions(&mut transaction, &inspection).await?;
        insert_health(&mut transaction, &inspection).await?;
        if let Some(by) = &judged.sender {
            let note = Note::new(by.clone(), Deed::ImageSent, &*inspection.station);
            put_note(&mut transaction, Some(&note.with(told_of(&inspection)))).await?;
        }
        let told = (&*inspection.station, &*inspection.id, &*inspection.time);
        let outputs = self.outputs.of(&inspection.station);
        outbox::put(&mut transaction, &outputs, told, None).await?;
        if let Err(NotKept { error, doubt }) = transaction.commit_or_doubt().await {
            given.doubt(&inspection.id, doubt);
            return Err(error);
        }
        self.outputs.wake(&inspection.station);
        let inspection = Arc::new(inspection);
        // Nobody may listen.
        self.news.send(Arc::clone(&inspection)).ok();
        drop(given);
        Ok(inspection)
    }

    /// The ids, by who writes; told first what was kept when the database went away.
    pub(super) async fn given(
        &self,
        transaction: &mut Transaction,
    ) -> Result<MutexGuard<'_, Given>> {
        let mut given = self.given.lock().await;
        if given.generation == Some(transaction.generation()) {
            return Ok(given);
        }
        // Another service may have written meanwhile.
        for last in [
            "SELECT MAX(id) FROM inspection",
            "SELECT MAX(event) FROM outbox",
        ] {
            let last: Option<String> = sql::query_scalar(last).fetch_one(&mut *transaction).await?;
            given.ids.go_on_after(last.as_deref());
        }
        if let Some((id, doubt)) = &given.doubted
            && transaction.knows_as_kept(doubt).await?
        {
            let mut query = Builder::new(SELECT);
            query.push(" WHERE inspection.id = ").push_bind(id);
            let row = query.build().fetch_optional(&mut *transaction).await?;
            if let Some(row) = row {
                self.news
                    .send(Arc::new(super::rows::inspection(&row)?))
                    .ok();
            }
        }
        given.doubted = None;
        given.generation = Some(transaction.generation());
        Ok(given)
    }

    /// Makes ids go on after those that there are, and tells of what was kept and not told of.
    pub(super) async fn settle(&self) -> Result<()> {
        // It only reads, and need not be kept.
        let mut transaction = self.write().begin().await?;
        self.given(&mut transaction).await.map(drop)
    }
}

/// The ids that were given, held by who writes.
#[derive(Default)]
pub(super) struct Given {
    ids: Ids,
    /// Of the connection by which it is known which there are.
    generation: Option<u64>,
    /// One of which nobody knows whether its inspection was kept.
    doubted: Option<(String, Doubt)>,
}

impl Given {
    /// The next one.
    pub fn next(&mut self) -> String {
        self.ids.next()
    }

    /// Nobody knows whether what has this one was kept, if there is a doubt.
    fn doubt(&mut self, id: &str, doubt: Option<Doubt>) {
        let Some(doubt) = doubt else { return };
        self.doubted = Some((id.to_owned(), doubt));
        // It is looked for when the next is written.
        self.generation = None;
    }
}

fn inspection(id: String, judged: &Judged) -> Inspection {
    let finding = judged.finding.clone();
    Inspection {
        id,
        station: judged.station.clone(),
        time: text_of(Timestamp::now()),
        part_id: judged.part_id.clone(),
        model: judged.model.clone(),
        verdict: finding.verdict,
        score: f64::from(finding.score),
        threshold: finding.threshold,
        check_threshold: finding.check_threshold,
        reason: match judged.repeats {
            Some(images) => Some(repeated(images).to_string()),
            None => reason_of(&finding),
        },
        repeats: judged.repeats,
        latency_ms: judged.since.elapsed().as_secs_f64() * 1e3,
        source: judged.source,
        token: judged.token.clone(),
        sent_by: (judged.sender.as_ref()).and_then(|by| by.name.clone()),
        file: judged.file.as_ref().map(|file| file.name.clone()),
        image: judged.image.sha256.clone(),
        image_removed: None,
        media_type: judged.image.format.media_type(),
        label: None,
        finding,
        kept: judged.image.clone(),
    }
}

/// An image that a person sent, for who looks at who did what.
fn told_of(inspection: &Inspection) -> String {
    let id = &inspection.id;
    match &inspection.part_id {
        Some(part) => format!("inspection {id}, {part}"),
        None => format!("inspection {id}"),
    }
}

async fn insert(
    transaction: &mut Transaction,
    inspection: &Inspection,
    judged: &Judged,
    finding: String,
) -> Result<()> {
    let file = judged.file.as_ref();
    sql::query(
        "INSERT INTO inspection (id, station, judged_at, part_id, model, image, image_format, image_bytes, verdict, \
         score, threshold, check_threshold, reason, latency_ms, source, file_name, file_bytes, file_written_ns, \
         idempotency_key, finding, token, repeats, sent_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
    )
    .bind(&inspection.id)
    .bind(&inspection.station)
    .bind(&inspection.time)
    .bind(&inspection.part_id)
    .bind(&inspection.model)
    .bind(&inspection.image)
    .bind(inspection.kept.format.extension())
    .bind(integer(inspection.kept.bytes))
    .bind(inspection.verdict.word())
    .bind(inspection.score)
    .bind(inspection.threshold)
    .bind(inspection.check_threshold)
    .bind(&inspection.reason)
    .bind(inspection.latency_ms)
    .bind(inspection.source.word())
    .bind(&inspection.file)
    .bind(file.map(|file| integer(file.bytes)))
    .bind(file.map(|file| file.written_ns))
    .bind(&judged.idempotency_key)
    .bind(finding)
    .bind(&inspection.token)
    .bind(inspection.repeats.map(i64::from))
    .bind(&inspection.sent_by)
    .execute(&mut *transaction)
    .await?;
    Ok(())
}

async fn insert_regions(transaction: &mut Transaction, inspection: &Inspection) -> Result<()> {
    let numbered: Vec<(usize, &Region)> = inspection.finding.regions.iter().enumerate().collect();
    // A database takes so many values in a statement.
    for some in numbered.chunks(AT_ONCE) {
        let mut query = Builder::new(
            "INSERT INTO region (inspection, number, x, y, width, height, area, peak) ",
        );
        query.push_values(some, |mut row, (number, region)| {
            row.push_bind(&inspection.id)
                .push_bind(integer(*number as u64))
                .push_bind(integer(region.left as u64))
                .push_bind(integer(region.top as u64))
                .push_bind(integer(region.width as u64))
                .push_bind(integer(region.height as u64))
                .push_bind(integer(region.area as u64))
                .push_bind(f64::from(region.peak));
        });
        query.build().execute(&mut *transaction).await?;
    }
    Ok(())
}

async fn insert_health(transaction: &mut Transaction, inspection: &Inspection) -> Result<()> {
    let health = &inspection.finding.health;
    let mut query =
        Builder::new("INSERT INTO image_health (inspection, signal, value, is_beyond) ");
    query.push_values(Measure::ALL, |mut row, measure| {
        let is_beyond = health.beyond.iter().any(|one| one.measure == measure);
        let value = f64::from(health.get(measure));
        row.push_bind(&inspection.id)
            .push_bind(measure.name())
            .push_bind(value.is_finite().then_some(value))
            .push_bind(i64::from(is_beyond));
    });
    query.build().execute(&mut *transaction).await?;
    Ok(())
}

/// A number as the tables have it; none that is kept comes near the limit.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

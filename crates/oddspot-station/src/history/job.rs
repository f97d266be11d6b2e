//! Jobs: what was asked for, how far it is, and what came of it.

mod programs;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{Actor, Deed, Note, put_note};
use super::sql::{self, Row};
use super::stage::Stage;
use super::{History, text_of};
use crate::error::{Error, Kind, Result};
use programs::without_words;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Looks through the good images.
    Audit,
    /// Makes a model in seconds.
    Instant,
    /// Makes the same, and trains the better one then.
    Default,
    /// Adds good images to what the active model knows.
    Extend,
    /// Sets the active model's thresholds by good images and labelled parts.
    Calibrate,
    /// Judges labelled parts by two models.
    Compare,
    /// Judges labelled parts by the active model.
    Labels,
    /// Looks whether a model judges here as when it was made.
    Verify,
}

/// A job that is wanted of a station.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// What it does.
    pub kind: JobKind,
    /// Settings that are other than usual, by their names.
    pub settings: BTreeMap<String, String>,
    /// Whether it is to be done though something speaks against it.
    pub force: bool,
    /// SHA-256 of models that it is about.
    pub models: Vec<String>,
}

/// How a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Others come first.
    Waiting,
    /// It is at work.
    Running,
    /// It came to its end.
    Done,
    /// It could not.
    Failed,
    /// A person broke it off.
    Cancelled,
    /// The service ended meanwhile.
    Interrupted,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// The station that it is for.
    pub station: String,
    /// What it does.
    pub kind: JobKind,
    /// Settings that are other than usual, by their names.
    pub settings: BTreeMap<String, String>,
    /// Whether it is done though something speaks against it.
    pub force: bool,
    /// SHA-256 of models that it is about.
    pub models: Vec<String>,
    /// How it is.
    pub state: JobState,
    /// How far it is, from 0 to 1.
    pub progress: f64,
    /// What it does now, in words.
    pub stage: String,
    /// The same by its kind, while it is at work.
    #[serde(skip)]
    #[schema(ignore)]
    pub doing: Option<Stage>,
    /// When it was asked for, in UTC.
    pub asked: String,
    /// When it began.
    pub began: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// What came of it, in a sentence.
    pub outcome: Option<String>,
    /// Losses of its training: how many steps were done, and the loss.
    pub losses: Vec<(usize, f32)>,
    /// What was found among the good images.
    #[schema(value_type = Option<Object>)]
    pub audit: Option<serde_json::Value>,
    /// What came of it, by its kind; of one that failed `outcome` alone tells.
    #[serde(serialize_with = "without_words")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
}

pub(super) const SELECT: &str = "SELECT id, station, kind, settings, state, progress, stage, asked_at, began_at, ended_at, outcome, \
     losses, audit, is_forced, models, result FROM job";

impl NewJob {
    /// Of a kind, with nothing else to say of it.
    pub fn of(kind: JobKind) -> Self {
        Self {
            kind,
            settings: BTreeMap::new(),
            force: false,
            models: Vec::new(),
        }
    }
}

impl JobKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Audit,
        Self::Instant,
        Self::Default,
        Self::Extend,
        Self::Calibrate,
        Self::Compare,
        Self::Labels,
        Self::Verify,
    ];

    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Instant => "instant",
            Self::Default => "default",
            Self::Extend => "extend",
            Self::Calibrate => "calibrate",
            Self::Compare => "compare",
            Self::Labels => "labels",
            Self::Verify => "verify",
        }
    }
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
    ];

    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether it is not over.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

impl Job {
    /// That somebody cancels it, as it is written.
    pub fn cancelled_by(&self, by: Actor) -> Note {
        Note::new(by, Deed::JobCancelled, &self.station).with(told(self.id, self.kind))
    }

    /// Whether it was broken off, and can be gone on with.
    pub fn is_broken_off(&self) -> bool {
        matches!(self.state, JobState::Cancelled | JobState::Interrupted)
    }
}

impl History {
    /// Notes that a job is wanted.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn add_job(&self, station: &str, new: &NewJob, by: Option<&Actor>) -> Result<Job> {
        let mut transaction = self.write().begin().await?;
        let id: i64 = sql::query_scalar(
            "INSERT INTO job (id, station, kind, settings, is_forced, models, state, progress, stage, asked_at) \
             SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $5, $6, 'waiting', 0, 'waits for its turn', $4 FROM job RETURNING id",
        )
        .bind(station)
        .bind(new.kind.word())
        .bind(json_of(&new.settings)?)
        .bind(text_of(Timestamp::now()))
        .bind(i64::from(new.force))
        .bind(json_of(&new.models)?)
        .fetch_one(&mut transaction)
        .await?;
        let note = by.map(|by| {
            let note = Note::new(by.clone(), Deed::JobStarted, station);
            note.with(told(id, new.kind))
        });
        put_note(&mut transaction, note.as_ref()).await?;
        transaction.commit().await?;
        self.job(id).await
    }

    /// Keeps how a job is.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_job(&self, job: &Job, note: Option<&Note>) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let audit = job.audit.as_ref().map(json_of).transpose()?;
        sql::query(
            "UPDATE job SET state = $2, progress = $3, stage = $4, began_at = $5, ended_at = $6, outcome = $7, \
             losses = $8, audit = $9, result = $10 WHERE id = $1",
        )
        .bind(job.id)
        .bind(job.state.word())
        .bind(job.progress)
        .bind(&job.stage)
        .bind(&job.began)
        .bind(&job.ended)
        .bind(&job.outcome)
        .bind(json_of(&job.losses)?)
        .bind(audit)
        .bind(job.result.as_ref().map(json_of).transpose()?)
        .execute(&mut transaction)
        .await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// A job.
    ///
    /// # Errors
    /// There is none of this number.
    pub async fn job(&self, id: i64) -> Result<Job> {
        let query = format!("{SELECT} WHERE id = $1");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(id)
            .fetch_optional(self.write())
            .await?;
        let found = row.as_ref().map(job).transpose()?;
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no job {id}")))
    }

    /// The newest jobs first, of a station or of all; so many at most.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn jobs(&self, station: Option<&str>, most: u32) -> Result<Vec<Job>> {
        let of_station = match station {
            Some(_) => " WHERE station = $2",
            None => "",
        };
        let query = format!("{SELECT}{of_station} ORDER BY id DESC LIMIT $1");
        let mut query = sql::query(sqlx::AssertSqlSafe(query)).bind(i64::from(most));
        if let Some(station) = station {
            query = query.bind(station);
        }
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(job).collect()
    }

    /// The jobs of a station that are not over, the newest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn open_jobs(&self, station: &str) -> Result<Vec<Job>> {
        let query = format!(
            "{SELECT} WHERE station = $1 AND state IN ('waiting', 'running') ORDER BY id DESC"
        );
        let rows = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .fetch_all(self.read())
            .await?;
        rows.iter().map(job).collect()
    }

    /// The newest job of a station that looked through its good images.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn last_audit(&self, station: &str) -> Result<Option<Job>> {
        let query =
            format!("{SELECT} WHERE station = $1 AND audit IS NOT NULL ORDER BY id DESC LIMIT 1");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(job).transpose()
    }

    /// Jobs that wait, in their order.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn waiting_jobs(&self) -> Result<Vec<i64>> {
        let query = "SELECT id FROM job WHERE state = 'waiting' ORDER BY id";
        sql::query_scalar(query).fetch_all(self.write()).await
    }

    /// Notes of jobs that were at work when the service ended that they were interrupted.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn interrupt_jobs(&self) -> Result<()> {
        sql::query(
            "UPDATE job SET state = 'interrupted', ended_at = $1, \
             outcome = 'the service ended while it was at work' WHERE state = 'running'",
        )
        .bind(text_of(Timestamp::now()))
        .execute(self.write())
        .await?;
        Ok(())
    }
}

/// A job as the audit log names it.
pub(super) fn told(id: i64, kind: JobKind) -> String {
    format!("job {id}, {}", kind.word())
}

fn json_of(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}

/// The job of a row.
pub(super) fn job(row: &Row) -> Result<Job> {
    let id: i64 = row.try_get("id")?;
    let damaged = |what: &str| Error::internal(format!("job {id} has no readable {what}"));
    let word: String = row.try_get("kind")?;
    let kind = JobKind::ALL.into_iter().find(|one| one.word() == word);
    let word: String = row.try_get("state")?;
    let state = JobState::ALL.into_iter().find(|one| one.word() == word);
    let settings: String = row.try_get("settings")?;
    let losses: Option<String> = row.try_get("losses")?;
    let audit: Option<String> = row.try_get("audit")?;
    let audit = audit.map(|text| serde_json::from_str(&text).map_err(|_| damaged("audit")));
    let models: Option<String> = row.try_get("models")?;
    let result: Option<String> = row.try_get("result")?;
    let result = result.map(|text| serde_json::from_str(&text).map_err(|_| damaged("result")));
    Ok(Job {
        id,
        station: row.try_get("station")?,
        kind: kind.ok_or_else(|| damaged("kind"))?,
        settings: serde_json::from_str(&settings).map_err(|_| damaged("settings"))?,
        force: row.try_get::<i64, _>("is_forced")? != 0,
        models: match models {
            Some(text) => serde_json::from_str(&text).map_err(|_| damaged("models"))?,
            None => Vec::new(),
        },
        state: state.ok_or_else(|| damaged("state"))?,
        progress: row.try_get("progress")?,
        stage: row.try_get("stage")?,
        doing: None,
        asked: row.try_get("asked_at")?,
        began: row.try_get("began_at")?,
        ended: row.try_get("ended_at")?,
        outcome: row.try_get("outcome")?,
        losses: match losses {
            Some(text) => serde_json::from_str(&text).map_err(|_| damaged("losses"))?,
            None => Vec::new(),
        },
        audit: audit.transpose()?,
        result: result.transpose()?,
    })
}

//! The models of a station: where each comes from, and which were active.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::audit::{Note, put_note};
use super::sql::{self, Row, Transaction};
use super::station::ModelVersion;
use super::{History, text_of};
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// Where a model of a station comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// In which way.
    pub source: VersionSource,
    /// The file that it was.
    pub file: Option<String>,
    /// The job that made it.
    pub job: Option<i64>,
    /// The model that it was made of.
    pub based_on: Option<String>,
    /// Good images that it comes from.
    pub good_images: Option<usize>,
    /// The polygons that its training had, as JSON.
    pub mask: Option<String>,
}

/// In which way a model came to a station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VersionSource {
    /// By a file that the configuration names.
    File,
    /// By a person's upload.
    Upload,
    /// By a job.
    Job,
    /// Thresholds of another were moved.
    Thresholds,
    /// It was there before that was kept.
    #[default]
    Before,
}

/// A model of a station.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Version {
    /// SHA-256 of its file.
    pub sha256: String,
    /// Whether it judges.
    pub active: bool,
    /// When it came, in UTC.
    pub added: String,
    /// In which way.
    pub source: VersionSource,
    /// The file that it was.
    pub file: Option<String>,
    /// The job that made it.
    pub job: Option<i64>,
    /// The model that it was made of: by other thresholds, or by more good images.
    pub based_on: Option<String>,
    /// Good images that it comes from, where that is known.
    pub good_images: Option<i64>,
    /// The version of oddspot that wrote it.
    pub oddspot: String,
    /// An image is anomalous above it.
    pub threshold: f64,
    /// An image is to be checked above it.
    pub check_threshold: f64,
    /// When it was last activated.
    pub activated: Option<String>,
    /// Why its file cannot be used any more, if so.
    pub damaged: Option<String>,
    /// The polygons that its training had.
    #[serde(skip)]
    #[schema(ignore)]
    pub mask: Option<String>,
}

/// A model that was made active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Its SHA-256.
    pub model: String,
    /// When, in UTC.
    pub at: String,
    /// Whether a person chose it.
    pub is_by_person: bool,
}

impl Version {
    /// Whether somebody moved the thresholds of the model that it is based on, and nothing else: a calibration moves what
    /// light and focus are usual too.
    pub fn gives_the_same_scores(&self) -> bool {
        self.source == VersionSource::Thresholds && self.job.is_none()
    }
}

const ALL: [(VersionSource, &str); 5] = [
    (VersionSource::File, "file"),
    (VersionSource::Upload, "upload"),
    (VersionSource::Job, "job"),
    (VersionSource::Thresholds, "thresholds"),
    (VersionSource::Before, "before"),
];

const SELECT: &str = "SELECT station_model.model, station_model.added_at, source, file_name, job, based_on, good_images, \
     station_model.mask, oddspot, threshold, check_threshold, station.model AS active, \
     (SELECT MAX(activated_at) FROM activation \
      WHERE activation.station = station_model.station AND activation.model = station_model.model) AS activated_at \
     FROM station_model JOIN model_version ON model_version.sha256 = station_model.model \
     JOIN station ON station.name = station_model.station WHERE station_model.station = $1";

impl History {
    /// Notes a model of a station; one that it has already stays as it came first.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn add_version(
        &self,
        station: &str,
        model: &ModelVersion,
        origin: &Origin,
        note: Option<&Note>,
    ) -> Result<()> {
        let now = text_of(Timestamp::now());
        let mut transaction = self.write().begin().await?;
        sql::query(
            "INSERT INTO model_version (sha256, oddspot, threshold, check_threshold, added_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sha256) DO NOTHING",
        )
        .bind(&model.sha256)
        .bind(&model.oddspot)
        .bind(model.thresholds[0])
        .bind(model.thresholds[1])
        .bind(&now)
        .execute(&mut transaction)
        .await?;
        let images = origin
            .good_images
            .map(|images| i64::try_from(images).unwrap_or(i64::MAX));
        sql::query(
            "INSERT INTO station_model (station, model, added_at, source, file_name, job, based_on, good_images, mask) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (station, model) DO NOTHING",
        )
        .bind(station)
        .bind(&model.sha256)
        .bind(&now)
        .bind(word_of(origin.source))
        .bind(&origin.file)
        .bind(origin.job)
        .bind(&origin.based_on)
        .bind(images)
        .bind(&origin.mask)
        .execute(&mut transaction)
        .await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// The models of a station, the newest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn versions(&self, station: &str) -> Result<Vec<Version>> {
        let query = format!("{SELECT} ORDER BY station_model.added_at DESC, station_model.model");
        let rows = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .fetch_all(self.read())
            .await?;
        rows.iter().map(version).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// The station has no such model.
    pub async fn version(&self, station: &str, model: &str) -> Result<Version> {
        let query = format!("{SELECT} AND station_model.model = $2");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .bind(model)
            .fetch_optional(self.write())
            .await?;
        let found = row.as_ref().map(version).transpose()?;
        found.ok_or_else(|| {
            let sentence = Sentence::new("refused-unknown-model").with("station", station);
            Error::of(Kind::NotFound, sentence.with("model", format!("{model:?}")))
        })
    }

    /// Notes that a model of a station is active now.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn activate(
        &self,
        station: &str,
        model: &str,
        is_by_person: bool,
        note: Option<&Note>,
    ) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        sql::query(
            "INSERT INTO activation (station, number, model, activated_at, is_by_person) \
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM activation WHERE station = $1",
        )
        .bind(station)
        .bind(model)
        .bind(text_of(Timestamp::now()))
        .bind(i64::from(is_by_person))
        .execute(&mut transaction)
        .await?;
        set_model(&mut transaction, station, model).await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// What was made active and not rolled back since, the newest first: the one that is active, and those to which it
    /// can be gone back.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn activations(&self, station: &str) -> Result<Vec<Activation>> {
        let rows = sql::query(
            "SELECT model, activated_at, is_by_person FROM activation WHERE station = $1 AND undone_at IS NULL \
             ORDER BY number DESC",
        )
        .bind(station)
        .fetch_all(self.write())
        .await?;
        let all = rows.iter().map(|row| {
            Ok(Activation {
                model: row.try_get("model")?,
                at: row.try_get("activated_at")?,
                is_by_person: row.try_get::<i64, _>("is_by_person")? != 0,
            })
        });
        all.collect()
    }

    /// Notes that the model before the active one is active again.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn roll_back(&self, station: &str, to: &str, note: Option<&Note>) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        sql::query(
            "UPDATE activation SET undone_at = $2 WHERE station = $1 AND number = \
             (SELECT MAX(number) FROM activation WHERE station = $1 AND undone_at IS NULL)",
        )
        .bind(station)
        .bind(text_of(Timestamp::now()))
        .execute(&mut transaction)
        .await?;
        set_model(&mut transaction, station, to).await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }
}

async fn set_model(transaction: &mut Transaction, station: &str, model: &str) -> Result<()> {
    sql::query("UPDATE station SET model = $2 WHERE name = $1")
        .bind(station)
        .bind(model)
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

fn word_of(source: VersionSource) -> &'static str {
    let found = ALL.iter().find(|(one, _)| *one == source);
    found.map_or("before", |(_, word)| word)
}

fn version(row: &Row) -> Result<Version> {
    let sha256: String = row.try_get("model")?;
    let active: Option<String> = row.try_get("active")?;
    let source: String = row.try_get("source")?;
    let source = ALL.iter().find(|(_, word)| *word == source);
    Ok(Version {
        active: active.as_ref() == Some(&sha256),
        added: row.try_get("added_at")?,
        source: source.map_or(VersionSource::Before, |(source, _)| *source),
        file: row.try_get("file_name")?,
        job: row.try_get("job")?,
        based_on: row.try_get("based_on")?,
        good_images: row.try_get("good_images")?,
        oddspot: row.try_get("oddspot")?,
        threshold: row.try_get("threshold")?,
        check_threshold: row.try_get("check_threshold")?,
        activated: row.try_get("activated_at")?,
        damaged: None,
        mask: row.try_get("mask")?,
        sha256,
    })
}

//! Stations and the models that judged for them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use oddspot::verdict::Verdict;

use super::audit::{Note, put_note};
use super::inspection::verdict_named;
use super::sql::{self, Row};
use super::{History, text_of};
use crate::error::{Error, Kind, Result};

/// A station as the history has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationRow {
    /// Its name.
    pub name: String,
    /// SHA-256 of the model that judges.
    pub model: Option<String>,
    /// Whether it judges nothing for now.
    pub is_paused: bool,
    /// Whether it was made from the page.
    pub is_of_page: bool,
    /// Polygons of what is inspected, as JSON.
    pub mask: Option<String>,
    /// SHA-256 of the model file that the configuration named last.
    pub configured_model: Option<String>,
    /// Whether it was taken away: what it judged is still there.
    pub is_removed: bool,
}

/// A model that judged.
#[derive(Clone, Debug)]
pub struct ModelVersion {
    /// SHA-256 of its file.
    pub sha256: String,
    /// The version of oddspot that wrote it.
    pub oddspot: String,
    /// Its thresholds: anomalous, check.
    pub thresholds: [f64; 2],
}

impl History {
    /// All stations that ever were, by name; without those that are just being renamed.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn stations(&self) -> Result<Vec<StationRow>> {
        let query = format!(
            "{SELECT} WHERE renamed_to IS NULL AND name NOT IN \
             (SELECT renamed_to FROM station WHERE renamed_to IS NOT NULL) ORDER BY name"
        );
        let rows = sql::query(sqlx::AssertSqlSafe(query))
            .fetch_all(self.read())
            .await?;
        rows.iter().map(station).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn station(&self, name: &str) -> Result<Option<StationRow>> {
        let query = format!("{SELECT} WHERE name = $1");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(name)
            .fetch_optional(self.write())
            .await?;
        row.as_ref().map(station).transpose()
    }

    /// Makes a station known; one that is known stays as it is, but that it is of the page if it is made there anew, and
    /// is there again if it was taken away.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn add_station(
        &self,
        name: &str,
        is_of_page: bool,
        note: Option<&Note>,
    ) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        sql::query(
            "INSERT INTO station (name, added_at, is_of_page) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET \
             is_of_page = CASE WHEN excluded.is_of_page = 1 THEN 1 ELSE station.is_of_page END, removed_at = NULL",
        )
        .bind(name)
        .bind(text_of(Timestamp::now()))
        .bind(i64::from(is_of_page))
        .execute(&mut transaction)
        .await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// Notes whether a station judges nothing for now.
    ///
    /// # Errors
    /// There is no such station.
    pub async fn set_paused(&self, name: &str, is_paused: bool, note: Option<&Note>) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let query = sql::query("UPDATE station SET is_paused = $2 WHERE name = $1")
            .bind(name)
            .bind(i64::from(is_paused));
        one_of(query.execute(&mut transaction).await?.rows_affected(), name)?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// Notes which part of its images a station's next models inspect; all without polygons.
    ///
    /// # Errors
    /// There is no such station.
    pub async fn set_mask(
        &self,
        name: &str,
        mask: Option<&str>,
        note: Option<&Note>,
    ) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let query = sql::query("UPDATE station SET mask = $2 WHERE name = $1")
            .bind(name)
            .bind(mask);
        one_of(query.execute(&mut transaction).await?.rows_affected(), name)?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// Notes which model file the configuration names.
    ///
    /// # Errors
    /// There is no such station.
    pub async fn set_configured_model(&self, name: &str, sha256: &str) -> Result<()> {
        let query = sql::query("UPDATE station SET configured_model = $2 WHERE name = $1")
            .bind(name)
            .bind(sha256);
        one_of(query.execute(self.write()).await?.rows_affected(), name)
    }

    /// How many inspections of a station there were of each verdict since a moment.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn counts(&self, station: &str, since: Timestamp) -> Result<BTreeMap<Verdict, u64>> {
        let rows = sql::query(
            "SELECT verdict, COUNT(*) AS images FROM inspection WHERE station = $1 AND judged_at >= $2 \
             GROUP BY verdict",
        )
        .bind(station)
        .bind(text_of(since))
        .fetch_all(self.read())
        .await?;
        let mut counts: BTreeMap<_, _> = Verdict::ALL.into_iter().map(|one| (one, 0)).collect();
        for row in rows {
            let word: String = row.try_get("verdict")?;
            let images: i64 = row.try_get("images")?;
            if let Some(verdict) = verdict_named(&word) {
                counts.insert(verdict, u64::try_from(images).unwrap_or(0));
            }
        }
        Ok(counts)
    }
}

const SELECT: &str =
    "SELECT name, model, is_paused, is_of_page, mask, configured_model, removed_at FROM station";

fn one_of(rows: u64, name: &str) -> Result<()> {
    match rows {
        0 => {
            let reason = format!("there is no station {name}");
            Err(Error::new(Kind::NotFound, reason))
        }
        _ => Ok(()),
    }
}

fn station(row: &Row) -> Result<StationRow> {
    Ok(StationRow {
        name: row.try_get("name")?,
        model: row.try_get("model")?,
        is_paused: row.try_get::<i64, _>("is_paused")? != 0,
        is_of_page: row.try_get::<i64, _>("is_of_page")? != 0,
        mask: row.try_get("mask")?,
        configured_model: row.try_get("configured_model")?,
        is_removed: row.try_get::<Option<String>, _>("removed_at")?.is_some(),
    })
}

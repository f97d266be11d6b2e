//! Stations and the models that judged for them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use oddspot::verdict::Verdict;
use sqlx::Row;

use super::inspection::verdict_named;
use super::{History, text_of};
use crate::error::Result;

/// A station as the history has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationRow {
    /// Its name.
    pub name: String,
    /// SHA-256 of the model that judges.
    pub model: Option<String>,
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
    /// All stations that ever were, by name.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn stations(&self) -> Result<Vec<StationRow>> {
        let rows = sqlx::query("SELECT name, model FROM station ORDER BY name")
            .fetch_all(&self.read)
            .await?;
        let stations = rows.iter().map(|row| {
            Ok(StationRow {
                name: row.try_get("name")?,
                model: row.try_get("model")?,
            })
        });
        stations.collect()
    }

    /// Makes a station known, with the model that judges for it from now on; without one it keeps the one that it has.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_station(&self, name: &str, model: Option<&ModelVersion>) -> Result<()> {
        let now = text_of(Timestamp::now());
        if let Some(model) = model {
            sqlx::query(
                "INSERT INTO model_version (sha256, oddspot, threshold, check_threshold, added_at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sha256) DO NOTHING",
            )
            .bind(&model.sha256)
            .bind(&model.oddspot)
            .bind(model.thresholds[0])
            .bind(model.thresholds[1])
            .bind(&now)
            .execute(&self.write)
            .await?;
        }
        sqlx::query(
            "INSERT INTO station (name, model, added_at) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET model = COALESCE(excluded.model, station.model)",
        )
        .bind(name)
        .bind(model.map(|model| &model.sha256))
        .bind(&now)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// How many inspections of a station there were of each verdict since a moment.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn counts(&self, station: &str, since: Timestamp) -> Result<BTreeMap<Verdict, u64>> {
        let rows = sqlx::query(
            "SELECT verdict, COUNT(*) AS images FROM inspection WHERE station = $1 AND judged_at >= $2 \
             GROUP BY verdict",
        )
        .bind(station)
        .bind(text_of(since))
        .fetch_all(&self.read)
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

//! Inspections that are looked for.

use jiff::Timestamp;
use oddspot::verdict::Verdict;
use oddspot_arrivals::FileState;

use super::inspection::{FileOf, Inspection, Truth};
use super::rows::{SELECT, inspection};
use super::sql::{self, Builder, Row};
use super::{History, text_of};
use crate::error::Result;

/// Which inspections are looked for: those that all of it holds of.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of a station.
    pub station: Option<String>,
    /// Of a verdict.
    pub verdict: Option<Verdict>,
    /// Of a label.
    pub label: Option<LabelFilter>,
    /// Of a defect's name, as a label has it.
    pub defect: Option<String>,
    /// Judged then or later.
    pub since: Option<Timestamp>,
    /// Judged before.
    pub until: Option<Timestamp>,
    /// Of a part.
    pub part_id: Option<String>,
    /// By a model, by its SHA-256.
    pub model: Option<String>,
}

impl Filter {
    /// Whether it goes by what people said.
    pub(super) fn is_by_label(&self) -> bool {
        self.label.is_some() || self.defect.is_some()
    }
}

/// What people said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelFilter {
    /// That.
    Is(Truth),
    /// Nothing.
    None,
}

/// In which order they are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The highest score first.
    Score,
}

impl History {
    /// An inspection by its id.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn inspection(&self, id: &str) -> Result<Option<Inspection>> {
        let mut query = Builder::new(SELECT);
        query.push(" WHERE inspection.id = ").push_bind(id);
        let row = query.build().fetch_optional(self.read()).await?;
        row.as_ref().map(inspection).transpose()
    }

    /// So many inspections at most, after one that was the last of those before.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn find(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Inspection>> {
        let mut query = Builder::new(SELECT);
        query.push(" WHERE 1 = 1");
        restrict(&mut query, filter);
        if let Some(after) = after {
            match order {
                Order::Newest => query.push(" AND inspection.id < ").push_bind(after),
                Order::Oldest => query.push(" AND inspection.id > ").push_bind(after),
                Order::Score => query
                    .push(" AND (score, inspection.id) < (SELECT score, id FROM inspection WHERE id = ")
                    .push_bind(after)
                    .push(")"),
            };
        }
        query.push(match order {
            Order::Newest => " ORDER BY inspection.id DESC LIMIT ",
            Order::Oldest => " ORDER BY inspection.id LIMIT ",
            Order::Score => " ORDER BY score DESC, inspection.id DESC LIMIT ",
        });
        query.push_bind(i64::from(most));
        let rows = query.build().fetch_all(self.read()).await?;
        rows.iter().map(inspection).collect()
    }

    /// The inspection that came of a request with this key; asked by who writes next, whatever pages read.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn of_key(&self, station: &str, key: &str) -> Result<Option<Inspection>> {
        let mut query = Builder::new(SELECT);
        query.push(" WHERE station = ").push_bind(station);
        query.push(" AND idempotency_key = ").push_bind(key);
        let row = query.build().fetch_optional(self.write()).await?;
        row.as_ref().map(inspection).transpose()
    }

    /// The inspection that came of a file with this content.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn of_file(
        &self,
        station: &str,
        file: &FileOf,
        sha256: &str,
    ) -> Result<Option<Inspection>> {
        let mut query = Builder::new(SELECT);
        query.push(" WHERE station = ").push_bind(station);
        query.push(" AND file_name = ").push_bind(&file.name);
        let bytes = i64::try_from(file.bytes).unwrap_or(i64::MAX);
        query.push(" AND file_bytes = ").push_bind(bytes);
        query
            .push(" AND file_written_ns = ")
            .push_bind(file.written_ns);
        query.push(" AND image = ").push_bind(sha256);
        let row = query.build().fetch_optional(self.write()).await?;
        row.as_ref().map(inspection).transpose()
    }

    /// Lets another inspection be of a file as it lies there, which was moved on and has come again: the one before is of
    /// that name still, and of no file.
    ///
    /// # Errors
    /// A database that cannot be used.
    pub async fn release_file(&self, station: &str, file: &FileOf) -> Result<()> {
        let bytes = i64::try_from(file.bytes).unwrap_or(i64::MAX);
        let before: Vec<String> = sql::query_scalar(
            "SELECT id FROM inspection \
             WHERE station = $1 AND file_name = $2 AND file_bytes = $3 AND file_written_ns = $4",
        )
        .bind(station)
        .bind(&file.name)
        .bind(bytes)
        .bind(file.written_ns)
        .fetch_all(self.write())
        .await?;
        for id in before {
            sql::query("UPDATE inspection SET file_bytes = NULL WHERE id = $1")
                .bind(id)
                .execute(self.write())
                .await?;
        }
        Ok(())
    }

    /// How often a file was judged that lay there by this name and was written at that time.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn times_judged(&self, station: &str, name: &str, state: &FileState) -> Result<u64> {
        let times: i64 = sql::query_scalar(
            "SELECT COUNT(*) FROM inspection WHERE station = $1 AND file_name = $2 AND file_written_ns = $3",
        )
        .bind(station)
        .bind(name)
        .bind(state.written_ns)
        .fetch_one(self.read())
        .await?;
        Ok(u64::try_from(times).unwrap_or(0))
    }

    /// The files of a station's folder that were judged, as they lay there.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn files(&self, station: &str) -> Result<Vec<(String, FileState)>> {
        let rows = sql::query(
            "SELECT file_name, file_bytes, file_written_ns FROM inspection \
             WHERE station = $1 AND file_name IS NOT NULL AND file_bytes IS NOT NULL",
        )
        .bind(station)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(file).collect()
    }
}

/// A file of a folder by its name, as it lay there.
pub fn file(row: &Row) -> Result<(String, FileState)> {
    let bytes: i64 = row.try_get("file_bytes")?;
    let state = FileState {
        bytes: u64::try_from(bytes).unwrap_or(0),
        written_ns: row.try_get("file_written_ns")?,
        node: None,
    };
    Ok((row.try_get("file_name")?, state))
}

/// Restricts a statement to these; where it goes by labels they must be joined.
pub(super) fn restrict(query: &mut Builder, filter: &Filter) {
    if let Some(station) = &filter.station {
        query.push(" AND station = ").push_bind(station.clone());
    }
    if let Some(verdict) = filter.verdict {
        query.push(" AND verdict = ").push_bind(verdict.word());
    }
    match filter.label {
        Some(LabelFilter::Is(truth)) => {
            query.push(" AND label.truth = ").push_bind(truth.word());
        }
        Some(LabelFilter::None) => {
            query.push(" AND label.truth IS NULL");
        }
        None => {}
    }
    if let Some(defect) = &filter.defect {
        query.push(" AND label.defect = ").push_bind(defect.clone());
    }
    if let Some(since) = filter.since {
        query.push(" AND judged_at >= ").push_bind(text_of(since));
    }
    if let Some(until) = filter.until {
        query.push(" AND judged_at < ").push_bind(text_of(until));
    }
    if let Some(part_id) = &filter.part_id {
        query.push(" AND part_id = ").push_bind(part_id.clone());
    }
    if let Some(model) = &filter.model {
        query.push(" AND model = ").push_bind(model.clone());
    }
}

//! What people say of inspections.

use jiff::Timestamp;

use super::audit::{Note, put_note};
use super::inspection::Label;
use super::sql::{self, Builder, Transaction};
use super::{History, text_of};
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// Letters of a defect's name or of a note, at most.
const LONGEST: usize = 1_000;
/// Names of defects that are offered, at most: those that were given most often.
const OFFERED: i64 = 100;

impl History {
    /// Sets what a person says of an inspection, who is named in it, or takes it back.
    ///
    /// # Errors
    /// An inspection that there is none of; texts that are too long.
    pub async fn label(&self, id: &str, label: Option<&Label>, note: Option<&Note>) -> Result<()> {
        if self.inspection(id).await?.is_none() {
            return Err(Error::new(
                Kind::NotFound,
                format!("there is no inspection {id}"),
            ));
        }
        if let Some(label) = label {
            check(label)?;
        }
        let mut transaction = self.write().begin().await?;
        match label {
            Some(label) => put(&mut transaction, id, label).await?,
            None => remove(&mut transaction, id).await?,
        }
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// What defects were called before, at a station or at any, the most frequent first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn defects(&self, station: Option<&str>) -> Result<Vec<String>> {
        let mut query = Builder::new(
            "SELECT label.defect FROM label JOIN inspection ON inspection.id = label.inspection \
             WHERE label.defect IS NOT NULL AND label.defect <> ''",
        );
        if let Some(station) = station {
            query.push(" AND station = ").push_bind(station);
        }
        query.push(" GROUP BY label.defect ORDER BY COUNT(*) DESC, label.defect LIMIT ");
        query.push_bind(OFFERED);
        let rows = query.build().fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok(row.try_get("defect")?)).collect()
    }
}

async fn remove(transaction: &mut Transaction, id: &str) -> Result<()> {
    sql::query("DELETE FROM label WHERE inspection = $1")
        .bind(id)
        .execute(transaction)
        .await
        .map(drop)
}

/// Refuses texts that are too long.
fn check(label: &Label) -> Result<()> {
    let texts = [("defect", &label.defect), ("note", &label.note)];
    let too_long = texts.iter().find(|(_, text)| {
        let letters = text.as_ref().map_or(0, |text| text.chars().count());
        letters > LONGEST
    });
    if let Some((name, _)) = too_long {
        let sentence = Sentence::new("refused-letters").with("what", *name);
        let sentence = sentence.with("longest", LONGEST);
        return Err(Error::of(Kind::Invalid, sentence));
    }
    Ok(())
}

async fn put(transaction: &mut Transaction, id: &str, label: &Label) -> Result<()> {
    sql::query(
            "INSERT INTO label (inspection, truth, defect, note, set_at, who) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (inspection) DO UPDATE SET truth = excluded.truth, defect = excluded.defect, \
             note = excluded.note, set_at = excluded.set_at, who = excluded.who",
        )
        .bind(id)
        .bind(label.truth.word())
        .bind(&label.defect)
        .bind(&label.note)
        .bind(text_of(Timestamp::now()))
        .bind(&label.who)
        .execute(transaction)
        .await
        .map(drop)
}

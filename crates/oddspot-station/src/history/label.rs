//! What people say of inspections.

use jiff::Timestamp;

use super::audit::{Note, put_note};
use super::inspection::Label;
use super::sql::{self, Transaction};
use super::{History, text_of};
use crate::error::{Error, Kind, Result};

/// Letters of a defect's name or of a note, at most.
const LONGEST: usize = 1_000;

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
        let reason = format!("{name} has more than {LONGEST} letters");
        return Err(Error::new(Kind::Invalid, reason));
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

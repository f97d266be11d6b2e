//! What people say of inspections.

use jiff::Timestamp;

use super::inspection::Label;
use super::sql;
use super::{History, text_of};
use crate::error::{Error, Kind, Result};

/// Letters of a defect's name or of a note, at most.
const LONGEST: usize = 1_000;

impl History {
    /// Sets what a person says of an inspection, who is named in it, or takes it back.
    ///
    /// # Errors
    /// An inspection that there is none of; texts that are too long.
    pub async fn label(&self, id: &str, label: Option<&Label>) -> Result<()> {
        if self.inspection(id).await?.is_none() {
            return Err(Error::new(
                Kind::NotFound,
                format!("there is no inspection {id}"),
            ));
        }
        let Some(label) = label else {
            sql::query("DELETE FROM label WHERE inspection = $1")
                .bind(id)
                .execute(self.write())
                .await?;
            return Ok(());
        };
        let texts = [("defect", &label.defect), ("note", &label.note)];
        let too_long = texts.iter().find(|(_, text)| {
            let letters = text.as_ref().map_or(0, |text| text.chars().count());
            letters > LONGEST
        });
        if let Some((name, _)) = too_long {
            let reason = format!("{name} has more than {LONGEST} letters");
            return Err(Error::new(Kind::Invalid, reason));
        }
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
        .execute(self.write())
        .await?;
        Ok(())
    }
}

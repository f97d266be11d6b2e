//! A row of the database as an inspection.

use super::inspection::{Inspection, Label, Source, Truth, kept_image, verdict_named};
use super::sql::Row;
use crate::error::{Error, Result};

/// What is read of inspections, in any order.
pub const SELECT: &str = "SELECT inspection.id, station, judged_at, part_id, model, image, image_format, \
     image_bytes, verdict, score, threshold, check_threshold, reason, latency_ms, source, token, file_name, finding, \
     image_removed_at, repeats, sent_by, label.truth, label.defect, label.note, label.who \
     FROM inspection LEFT JOIN label ON label.inspection = inspection.id";

/// A row that was read by [`SELECT`].
pub fn inspection(row: &Row) -> Result<Inspection> {
    let id: String = row.try_get("id")?;
    let damaged = |what: &str| Error::internal(format!("inspection {id} has no readable {what}"));
    let finding: String = row.try_get("finding")?;
    let format: String = row.try_get("image_format")?;
    let image: String = row.try_get("image")?;
    let kept = kept_image(image.clone(), &format, row.try_get("image_bytes")?)
        .ok_or_else(|| damaged("image"))?;
    let verdict: String = row.try_get("verdict")?;
    let source: String = row.try_get("source")?;
    Ok(Inspection {
        station: row.try_get("station")?,
        time: row.try_get("judged_at")?,
        part_id: row.try_get("part_id")?,
        model: row.try_get("model")?,
        verdict: verdict_named(&verdict).ok_or_else(|| damaged("verdict"))?,
        score: row.try_get("score")?,
        threshold: row.try_get("threshold")?,
        check_threshold: row.try_get("check_threshold")?,
        reason: row.try_get("reason")?,
        repeats: (row.try_get::<Option<i64>, _>("repeats")?)
            .and_then(|images| u32::try_from(images).ok()),
        latency_ms: row.try_get("latency_ms")?,
        source: match source == Source::Folder.word() {
            true => Source::Folder,
            false => Source::Http,
        },
        token: row.try_get("token")?,
        sent_by: row.try_get("sent_by")?,
        file: row.try_get("file_name")?,
        image,
        image_removed: row.try_get("image_removed_at")?,
        media_type: kept.format.media_type(),
        label: label(row)?,
        finding: serde_json::from_str(&finding).map_err(|_| damaged("finding"))?,
        kept,
        id,
    })
}

fn label(row: &Row) -> Result<Option<Label>> {
    let truth: Option<String> = row.try_get("truth")?;
    let Some(truth) = truth else {
        return Ok(None);
    };
    Ok(Some(Label {
        truth: Truth::of_word(&truth),
        defect: row.try_get("defect")?,
        note: row.try_get("note")?,
        who: row.try_get("who")?,
    }))
}

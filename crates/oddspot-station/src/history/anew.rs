//! Labelled images by models that did not judge them when they came: judged once by each, and kept.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use oddspot::verdict::Verdict;

use super::inspection::{Truth, is_untrusted, kept_image};
use super::labelled::{alike, is_untrusted_by_itself};
use super::sql;
use super::{History, text_of};
use crate::data::KeptImage;
use crate::error::Result;

/// A content that is labelled, and of which the file is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledImage {
    /// The inspection that is labelled.
    pub inspection: String,
    /// As it is called: part or file, else its id.
    pub name: String,
    /// As it is kept.
    pub kept: KeptImage,
    /// Bad if it was ever labelled so, else as it was labelled last.
    pub truth: Truth,
    /// What was said to be wrong with it.
    pub defect: Option<String>,
}

/// What an image is by a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByModel {
    /// Its score.
    pub score: f64,
    /// Whether it could not be trusted.
    pub is_untrusted: bool,
    /// Whether the model learned from it.
    pub is_learned: bool,
}

/// An image that was judged anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Anew {
    /// SHA-256 of the model.
    pub model: String,
    /// SHA-256 of the image's file.
    pub image: String,
    /// The verdict by the model's own thresholds.
    pub verdict: Verdict,
    /// Its score.
    pub score: f64,
    /// Whether the model learned from it.
    pub is_learned: bool,
}

impl History {
    /// The labelled contents of a station whose files are kept, each once.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn labelled_images(&self, station: &str) -> Result<Vec<LabelledImage>> {
        let rows = sql::query(
            "SELECT inspection.id, image, image_format, image_bytes, label.truth, label.defect, \
             COALESCE(part_id, file_name, inspection.id) AS name \
             FROM inspection JOIN label ON label.inspection = inspection.id \
             WHERE station = $1 AND EXISTS (SELECT 1 FROM inspection AS other \
             WHERE other.image = inspection.image AND other.image_removed_at IS NULL) \
             ORDER BY label.truth = $2 DESC, label.set_at DESC, inspection.id DESC",
        )
        .bind(station)
        .bind(Truth::Bad.word())
        .fetch_all(self.read())
        .await?;
        let mut known = HashSet::new();
        let mut found = Vec::new();
        for row in rows {
            let image: String = row.try_get("image")?;
            let format: String = row.try_get("image_format")?;
            let kept = kept_image(image.clone(), &format, row.try_get("image_bytes")?);
            let Some(kept) = kept.filter(|_| known.insert(image)) else {
                continue;
            };
            let truth: String = row.try_get("truth")?;
            found.push(LabelledImage {
                inspection: row.try_get("id")?,
                name: row.try_get("name")?,
                kept,
                truth: Truth::of_word(&truth),
                defect: row.try_get("defect")?,
            });
        }
        Ok(found)
    }

    /// What the labelled images of a station are by a model, or by one that differs in thresholds alone, as far as
    /// they were judged by it: by the SHA-256 of their files.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn by_model(&self, station: &str, model: &str) -> Result<HashMap<String, ByModel>> {
        let alike = alike(&self.versions(station).await?, model);
        let mut found = HashMap::new();
        for model in &alike {
            let query =
                "SELECT image, score, verdict, is_learned FROM judged_anew WHERE model = $1";
            let rows = sql::query(query).bind(model).fetch_all(self.read()).await?;
            for row in rows {
                let verdict: String = row.try_get("verdict")?;
                let by = ByModel {
                    score: row.try_get("score")?,
                    is_untrusted: is_untrusted(&verdict),
                    is_learned: row.try_get::<i64, _>("is_learned")? != 0,
                };
                found.insert(row.try_get("image")?, by);
            }
        }
        let rows = sql::query(
            "SELECT model, image, score, verdict, repeats FROM inspection WHERE station = $1 AND image IN \
             (SELECT other.image FROM inspection AS other JOIN label ON label.inspection = other.id \
             WHERE other.station = $1) ORDER BY id",
        )
        .bind(station)
        .fetch_all(self.read())
        .await?;
        for row in rows {
            let model: String = row.try_get("model")?;
            let image: String = row.try_get("image")?;
            if !alike.contains(&model) || found.contains_key(&image) {
                continue;
            }
            let by = ByModel {
                score: row.try_get("score")?,
                is_untrusted: is_untrusted_by_itself(&row)?,
                is_learned: false,
            };
            found.insert(image, by);
        }
        Ok(found)
    }

    /// Keeps what an image is by a model.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn add_anew(&self, anew: &Anew) -> Result<()> {
        sql::query(
            "INSERT INTO judged_anew (model, image, verdict, score, is_learned, judged_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (model, image) DO NOTHING",
        )
        .bind(&anew.model)
        .bind(&anew.image)
        .bind(anew.verdict.word())
        .bind(anew.score)
        .bind(i64::from(anew.is_learned))
        .bind(text_of(Timestamp::now()))
        .execute(self.write())
        .await?;
        Ok(())
    }
}

impl ByModel {
    /// The verdict by thresholds: anomalous, check.
    pub fn verdict(&self, [threshold, check]: [f64; 2]) -> Verdict {
        match self.score {
            _ if self.is_untrusted => Verdict::Untrusted,
            score if score > threshold => Verdict::Anomalous,
            score if score > check => Verdict::Check,
            _ => Verdict::Good,
        }
    }
}

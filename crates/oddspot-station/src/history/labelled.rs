//! What people said of inspections whose scores can be compared: those by models that differ in thresholds alone, and those
//! that were judged anew.

use std::collections::HashSet;

use oddspot::datasets::Label;

use super::inspection::{Truth, is_untrusted};
use super::sql::{self, Row};
use super::{GoodImage, History, Version};
use crate::data::KeptImage;
use crate::error::Result;

/// A part that a person labelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// What it really is.
    pub truth: Truth,
    /// Its score.
    pub score: f64,
    /// Whether its image could not be trusted: then no threshold lets it pass.
    pub is_untrusted: bool,
    /// As it is called: part or file, else its id.
    pub name: String,
    /// SHA-256 of its image's file.
    pub image: String,
}

/// What is labelled of a station, by a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledBy {
    /// The parts that have a score by it.
    pub parts: Vec<Labelled>,
    /// How many others there are: other models judged them.
    pub others: u64,
    /// Of these, so many whose image is kept: they can be judged anew.
    pub waiting: u64,
    /// How many do not count because the model learned from their image since.
    pub learned: u64,
}

impl History {
    /// What is labelled of a station by a model, or by one that gives the same scores: as they were judged when they came,
    /// else anew.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn labelled(&self, station: &str, model: &str) -> Result<LabelledBy> {
        let alike = alike(&self.versions(station).await?, model);
        let anew = self.by_model(station, model).await?;
        let rows = sql::query(
            "SELECT model, image, image_removed_at, score, verdict, repeats, label.truth, \
             COALESCE(part_id, file_name, inspection.id) AS name \
             FROM inspection JOIN label ON label.inspection = inspection.id WHERE station = $1 ORDER BY inspection.id",
        )
        .bind(station)
        .fetch_all(self.read())
        .await?;
        let mut found = LabelledBy::default();
        for row in rows {
            let model: String = row.try_get("model")?;
            let image: String = row.try_get("image")?;
            let (score, is_untrusted) = if alike.contains(&model) {
                (row.try_get("score")?, is_untrusted_by_itself(&row)?)
            } else if let Some(by) = anew.get(&image) {
                if by.is_learned {
                    found.learned += 1;
                    continue;
                }
                (by.score, by.is_untrusted)
            } else {
                let removed: Option<String> = row.try_get("image_removed_at")?;
                found.others += 1;
                found.waiting += u64::from(removed.is_none());
                continue;
            };
            let truth: String = row.try_get("truth")?;
            found.parts.push(Labelled {
                truth: Truth::of_word(&truth),
                score,
                is_untrusted,
                name: row.try_get("name")?,
                image,
            });
        }
        Ok(found)
    }
}

/// Whether the image of an inspection could not be trusted for what it shows: one that came too often is as good as any.
pub(super) fn is_untrusted_by_itself(row: &Row) -> Result<bool> {
    let verdict: String = row.try_get("verdict")?;
    let repeats: Option<i64> = row.try_get("repeats")?;
    Ok(is_untrusted(&verdict) && repeats.is_none())
}

/// A row of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestRow {
    /// The image.
    pub kept: KeptImage,
    /// `train` or `test`.
    pub split: &'static str,
    /// `good`, or the defect's name.
    pub label: String,
}

impl ManifestRow {
    /// Whether it is a bad part.
    pub fn is_bad(&self) -> bool {
        self.label != GOOD
    }
}

/// What a defect is called that has no name of its own.
const BAD: &str = "bad";
/// What a good part is called.
const GOOD: &str = "good";

/// The good images of a station that are not left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lesson {
    /// What is to be learned from.
    pub good: Vec<GoodImage>,
    /// What was labelled bad, before or after it came among the good ones: nothing is learned from it.
    pub labelled_bad: Vec<GoodImage>,
}

impl History {
    /// What a station's models are to learn from now.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn lesson(&self, station: &str) -> Result<Lesson> {
        let bad = self.bad_images(station).await?;
        let good = self.good_images(station).await?.into_iter();
        let used = good.filter(|image| !image.left_out);
        let (labelled_bad, good) = used.partition(|image| bad.contains(&image.image));
        Ok(Lesson { good, labelled_bad })
    }

    /// The contents of a station's images, by their SHA-256, of which at least one inspection is labelled bad.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn bad_images(&self, station: &str) -> Result<HashSet<String>> {
        let images = sql::query_scalar(
            "SELECT DISTINCT image FROM inspection JOIN label ON label.inspection = inspection.id \
             WHERE station = $1 AND label.truth = $2",
        )
        .bind(station)
        .bind(Truth::Bad.word())
        .fetch_all(self.read())
        .await?;
        Ok(images.into_iter().collect())
    }

    /// The good images of a station, to be learned from, and its labelled parts whose image is there, to be tested on;
    /// each content once, as bad if it was ever labelled so, else among the good images, else as it was labelled last.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn manifest(&self, station: &str) -> Result<Vec<ManifestRow>> {
        let good = self.lesson(station).await?.good;
        let mut rows: Vec<ManifestRow> = (good.into_iter())
            .map(|image| ManifestRow {
                kept: image.kept,
                split: "train",
                label: GOOD.to_owned(),
            })
            .collect();
        let known: HashSet<String> = rows.iter().map(|row| row.kept.sha256.clone()).collect();
        let labelled = self.labelled_images(station).await?.into_iter();
        let others = labelled.filter(|image| !known.contains(&image.kept.sha256));
        rows.extend(others.map(|image| ManifestRow {
            kept: image.kept,
            split: "test",
            label: match image.truth {
                Truth::Good => GOOD.to_owned(),
                Truth::Bad => defect_of(image.defect),
            },
        }));
        Ok(rows)
    }
}

/// A defect as a manifest calls it: never as it calls good ones.
fn defect_of(defect: Option<String>) -> String {
    let defect = defect.map(|name| name.trim().to_owned());
    let named = defect.filter(|name| !name.is_empty() && Label::named(name) != Label::Good);
    named.unwrap_or_else(|| BAD.to_owned())
}

/// The models that give the same scores as one: those whose thresholds were moved to make others of them.
pub(super) fn alike(versions: &[Version], model: &str) -> Vec<String> {
    let root = |sha256: &str| {
        let mut at = sha256.to_owned();
        // No longer than there are versions: none is based on itself.
        for _ in versions {
            let version = versions.iter().find(|one| one.sha256 == at);
            let version = version.filter(|one| one.gives_the_same_scores());
            match version.and_then(|one| one.based_on.clone()) {
                Some(before) => at = before,
                None => break,
            }
        }
        at
    };
    let wanted = root(model);
    let all = versions.iter().map(|one| one.sha256.clone());
    let mut alike: Vec<String> = all.filter(|sha256| root(sha256) == wanted).collect();
    alike.push(model.to_owned());
    alike
}

//! The good images of a station: what its models are to learn from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{Note, put_note};
use super::inspection::kept_image;
use super::sql::{self, Row, Transaction};
use super::{History, text_of};
use crate::data::KeptImage;
use crate::error::{Error, Kind, Result};

/// A good image of a station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoodImage {
    /// SHA-256 of its file.
    pub image: String,
    /// As it was called where it came from.
    pub file: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How it came.
    pub source: GoodSource,
    /// Whether nothing is to be learned from it for now.
    pub left_out: bool,
    /// When it came, in UTC.
    pub added: String,
    /// As it is kept.
    #[serde(skip)]
    #[schema(ignore)]
    pub kept: KeptImage,
}

/// How a good image came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GoodSource {
    /// From a person's files.
    Upload,
    /// From what was judged.
    History,
}

impl GoodSource {
    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::History => "history",
        }
    }
}

/// An image that is to be among the good ones; it lies on the disk.
#[derive(Clone, Debug)]
pub struct NewGood {
    /// As it is kept.
    pub kept: KeptImage,
    /// As it is called.
    pub file: String,
    /// Columns and rows.
    pub size: [u32; 2],
    /// How it came.
    pub source: GoodSource,
}

const SELECT: &str = "SELECT image, image_format, image_bytes, width, height, file_name, source, is_left_out, added_at \
     FROM good_image WHERE station = $1";

impl History {
    /// Adds a good image; false if its content is among them already.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn add_good(
        &self,
        station: &str,
        good: &NewGood,
        note: Option<&Note>,
    ) -> Result<bool> {
        let mut transaction = self.write().begin().await?;
        let NewGood { kept, file, .. } = good;
        let added = sql::query(
            "INSERT INTO good_image (station, image, image_format, image_bytes, width, height, file_name, source, \
             is_left_out, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9) \
             ON CONFLICT (station, image) DO NOTHING",
        )
        .bind(station)
        .bind(&kept.sha256)
        .bind(kept.format.extension())
        .bind(i64::try_from(kept.bytes).unwrap_or(i64::MAX))
        .bind(i64::from(good.size[0]))
        .bind(i64::from(good.size[1]))
        .bind(file)
        .bind(good.source.word())
        .bind(text_of(Timestamp::now()))
        .execute(&mut transaction)
        .await?;
        let is_new = added.rows_affected() > 0;
        put_note(&mut transaction, note.filter(|_| is_new)).await?;
        transaction.commit().await?;
        Ok(is_new)
    }

    /// All good images of a station, as they came.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn good_images(&self, station: &str) -> Result<Vec<GoodImage>> {
        let query = format!("{SELECT} ORDER BY added_at, image");
        let rows = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .fetch_all(self.read())
            .await?;
        rows.iter().map(good_image).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// There is none of this content.
    pub async fn good_image(&self, station: &str, image: &str) -> Result<GoodImage> {
        let query = format!("{SELECT} AND image = $2");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .bind(image)
            .fetch_optional(self.read())
            .await?;
        row.as_ref()
            .map(good_image)
            .transpose()?
            .ok_or_else(|| none(image))
    }

    /// Leaves one out of what is learned from, or takes it in again.
    ///
    /// # Errors
    /// There is none of this content.
    pub async fn leave_out(
        &self,
        station: &str,
        image: &str,
        left_out: bool,
        note: Option<&Note>,
    ) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let query = "UPDATE good_image SET is_left_out = $3 WHERE station = $1 AND image = $2";
        let query = sql::query(query)
            .bind(station)
            .bind(image)
            .bind(i64::from(left_out));
        let changed = query.execute(&mut transaction).await?.rows_affected();
        keep_one(transaction, changed, image, note).await
    }

    /// Takes one away; its file stays, also when images are removed, for a model may have learned from it.
    ///
    /// # Errors
    /// There is none of this content.
    pub async fn remove_good(&self, station: &str, image: &str, note: Option<&Note>) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        sql::query(
            "INSERT INTO learned_image (station, image, image_bytes) \
             SELECT station, image, image_bytes FROM good_image WHERE station = $1 AND image = $2 \
             ON CONFLICT (station, image) DO UPDATE SET image_bytes = excluded.image_bytes",
        )
        .bind(station)
        .bind(image)
        .execute(&mut transaction)
        .await?;
        let query = "DELETE FROM good_image WHERE station = $1 AND image = $2";
        let query = sql::query(query).bind(station).bind(image);
        let changed = query.execute(&mut transaction).await?.rows_affected();
        keep_one(transaction, changed, image, note).await
    }
}

/// Keeps what was changed of an image, with who did it; nothing where there was none to change.
async fn keep_one(
    mut transaction: Transaction,
    changed: u64,
    image: &str,
    note: Option<&Note>,
) -> Result<()> {
    if changed == 0 {
        return Err(none(image));
    }
    put_note(&mut transaction, note).await?;
    transaction.commit().await
}

fn none(image: &str) -> Error {
    let reason = format!("there is no good image {image:?}");
    Error::new(Kind::NotFound, reason)
}

fn good_image(row: &Row) -> Result<GoodImage> {
    let image: String = row.try_get("image")?;
    let format: String = row.try_get("image_format")?;
    let kept = kept_image(image.clone(), &format, row.try_get("image_bytes")?);
    let kept =
        kept.ok_or_else(|| Error::internal(format!("good image {image} is of no known kind")))?;
    let side = |name: &str| -> Result<u32> {
        let side: i64 = row.try_get(name)?;
        Ok(u32::try_from(side).unwrap_or(0))
    };
    let source: String = row.try_get("source")?;
    Ok(GoodImage {
        image,
        file: row.try_get("file_name")?,
        width: side("width")?,
        height: side("height")?,
        source: match source == GoodSource::History.word() {
            true => GoodSource::History,
            false => GoodSource::Upload,
        },
        left_out: row.try_get::<i64, _>("is_left_out")? != 0,
        added: row.try_get("added_at")?,
        kept,
    })
}

//! Which images are kept, and which may go.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use oddspot::verdict::Verdict;
use uuid::Uuid;

use super::sql::{self, Builder, Row, Transaction};
use super::{History, text_of};
use crate::error::Result;

/// Rows that are written at a time.
const AT_ONCE: usize = 500;

/// A part whose image is there, and may go: a good one, or one that shows the very same picture as those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithImage {
    /// Its id.
    pub id: String,
    /// SHA-256 of the image's file.
    pub image: String,
}

/// What was marked as removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The images, by their SHA-256.
    pub images: Vec<String>,
    /// The inspections that named them.
    pub inspections: Vec<String>,
    /// Bytes of the images.
    pub bytes: u64,
}

/// The first id that can have been given at a moment: ids stand in the order of time.
pub fn first_id_at(moment: Timestamp) -> String {
    let milliseconds = u128::try_from(moment.as_millisecond()).unwrap_or(0);
    // The time is the first 48 bits.
    Uuid::from_u128(milliseconds << 80).to_string()
}

impl History {
    /// Bytes of the images of each station that has any: of its parts, and of what its models learned from. An image
    /// counts once at each station.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn kept_bytes(&self) -> Result<BTreeMap<String, u64>> {
        let rows = sql::query(
            "SELECT station, CAST(SUM(image_bytes) AS BIGINT) AS bytes FROM (\
             SELECT station, image, image_bytes FROM inspection WHERE image_removed_at IS NULL \
             UNION SELECT station, image, image_bytes FROM good_image \
             UNION SELECT station, image, image_bytes FROM learned_image) AS kept GROUP BY station",
        )
        .fetch_all(self.read())
        .await?;
        let bytes = rows.iter().map(|row| {
            let bytes: i64 = row.try_get("bytes")?;
            Ok((row.try_get("station")?, u64::try_from(bytes).unwrap_or(0)))
        });
        bytes.collect()
    }

    /// The id of the good part of a station before which there are so many newer ones with their images; None if there
    /// are fewer.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn good_after(&self, station: &str, newer: u32) -> Result<Option<String>> {
        let Some(skipped) = newer.checked_sub(1) else {
            // Behind all that there are.
            return Ok(Some(Uuid::max().to_string()));
        };
        sql::query_scalar(
            "SELECT id FROM inspection WHERE station = $1 AND verdict = $2 AND image_removed_at IS NULL \
             ORDER BY id DESC LIMIT 1 OFFSET $3",
        )
        .bind(station)
        .bind(Verdict::Good.word())
        .bind(i64::from(skipped))
        .fetch_optional(self.read())
        .await
    }

    /// The oldest parts of a station that are good, or whose picture was repeated, and whose images are there; after one
    /// of them and before another.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn good_between(
        &self,
        station: &str,
        [after, before]: [&str; 2],
        most: u32,
    ) -> Result<Vec<WithImage>> {
        let rows = sql::query(
            "SELECT id, image FROM inspection WHERE station = $1 AND verdict = $2 AND image_removed_at IS NULL \
             AND id > $3 AND id < $4 \
             UNION ALL SELECT id, image FROM inspection WHERE station = $1 AND verdict = $6 AND repeats IS NOT NULL \
             AND image_removed_at IS NULL AND id > $3 AND id < $4 ORDER BY id LIMIT $5",
        )
        .bind(station)
        .bind(Verdict::Good.word())
        .bind(after)
        .bind(before)
        .bind(i64::from(most))
        .bind(Verdict::Untrusted.word())
        .fetch_all(self.read())
        .await?;
        let parts = rows.iter().map(|row| {
            Ok(WithImage {
                id: row.try_get("id")?,
                image: row.try_get("image")?,
            })
        });
        parts.collect()
    }

    /// Marks images of a station as removed, at all its parts that name them; those that must stay are left out. They
    /// must stay where any such part is not good and no repeated picture, is labelled, or has an id from `before` on, and where models of the
    /// station learn or learned from them. No more of them are marked, in their order, than make so many `bytes`.
    ///
    /// # Errors
    /// A database that cannot be written: then none is marked.
    pub async fn mark_removed(
        &self,
        station: &str,
        images: &[String],
        (before, bytes): (&str, u64),
        now: Timestamp,
    ) -> Result<Marked> {
        if images.is_empty() {
            return Ok(Marked::default());
        }
        let mut transaction = self.write().begin().await?;
        let free = free(&mut transaction, station, images, before).await?;
        let mut marked = Marked::default();
        for image in images {
            if marked.bytes >= bytes {
                break;
            }
            if let Some(of_image) = free.get(image)
                && !marked.images.contains(image)
            {
                marked.bytes += of_image;
                marked.images.push(image.clone());
            }
        }
        if marked.images.is_empty() {
            return Ok(marked);
        }
        let mut query = Builder::new("UPDATE inspection SET image_removed_at = ");
        query.push_bind(text_of(now));
        query.push(" WHERE station = ").push_bind(station);
        query.push(" AND image_removed_at IS NULL AND image IN ");
        listed(&mut query, &marked.images);
        query.push(" RETURNING id");
        let rows = query.build().fetch_all(&mut transaction).await?;
        transaction.commit().await?;
        let ids = rows.iter().map(|row| Ok(row.try_get("id")?));
        marked.inspections = ids.collect::<Result<_>>()?;
        Ok(marked)
    }

    /// Those of some images whose files somebody needs: a part whose image is not removed, or models.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn needed_images(&self, images: &[String]) -> Result<HashSet<String>> {
        if images.is_empty() {
            return Ok(HashSet::new());
        }
        let mut query = Builder::new(
            "SELECT image FROM inspection WHERE image_removed_at IS NULL AND image IN ",
        );
        listed(&mut query, images);
        for table in ["good_image", "learned_image"] {
            query.push(format!(" UNION SELECT image FROM {table} WHERE image IN "));
            listed(&mut query, images);
        }
        all_of(&query.build().fetch_all(self.read()).await?)
    }

    /// Those of some images that parts name which say that they were removed.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn removed_images(&self, images: &[String]) -> Result<HashSet<String>> {
        if images.is_empty() {
            return Ok(HashSet::new());
        }
        let mut query = Builder::new(
            "SELECT DISTINCT image FROM inspection WHERE image_removed_at IS NOT NULL AND image IN ",
        );
        listed(&mut query, images);
        all_of(&query.build().fetch_all(self.read()).await?)
    }

    /// Those of some ids of inspections, or SHA-256 of good images, of which pictures may be shown.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn shown(&self, named: &[String]) -> Result<HashSet<String>> {
        if named.is_empty() {
            return Ok(HashSet::new());
        }
        let mut query =
            Builder::new("SELECT id FROM inspection WHERE image_removed_at IS NULL AND id IN ");
        listed(&mut query, named);
        query.push(" UNION SELECT image FROM good_image WHERE image IN ");
        listed(&mut query, named);
        all_of(&query.build().fetch_all(self.read()).await?)
    }

    /// The models of stations of which it was not noted yet which images they learned from: station and model.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn unnoted_models(&self) -> Result<Vec<(String, String)>> {
        let rows = sql::query(
            "SELECT station, model FROM station_model WHERE learned_noted_at IS NULL ORDER BY station, model",
        )
        .fetch_all(self.read())
        .await?;
        let models = rows
            .iter()
            .map(|row| Ok((row.try_get("station")?, row.try_get("model")?)));
        models.collect()
    }

    /// Notes which images a model of a station learned from: they are never removed.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn note_learned(
        &self,
        (station, model): (&str, &str),
        images: &[String],
        now: Timestamp,
    ) -> Result<()> {
        // Noted twice after a kill is noted once.
        for some in images.chunks(AT_ONCE) {
            let mut query =
                Builder::new("INSERT INTO learned_image (station, image, image_bytes) ");
            query.push_values(some, |mut row, image| {
                row.push_bind(station).push_bind(image).push_bind(0_i64);
            });
            query.push(" ON CONFLICT (station, image) DO NOTHING");
            query.build().execute(self.write()).await?;
        }
        sql::query(
            "UPDATE station_model SET learned_noted_at = $3 WHERE station = $1 AND model = $2",
        )
        .bind(station)
        .bind(model)
        .bind(text_of(now))
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// The oldest good parts of a station, after one of them and before another, whose image is gone and that have no
    /// label and wait for no output.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn bare_rows(
        &self,
        station: &str,
        [after, before]: [&str; 2],
        most: u32,
    ) -> Result<Vec<String>> {
        let mut query = bare();
        query.push(" AND station = ").push_bind(station);
        query.push(" AND id > ").push_bind(after);
        query.push(" AND id < ").push_bind(before);
        query.push(" ORDER BY id LIMIT ");
        query.push_bind(i64::from(most));
        let rows = query.build().fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok(row.first()?)).collect()
    }

    /// Removes some of these, as far as they still are such.
    ///
    /// # Errors
    /// A database that cannot be written: then none is removed.
    pub async fn remove_rows(&self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().begin().await?;
        let mut query = bare();
        query.push(" AND id IN ");
        listed(&mut query, ids);
        let rows = query.build().fetch_all(&mut transaction).await?;
        let bare: Vec<String> = all_of(&rows)?.into_iter().collect();
        if bare.is_empty() {
            return Ok(());
        }
        for (table, column) in [
            ("region", "inspection"),
            ("image_health", "inspection"),
            ("inspection", "id"),
        ] {
            let mut query = Builder::new("DELETE FROM ");
            query.push(format!("{table} WHERE {column} IN "));
            listed(&mut query, &bare);
            query.build().execute(&mut transaction).await?;
        }
        transaction.commit().await
    }
}

/// Good parts whose image is gone, of which nobody said anything and that nobody is still to hear of.
fn bare() -> Builder {
    let mut query = Builder::new(
        "SELECT id FROM inspection WHERE image_removed_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM label WHERE label.inspection = inspection.id) \
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.inspection = inspection.id) AND verdict = ",
    );
    query.push_bind(Verdict::Good.word());
    query
}

/// Adds `($1, $2, …)`.
fn listed(query: &mut Builder, values: &[String]) {
    for (number, value) in values.iter().enumerate() {
        query.push(if number == 0 { "(" } else { ", " });
        query.push_bind(value);
    }
    query.push(")");
}

fn all_of(rows: &[Row]) -> Result<HashSet<String>> {
    rows.iter().map(|row| Ok(row.first()?)).collect()
}

/// Those of some images that may go from a station, and how many bytes each has.
async fn free(
    transaction: &mut Transaction,
    station: &str,
    images: &[String],
    before: &str,
) -> Result<BTreeMap<String, u64>> {
    let mut query = Builder::new(
        "SELECT image, MAX(image_bytes) AS bytes FROM inspection LEFT JOIN label ON label.inspection = inspection.id \
         WHERE station = ",
    );
    query.push_bind(station);
    query.push(" AND image_removed_at IS NULL AND image IN ");
    listed(&mut query, images);
    for table in ["good_image", "learned_image"] {
        query.push(format!(" AND NOT EXISTS (SELECT 1 FROM {table} AS learned WHERE learned.station = inspection.station AND learned.image = inspection.image)"));
    }
    query.push(" GROUP BY image HAVING MAX(inspection.id) < ");
    query.push_bind(before);
    // What is repeated shows nothing that the first of its row does not.
    query.push(" AND COUNT(label.truth) = 0 AND COUNT(CASE WHEN repeats IS NULL AND verdict <> ");
    query.push_bind(Verdict::Good.word());
    query.push(" THEN 1 END) = 0");
    let rows = query.build().fetch_all(&mut *transaction).await?;
    let free = rows.iter().map(|row| {
        let bytes: i64 = row.try_get("bytes")?;
        Ok((row.try_get("image")?, u64::try_from(bytes).unwrap_or(0)))
    });
    free.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_id_of_a_moment_stands_before_all_of_it_and_behind_all_before() {
        let before = Uuid::now_v7().to_string();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let first = first_id_at(Timestamp::now());
        let after = Uuid::now_v7().to_string();
        assert!(before < first && first <= after, "{before} {first} {after}");
        let far = "2500-01-01T00:00:00Z".parse().unwrap();
        assert!(after < first_id_at(far));
    }
}

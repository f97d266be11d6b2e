//! Files of folders that are no usable images and stay where they are.

use jiff::Timestamp;
use oddspot_arrivals::FileState;

use super::inspection::FileOf;
use super::{History, sql, text_of};
use crate::error::Result;

impl History {
    /// Notes that a file of a station's folder is no usable image as it lies there now, and why.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_unreadable(&self, station: &str, file: &FileOf, reason: &str) -> Result<()> {
        sql::query(
            "INSERT INTO unreadable (station, file_name, file_bytes, file_written_ns, reason, found_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (station, file_name) DO UPDATE SET \
             file_bytes = excluded.file_bytes, file_written_ns = excluded.file_written_ns, \
             reason = excluded.reason, found_at = excluded.found_at",
        )
        .bind(station)
        .bind(&file.name)
        .bind(i64::try_from(file.bytes).unwrap_or(i64::MAX))
        .bind(file.written_ns)
        .bind(reason)
        .bind(text_of(Timestamp::now()))
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// Whether the history can be written: a row comes and goes in one step, and the disk takes it.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check_writable(&self) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        // A name that no file can have.
        sql::query(
            "INSERT INTO unreadable (station, file_name, file_bytes, file_written_ns, reason, found_at) \
             SELECT MIN(name), '/', 0, 0, '', '' FROM station HAVING COUNT(*) > 0",
        )
        .execute(&mut transaction)
        .await?;
        sql::query("DELETE FROM unreadable WHERE file_name = '/'")
            .execute(&mut transaction)
            .await?;
        transaction.commit().await
    }

    /// Forgets those of a station that were found before a moment: what lies there still is told anew.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn forget_unreadable(&self, station: &str, before: Timestamp) -> Result<()> {
        sql::query("DELETE FROM unreadable WHERE station = $1 AND found_at < $2")
            .bind(station)
            .bind(text_of(before))
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Those files by their names, each as it lay there.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn unreadable(&self, station: &str) -> Result<Vec<(String, FileState)>> {
        let rows = sql::query(
            "SELECT file_name, file_bytes, file_written_ns FROM unreadable WHERE station = $1",
        )
        .bind(station)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(super::query::file).collect()
    }
}

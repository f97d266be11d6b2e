//! What came of verifying a model, as it stands in who did what.

use super::audit::{Deed, Note};
use super::job::{SELECT, job, told};
use super::{History, Job, JobKind, JobState, sql};
use crate::error::Result;

impl History {
    /// The newest job of a station that verified a model and came to an end by itself.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn last_verified(&self, station: &str) -> Result<Option<Job>> {
        let query = format!(
            "{SELECT} WHERE station = $1 AND kind = $2 AND state IN ($3, $4) ORDER BY id DESC LIMIT 1"
        );
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(station)
            .bind(JobKind::Verify.word())
            .bind(JobState::Done.word())
            .bind(JobState::Failed.word())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(job).transpose()
    }

    /// What is noted of a job that verified a model and came to an end: by whom it was asked for, and what came of it.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn verified_by(&self, job: &Job) -> Result<Option<Note>> {
        let is_over = matches!(job.state, JobState::Done | JobState::Failed);
        if job.kind != JobKind::Verify || !is_over {
            return Ok(None);
        }
        // Whoever asked may be asked for after a restart too.
        let said = told(job.id, job.kind);
        let Some(by) = self.last_deed(Deed::JobStarted, &said).await? else {
            return Ok(None);
        };
        let came_of_it = job.outcome.as_deref().unwrap_or_default();
        let note = Note::new(by, Deed::ModelVerified, &job.station);
        Ok(Some(note.with(format!("job {}: {came_of_it}", job.id))))
    }
}

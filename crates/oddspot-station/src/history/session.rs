//! Who is signed in: a row for each browser.

use jiff::{SignedDuration, Timestamp};

use super::audit::{Actor, Deed, put};
use super::sql;
use super::user::{Role, named};
use super::{History, text_of};
use crate::error::{Error, Result};

/// A browser that somebody signed in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: String,
    /// What that person may do.
    pub role: Role,
    /// Whether the password is to be changed before anything else.
    pub is_to_change: bool,
    /// When it began.
    pub began: Timestamp,
    /// When it was last used, as far as that was written.
    pub seen: Timestamp,
}

impl History {
    /// Begins a session of a user whose password still has this hash; false if it has another by now. `id` is the hash
    /// of what the browser gets. Sessions that are over are removed meanwhile.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn begin_session(
        &self,
        id: &str,
        user: &str,
        password: &str,
        [idle, longest]: [SignedDuration; 2],
        by: &Actor,
    ) -> Result<bool> {
        let now = Timestamp::now();
        let before = |age: SignedDuration| now.checked_sub(age).map_or(String::new(), text_of);
        let mut transaction = self.write().begin().await?;
        let signed_in =
            sql::query("UPDATE \"user\" SET signed_in_at = $3 WHERE name = $1 AND password = $2")
                .bind(user)
                .bind(password)
                .bind(text_of(now))
                .execute(&mut transaction)
                .await?;
        if signed_in.rows_affected() == 0 {
            return Ok(false);
        }
        sql::query("DELETE FROM session WHERE seen_at < $1 OR began_at < $2")
            .bind(before(idle))
            .bind(before(longest))
            .execute(&mut transaction)
            .await?;
        sql::query("INSERT INTO session (id, \"user\", began_at, seen_at) VALUES ($1, $2, $3, $3)")
            .bind(id)
            .bind(user)
            .bind(text_of(now))
            .execute(&mut transaction)
            .await?;
        put(&mut transaction, by, Deed::SignedIn, None, None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A session by its id.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn session(&self, id: &str) -> Result<Option<Session>> {
        let row = sql::query(
            "SELECT \"user\".name, role, is_to_change, began_at, seen_at FROM session \
             JOIN \"user\" ON \"user\".name = session.\"user\" WHERE session.id = $1",
        )
        .bind(id)
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let moment = |name: &str| -> Result<Timestamp> {
            let text: String = row.try_get(name)?;
            let moment = text.parse();
            moment.map_err(|_| Error::internal("a session has no readable time"))
        };
        let role: String = row.try_get("role")?;
        Ok(Some(Session {
            user: row.try_get("name")?,
            role: named(&role)?,
            is_to_change: row.try_get::<i64, _>("is_to_change")? != 0,
            began: moment("began_at")?,
            seen: moment("seen_at")?,
        }))
    }

    /// Notes that a session is used.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn see_session(&self, id: &str, at: Timestamp) -> Result<()> {
        sql::query("UPDATE session SET seen_at = $2 WHERE id = $1")
            .bind(id)
            .bind(text_of(at))
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn end_session(&self, id: &str, by: &Actor) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let ended = sql::query("DELETE FROM session WHERE id = $1")
            .bind(id)
            .execute(&mut transaction)
            .await?;
        if ended.rows_affected() > 0 {
            put(&mut transaction, by, Deed::SignedOut, None, None).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

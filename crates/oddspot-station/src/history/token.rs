//! The programs that may use a service, each by a token of its own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{Actor, Deed, put};
use super::sql::{self, Row};
use super::{History, text_of};
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// What a program may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenRole {
    /// Sends images, and reads what came of those that it sent.
    Machine,
    /// Reads what was judged, and how stations are.
    Reader,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Token {
    /// What the program is called.
    pub name: String,
    /// What it may do.
    pub role: TokenRole,
    /// The only station that it sends to; without one it sends to all.
    pub station: Option<String>,
    /// When it was made, in UTC.
    pub added: String,
    /// When it was last used, to a minute.
    pub used: Option<String>,
}

const SELECT: &str = "SELECT name, role, station, added_at, used_at FROM token";

impl TokenRole {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Machine, Self::Reader];

    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Reader => "reader",
        }
    }
}

impl History {
    /// All tokens, by name.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        let query = format!("{SELECT} ORDER BY name");
        let rows = sql::query(sqlx::AssertSqlSafe(query))
            .fetch_all(self.read())
            .await?;
        rows.iter().map(token).collect()
    }

    /// A token by the hash of its secret.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn token_of(&self, secret: &str) -> Result<Option<Token>> {
        let query = format!("{SELECT} WHERE secret = $1");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(secret)
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(token).transpose()
    }

    /// Makes a token; `secret` is the hash of what the program gets.
    ///
    /// # Errors
    /// A name that is taken; a reader of one station, for readers read all.
    pub async fn add_token(
        &self,
        name: &str,
        role: TokenRole,
        station: Option<&str>,
        secret: &str,
        by: &Actor,
    ) -> Result<()> {
        if role == TokenRole::Reader && station.is_some() {
            let sentence = Sentence::new("refused-token-reader");
            return Err(Error::of(Kind::Invalid, sentence));
        }
        let mut transaction = self.write().begin().await?;
        let added = sql::query(
            "INSERT INTO token (name, secret, role, station, added_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(secret)
        .bind(role.word())
        .bind(station)
        .bind(text_of(Timestamp::now()))
        .execute(&mut transaction)
        .await?;
        if added.rows_affected() == 0 {
            let sentence = Sentence::new("refused-token-known").with("name", name);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        let detail = match station {
            Some(station) => format!("{} of station {station}", role.word()),
            None => role.word().to_owned(),
        };
        put(
            &mut transaction,
            by,
            Deed::TokenAdded,
            Some(name),
            Some(&detail),
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a token: it opens nothing from now on.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn remove_token(&self, name: &str, by: &Actor) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let removed = sql::query("DELETE FROM token WHERE name = $1")
            .bind(name)
            .execute(&mut transaction)
            .await?;
        if removed.rows_affected() == 0 {
            let reason = format!("there is no token {name}");
            return Err(Error::new(Kind::NotFound, reason));
        }
        put(&mut transaction, by, Deed::TokenRemoved, Some(name), None).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that a token is used.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn use_token(&self, name: &str, at: Timestamp) -> Result<()> {
        sql::query("UPDATE token SET used_at = $2 WHERE name = $1")
            .bind(name)
            .bind(text_of(at))
            .execute(self.write())
            .await?;
        Ok(())
    }
}

fn token(row: &Row) -> Result<Token> {
    let role: String = row.try_get("role")?;
    let role = TokenRole::ALL.into_iter().find(|one| one.word() == role);
    Ok(Token {
        name: row.try_get("name")?,
        role: role.ok_or_else(|| Error::internal("a token has no known role"))?,
        station: row.try_get("station")?,
        added: row.try_get("added_at")?,
        used: row.try_get("used_at")?,
    })
}

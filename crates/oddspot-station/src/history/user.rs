//! The people who may use a service.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{Actor, Deed, put};
use super::sql::{self, Row, Transaction};
use super::{History, text_of};
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// What a person may do: each may do what those before may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees what is judged, and labels it.
    Operator,
    /// Sets stations up.
    Engineer,
    /// Says who may do what.
    Admin,
}

/// A person who may use a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// The name, by which one signs in.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the password is to be changed before anything else.
    pub to_change: bool,
    /// When the person was added, in UTC.
    pub added: String,
    /// When the person signed in last.
    pub signed_in: Option<String>,
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The password's hash.
    pub password: String,
    /// Whether it is to be changed before anything else.
    pub is_to_change: bool,
}

const SELECT: &str =
    "SELECT name, role, password, is_to_change, added_at, signed_in_at FROM \"user\"";

impl Role {
    /// All of them, the one that may do least first.
    pub const ALL: [Self; 3] = [Self::Operator, Self::Engineer, Self::Admin];

    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Engineer => "engineer",
            Self::Admin => "admin",
        }
    }
}

impl History {
    /// Whether there is any user.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn has_users(&self) -> Result<bool> {
        let one = sql::query_scalar::<String>("SELECT name FROM \"user\" LIMIT 1");
        Ok(one.fetch_optional(self.read()).await?.is_some())
    }

    /// All users, by name.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn users(&self) -> Result<Vec<User>> {
        let query = format!("{SELECT} ORDER BY name");
        let rows = sql::query(sqlx::AssertSqlSafe(query))
            .fetch_all(self.read())
            .await?;
        rows.iter().map(user).collect()
    }

    /// A user and the hash of the password.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn user(&self, name: &str) -> Result<Option<(User, String)>> {
        let query = format!("{SELECT} WHERE name = $1");
        let row = sql::query(sqlx::AssertSqlSafe(query))
            .bind(name)
            .fetch_optional(self.read())
            .await?;
        let found = row.map(|row| Ok((user(&row)?, row.try_get("password")?)));
        found.transpose()
    }

    /// Adds a user.
    ///
    /// # Errors
    /// A name that is taken; a first user who is no admin.
    pub async fn add_user(&self, new: &NewUser, by: &Actor) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let (users, _) = count(&mut transaction).await?;
        if users == 0 && new.role != Role::Admin {
            let sentence = Sentence::new("refused-first-user");
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        let added = sql::query(
            "INSERT INTO \"user\" (name, role, password, is_to_change, added_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(&new.name)
        .bind(new.role.word())
        .bind(&new.password)
        .bind(i64::from(new.is_to_change))
        .bind(text_of(Timestamp::now()))
        .execute(&mut transaction)
        .await?;
        if added.rows_affected() == 0 {
            let sentence = Sentence::new("refused-user-known").with("name", &new.name);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        let (name, role) = (Some(&*new.name), Some(new.role.word()));
        put(&mut transaction, by, Deed::UserAdded, name, role).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives a user another role.
    ///
    /// # Errors
    /// There is no such user; the last admin, who must stay one.
    pub async fn set_role(&self, name: &str, role: Role, by: &Actor) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let before = role_of(&mut transaction, name).await?;
        let (_, admins) = count(&mut transaction).await?;
        if before == Role::Admin && role != Role::Admin && admins == 1 {
            let sentence = Sentence::new("refused-only-admin").with("name", name);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        sql::query("UPDATE \"user\" SET role = $2 WHERE name = $1")
            .bind(name)
            .bind(role.word())
            .execute(&mut transaction)
            .await?;
        let detail = format!("{} to {}", before.word(), role.word());
        put(
            &mut transaction,
            by,
            Deed::UserRole,
            Some(name),
            Some(&detail),
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives a user another password, by its hash, and signs the user out everywhere.
    ///
    /// # Errors
    /// There is no such user.
    pub async fn set_password(
        &self,
        name: &str,
        password: &str,
        is_to_change: bool,
        by: &Actor,
    ) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        role_of(&mut transaction, name).await?;
        sql::query("UPDATE \"user\" SET password = $2, is_to_change = $3 WHERE name = $1")
            .bind(name)
            .bind(password)
            .bind(i64::from(is_to_change))
            .execute(&mut transaction)
            .await?;
        sign_out(&mut transaction, name).await?;
        put(&mut transaction, by, Deed::UserPassword, Some(name), None).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a user, who is signed out everywhere. What the person did stays.
    ///
    /// # Errors
    /// There is no such user; the last admin, as long as there are others.
    pub async fn remove_user(&self, name: &str, by: &Actor) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let role = role_of(&mut transaction, name).await?;
        let (users, admins) = count(&mut transaction).await?;
        if role == Role::Admin && admins == 1 && users > 1 {
            let sentence = Sentence::new("refused-last-admin").with("name", name);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        sign_out(&mut transaction, name).await?;
        sql::query("DELETE FROM \"user\" WHERE name = $1")
            .bind(name)
            .execute(&mut transaction)
            .await?;
        put(&mut transaction, by, Deed::UserRemoved, Some(name), None).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// How many users there are, and how many of them are admins.
async fn count(transaction: &mut Transaction) -> Result<(i64, i64)> {
    let query = "SELECT COUNT(*) AS users, COUNT(CASE WHEN role = 'admin' THEN 1 END) AS admins FROM \"user\"";
    let row = sql::query(query).fetch_one(&mut *transaction).await?;
    Ok((row.try_get("users")?, row.try_get("admins")?))
}

async fn role_of(transaction: &mut Transaction, name: &str) -> Result<Role> {
    let query = sql::query_scalar::<String>("SELECT role FROM \"user\" WHERE name = $1");
    let word = query.bind(name).fetch_optional(&mut *transaction).await?;
    let word = word.ok_or_else(|| {
        Error::of(
            Kind::NotFound,
            Sentence::new("refused-no-user").with("name", name),
        )
    })?;
    named(&word)
}

/// Ends all sessions of a user.
async fn sign_out(transaction: &mut Transaction, name: &str) -> Result<()> {
    sql::query("DELETE FROM session WHERE \"user\" = $1")
        .bind(name)
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

/// A role by its word in the tables.
///
/// # Errors
/// There is none.
pub fn named(word: &str) -> Result<Role> {
    let found = Role::ALL.into_iter().find(|role| role.word() == word);
    found.ok_or_else(|| Error::internal(format!("there is no role {word:?}")))
}

fn user(row: &Row) -> Result<User> {
    let role: String = row.try_get("role")?;
    Ok(User {
        name: row.try_get("name")?,
        role: named(&role)?,
        to_change: row.try_get::<i64, _>("is_to_change")? != 0,
        added: row.try_get("added_at")?,
        signed_in: row.try_get("signed_in_at")?,
    })
}

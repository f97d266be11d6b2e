//! Who did what, and when.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::ids::Ids;
use super::sql::{self, Row, Transaction};
use super::{History, text_of};
use crate::error::Result;

/// Letters of what is said of a deed, at most.
const LONGEST: usize = 300;

/// Of which kind somebody is who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person who signed in.
    User,
    /// A program with a token.
    Token,
    /// Whoever can use the terminal of the machine.
    Terminal,
    /// Somebody of whom no more is known than the address.
    Anyone,
}

/// Somebody who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Of which kind.
    pub kind: ActorKind,
    /// The name of the user or the token.
    pub name: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Deed {
    SignedIn,
    SignInFailed,
    SignedOut,
    UserAdded,
    UserRole,
    UserPassword,
    UserRemoved,
    TokenAdded,
    TokenRemoved,
    StationMade,
    StationPaused,
    StationResumed,
    StationRenamed,
    StationRemoved,
    ModelSent,
    ModelActivated,
    ModelRolledBack,
    ModelVerified,
    ThresholdsSaved,
    RegionsDrawn,
    JobStarted,
    JobCancelled,
    GoodAdded,
    GoodLeftOut,
    GoodTakenIn,
    GoodRemoved,
    ImageSent,
    Labelled,
    LabelRemoved,
}

/// What was done, by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id; ids stand in the order in which things were done.
    pub id: String,
    /// When, in UTC.
    pub time: String,
    /// Of which kind somebody did it.
    pub kind: ActorKind,
    /// The name of the user or the token.
    pub who: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    /// What was done.
    pub deed: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// More of it, in words.
    pub detail: Option<String>,
}

const KINDS: [(ActorKind, &str); 4] = [
    (ActorKind::User, "user"),
    (ActorKind::Token, "token"),
    (ActorKind::Terminal, "terminal"),
    (ActorKind::Anyone, "anyone"),
];

/// Each deed as the tables have it.
const DEEDS: [(Deed, &str); 29] = [
    (Deed::SignedIn, "signed_in"),
    (Deed::SignInFailed, "sign_in_failed"),
    (Deed::SignedOut, "signed_out"),
    (Deed::UserAdded, "user_added"),
    (Deed::UserRole, "user_role"),
    (Deed::UserPassword, "user_password"),
    (Deed::UserRemoved, "user_removed"),
    (Deed::TokenAdded, "token_added"),
    (Deed::TokenRemoved, "token_removed"),
    (Deed::StationMade, "station_made"),
    (Deed::StationPaused, "station_paused"),
    (Deed::StationResumed, "station_resumed"),
    (Deed::StationRenamed, "station_renamed"),
    (Deed::StationRemoved, "station_removed"),
    (Deed::ModelSent, "model_sent"),
    (Deed::ModelActivated, "model_activated"),
    (Deed::ModelRolledBack, "model_rolled_back"),
    (Deed::ModelVerified, "model_verified"),
    (Deed::ThresholdsSaved, "thresholds_saved"),
    (Deed::RegionsDrawn, "regions_drawn"),
    (Deed::JobStarted, "job_started"),
    (Deed::JobCancelled, "job_cancelled"),
    (Deed::GoodAdded, "good_added"),
    (Deed::GoodLeftOut, "good_left_out"),
    (Deed::GoodTakenIn, "good_taken_in"),
    (Deed::GoodRemoved, "good_removed"),
    (Deed::ImageSent, "image_sent"),
    (Deed::Labelled, "labelled"),
    (Deed::LabelRemoved, "label_removed"),
];

/// A deed as it is written together with what it does.
#[derive(Clone, Debug)]
pub struct Note {
    by: Actor,
    deed: Deed,
    subject: String,
    detail: Option<String>,
}

impl Note {
    /// Of a deed, and what it is done to.
    pub fn new(by: Actor, deed: Deed, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        Self {
            by,
            deed,
            subject,
            detail: None,
        }
    }

    /// With more of it, in words.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        let detail = Some(detail.into());
        Self { detail, ..self }
    }
}

impl Actor {
    /// Whoever can use the terminal of the machine.
    pub fn terminal() -> Self {
        Self {
            kind: ActorKind::Terminal,
            name: None,
            address: None,
        }
    }
}

impl ActorKind {
    /// As the tables have it.
    fn word(self) -> &'static str {
        let found = KINDS.iter().find(|(one, _)| *one == self);
        found.map_or("anyone", |(_, word)| word)
    }
}

impl Deed {
    /// As the tables have it.
    pub fn word(self) -> &'static str {
        let found = DEEDS.iter().find(|(one, _)| *one == self);
        found.map_or("", |(_, word)| word)
    }

    /// The words of all.
    #[cfg(test)]
    pub fn words() -> impl Iterator<Item = &'static str> {
        DEEDS.iter().map(|(_, word)| *word)
    }
}

impl History {
    /// Notes what was done.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn note(&self, note: &Note) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        put_note(&mut transaction, Some(note)).await?;
        transaction.commit().await
    }

    /// Who did something last of which this was said.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn last_deed(&self, deed: Deed, detail: &str) -> Result<Option<Actor>> {
        let row = sql::query(
            "SELECT kind, who, address FROM audit WHERE deed = $1 AND detail = $2 ORDER BY id DESC LIMIT 1",
        )
        .bind(deed.word())
        .bind(detail)
        .fetch_optional(self.read())
        .await?;
        let actor = row.as_ref().map(|row| {
            Ok(Actor {
                kind: kind_of(row)?,
                name: row.try_get("who")?,
                address: row.try_get("address")?,
            })
        });
        actor.transpose()
    }

    /// What was done, the newest first: so many at most, before one that was the last of those that are known.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn audit(&self, before: Option<&str>, most: u32) -> Result<Vec<AuditEntry>> {
        let rows = sql::query(
            "SELECT id, done_at, kind, who, address, deed, subject, detail FROM audit \
             WHERE id < $1 ORDER BY id DESC LIMIT $2",
        )
        // Above all ids, which are digits and a to f.
        .bind(before.unwrap_or("g"))
        .bind(i64::from(most))
        .fetch_all(self.read())
        .await?;
        rows.iter().map(entry).collect()
    }
}

/// Notes what was done, together with the deed itself.
///
/// # Errors
/// A database that cannot be written.
pub async fn put(
    transaction: &mut Transaction,
    by: &Actor,
    deed: Deed,
    subject: Option<&str>,
    detail: Option<&str>,
) -> Result<()> {
    // The command at the terminal writes too: the last id is the one that the table has.
    let last: Option<String> = sql::query_scalar("SELECT MAX(id) FROM audit")
        .fetch_one(&mut *transaction)
        .await?;
    let mut ids = Ids::default();
    ids.go_on_after(last.as_deref());
    let short = |text: &str| -> String { text.chars().take(LONGEST).collect() };
    sql::query(
        "INSERT INTO audit (id, done_at, kind, who, address, deed, subject, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(ids.next())
    .bind(text_of(Timestamp::now()))
    .bind(by.kind.word())
    .bind(&by.name)
    .bind(&by.address)
    .bind(deed.word())
    .bind(subject.map(short))
    .bind(detail.map(short))
    .execute(&mut *transaction)
    .await?;
    Ok(())
}

/// The same of a note; what the service does by itself has none.
///
/// # Errors
/// A database that cannot be written.
pub async fn put_note(transaction: &mut Transaction, note: Option<&Note>) -> Result<()> {
    let Some(Note {
        by,
        deed,
        subject,
        detail,
    }) = note
    else {
        return Ok(());
    };
    put(transaction, by, *deed, Some(subject), detail.as_deref()).await
}

fn kind_of(row: &Row) -> Result<ActorKind> {
    let kind: String = row.try_get("kind")?;
    let kind = KINDS.iter().find(|(_, word)| *word == kind);
    Ok(kind.map_or(ActorKind::Anyone, |(kind, _)| *kind))
}

fn entry(row: &Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.try_get("id")?,
        time: row.try_get("done_at")?,
        kind: kind_of(row)?,
        who: row.try_get("who")?,
        address: row.try_get("address")?,
        deed: row.try_get("deed")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
    })
}

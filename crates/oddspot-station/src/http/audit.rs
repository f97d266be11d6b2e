//! Who did what, and when.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::listing::{id_of, limit_of};
use super::parameters::Parameters;
use super::problem::Problem;
use crate::history::AuditEntry;

/// Entries of an answer, unless it is said otherwise.
const USUAL: u32 = 100;
/// And at most.
const MOST: u32 = 500;

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// Those before this one: `next` of the answer before.
    #[param(required = false)]
    pub cursor: String,
    /// How many, at most 500.
    #[param(required = false)]
    pub limit: String,
}

/// Some entries.
#[derive(Serialize, ToSchema)]
pub struct Audit {
    entries: Vec<AuditEntry>,
    /// The cursor of those before, if there are more.
    next: Option<String>,
}

/// Who did what, the newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "people", params(Asked),
    responses((status = 200, body = Audit), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn list(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Audit>, Problem> {
    let most = limit_of(&asked.limit, USUAL, MOST)?;
    let (entries, next) = entries(&shared, &asked.cursor, most).await?;
    Ok(Json(Audit { entries, next }))
}

/// So many entries before a cursor, and the cursor of those before them, if there are more.
///
/// # Errors
/// What is no cursor; a history that cannot be read.
pub async fn entries(
    shared: &Shared,
    cursor: &str,
    most: u32,
) -> Result<(Vec<AuditEntry>, Option<String>), Problem> {
    let before = (!cursor.is_empty()).then(|| id_of(cursor)).transpose()?;
    let history = &shared.service.history;
    let mut entries = history.audit(before.as_deref(), most + 1).await?;
    let more = entries.len() > most as usize;
    entries.truncate(most as usize);
    let last = entries.last().filter(|_| more);
    let next = last.map(|one| one.id.clone());
    Ok((entries, next))
}

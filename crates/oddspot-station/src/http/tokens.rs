//! The programs that may use the service.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::access::{TOKEN, check_token_name, hash_of, new_secret};
use crate::history::{Token, TokenRole};

/// A token that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedToken {
    /// What the program is called.
    name: String,
    /// What it may do.
    role: TokenRole,
    /// The only station that a machine sends to.
    #[serde(default)]
    station: Option<String>,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
pub struct NewToken {
    /// What the program is called.
    name: String,
    /// What it sends as `Authorization: Bearer`: shown now, and never again.
    token: String,
}

/// All tokens, by name, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "people", responses((status = 200, body = Vec<Token>)),
)]
pub async fn list(State(shared): State<Shared>) -> Result<Json<Vec<Token>>, Problem> {
    Ok(Json(shared.service.history.tokens().await?))
}

/// Makes a token. Its secret is in the answer, and kept nowhere.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "people", request_body = WantedToken,
    responses(
        (status = 201, body = NewToken), (status = 404, body = Problem, content_type = "application/problem+json", description = "there is no such station"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the name is taken"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn add(
    State(shared): State<Shared>,
    who: Who,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let WantedToken {
        name,
        role,
        station,
    } = body::json(request, SMALL, "token").await?;
    check_token_name(&name)?;
    let station = station.filter(|station| !station.is_empty());
    if let Some(station) = &station {
        shared.service.station(station)?;
    }
    let token = new_secret(TOKEN)?;
    let history = &shared.service.history;
    history
        .add_token(
            &name,
            role,
            station.as_deref(),
            &hash_of(&token),
            &who.actor(),
        )
        .await?;
    let never = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, never, Json(NewToken { name, token })))
}

/// Removes a token: it opens nothing from now on.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{token}", tag = "people",
    params(("token" = String, Path, description = "the name of the program")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn remove(
    State(shared): State<Shared>,
    PathParameters(token): PathParameters<String>,
    who: Who,
) -> Result<StatusCode, Problem> {
    let history = &shared.service.history;
    history.remove_token(&token, &who.actor()).await?;
    shared.access.forget();
    Ok(StatusCode::NO_CONTENT)
}

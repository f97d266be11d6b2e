//! The people who may use the service.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::access::user_name;
use crate::error::{Error, Kind};
use crate::history::{NewUser, Role, User};
use crate::words::Sentence;

/// A user who is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedUser {
    /// The name, kept without capitals.
    name: String,
    /// What the person may do.
    role: Role,
    /// A first password, which the person must change.
    password: String,
}

/// What a person may do from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedRole {
    /// The role.
    role: Role,
}

/// A password that is given to somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedPassword {
    /// Which the person must change.
    password: String,
}

/// All users, by name.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "people", responses((status = 200, body = Vec<User>)),
)]
pub async fn list(State(shared): State<Shared>) -> Result<Json<Vec<User>>, Problem> {
    Ok(Json(shared.service.history.users().await?))
}

/// Adds a user, who must change the password at the first time. The very first one must be an admin: whoever adds that
/// one is asked to sign in from then on, and keeps the password.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "people", request_body = WantedUser,
    responses(
        (status = 201, body = User), (status = 409, body = Problem, content_type = "application/problem+json", description = "the name is taken, or the first user is no admin"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn add(
    State(shared): State<Shared>,
    who: Who,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let wanted: WantedUser = body::json(request, SMALL, "user").await?;
    let name = user_name(&wanted.name)?;
    let new = NewUser {
        password: shared.access.password(&name, &wanted.password).await?,
        // Without users it is the own password that one gives.
        is_to_change: who.person().is_some(),
        role: wanted.role,
        name,
    };
    let history = &shared.service.history;
    history.add_user(&new, &who.actor()).await?;
    shared.access.forget();
    let added = history.user(&new.name).await?;
    let (added, _) = added.ok_or_else(|| none(&new.name))?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Gives a user another role. The last admin stays one.
#[utoipa::path(
    put, path = "/api/v1/users/{user}/role", tag = "people", params(("user" = String, Path)), request_body = WantedRole,
    responses(
        (status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the last admin"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn set_role(
    State(shared): State<Shared>,
    PathParameters(user): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<StatusCode, Problem> {
    let WantedRole { role } = body::json(request, SMALL, "role").await?;
    let history = &shared.service.history;
    history.set_role(&user, role, &who.actor()).await?;
    shared.access.forget();
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a user another password, which the person must change; the person is signed out everywhere.
#[utoipa::path(
    put, path = "/api/v1/users/{user}/password", tag = "people", params(("user" = String, Path)),
    request_body = WantedPassword,
    responses(
        (status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the own one is changed at /account"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn set_password(
    State(shared): State<Shared>,
    PathParameters(user): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<StatusCode, Problem> {
    let WantedPassword { password } = body::json(request, SMALL, "password").await?;
    if who.person().is_some_and(|person| person.name == user) {
        let sentence = Sentence::new("refused-own-password");
        return Err(Error::of(Kind::Mismatch, sentence).into());
    }
    let history = &shared.service.history;
    // Who is not there needs no hash.
    history.user(&user).await?.ok_or_else(|| none(&user))?;
    let hash = shared.access.password(&user, &password).await?;
    history
        .set_password(&user, &hash, true, &who.actor())
        .await?;
    shared.access.forget();
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a user, who is signed out everywhere. What the person did stays written. The last admin can be removed once
/// there are no other users: then there are none any more.
#[utoipa::path(
    delete, path = "/api/v1/users/{user}", tag = "people", params(("user" = String, Path)),
    responses(
        (status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the last admin"),
    ),
)]
pub async fn remove(
    State(shared): State<Shared>,
    PathParameters(user): PathParameters<String>,
    who: Who,
) -> Result<StatusCode, Problem> {
    let history = &shared.service.history;
    history.remove_user(&user, &who.actor()).await?;
    shared.access.forget();
    Ok(StatusCode::NO_CONTENT)
}

fn none(user: &str) -> Error {
    let sentence = Sentence::new("refused-no-user").with("name", user);
    Error::of(Kind::NotFound, sentence)
}

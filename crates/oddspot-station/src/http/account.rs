//! The page where a person changes the own password.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Shared;
use super::login::{form, seconds, too_soon, with_session};
use super::pages::navigation;
use super::problem::Problem;
use super::who::{Person, Who};
use crate::error::Kind;
use crate::history::Deed;
use crate::pages::{AccountPage, Place, render, role_key};
use crate::words::{Said, Words};

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    now: String,
    new: String,
    again: String,
}

/// The page.
pub async fn page(State(shared): State<Shared>, who: Who, t: Words) -> Result<Response, Problem> {
    match who.person() {
        Some(person) => shown(&shared, &t, &who, person, StatusCode::OK, None),
        // There are no users, so nobody has a password.
        None => Ok(Redirect::to("/people").into_response()),
    }
}

/// Changes the password. All other browsers of the person are signed out.
pub async fn change(
    State(shared): State<Shared>,
    who: Who,
    t: Words,
    request: Request,
) -> Result<Response, Problem> {
    let Some(person) = who.person() else {
        return Ok(Redirect::to("/people").into_response());
    };
    let given: Given = form(request).await?;
    let refused =
        |status: StatusCode, wrong: String| shown(&shared, &t, &who, person, status, Some(wrong));
    let invalid = |wrong: Said<'_>| refused(StatusCode::UNPROCESSABLE_ENTITY, wrong.to_string());
    if given.new != given.again {
        return invalid(t.say("password-differs"));
    }
    if given.new == given.now {
        return invalid(t.say("password-same"));
    }
    let access = &shared.access;
    let is_right = access.is_password(&person.name, &given.now, who.address);
    match is_right.await? {
        Ok(true) => {}
        Ok(false) => {
            shared.note(&who, Deed::SignInFailed, &person.name).await;
            return invalid(t.say("password-now-wrong"));
        }
        Err(wait) => {
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, too_soon(&t, wait))?;
            let wait = HeaderValue::from(seconds(wait));
            response.headers_mut().insert(header::RETRY_AFTER, wait);
            return Ok(response);
        }
    }
    let hash = match access.password(&person.name, &given.new).await {
        Ok(hash) => hash,
        Err(error) if error.kind() == Kind::Invalid => {
            let said = error.said(&t);
            return refused(StatusCode::UNPROCESSABLE_ENTITY, said);
        }
        Err(error) => return Err(error.into()),
    };
    let by = who.actor();
    let history = &shared.service.history;
    history
        .set_password(&person.name, &hash, false, &by)
        .await?;
    access.forget();
    let next = Redirect::to("/");
    match access.begin_anew(&person.name, &hash, &by).await? {
        Some(secret) => Ok(with_session(shared.site, &secret, next)),
        None => Ok(next.into_response()),
    }
}

fn shown(
    shared: &Shared,
    t: &Words,
    who: &Who,
    person: &Person,
    status: StatusCode,
    wrong: Option<String>,
) -> Result<Response, Problem> {
    let page = AccountPage {
        t: t.clone(),
        nav: navigation(shared, who, None, Place::Account),
        name: person.name.clone(),
        role: role_key(person.role),
        is_to_change: person.is_to_change,
        wrong,
    };
    Ok((status, Html(render(&page)?)).into_response())
}

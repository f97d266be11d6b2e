//! Signing in and out, by forms that need no script.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::address::own;
use super::letters::check_form;
use super::parameters::Parameters;
use super::problem::Problem;
use super::who::{Party, Who};
use super::{SMALL, Shared, Site, body};
use crate::access::SignIn;
use crate::error::Kind;
use crate::pages::{LoginPage, render};
use crate::words::Words;

/// Where one goes once one is signed in.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    next: String,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    name: String,
    password: String,
    next: String,
}

/// The page where one signs in.
pub async fn page(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Asked>,
    who: Who,
    t: Words,
) -> Result<Response, Problem> {
    let is_needless = !shared.access.has_users().await? || who.person().is_some();
    if is_needless {
        return Ok(Redirect::to(own(&asked.next)).into_response());
    }
    let page = LoginPage {
        t,
        name: String::new(),
        next: own(&asked.next).to_owned(),
        wrong: None,
    };
    shown(StatusCode::OK, &page)
}

/// Signs somebody in.
pub async fn sign_in(
    State(shared): State<Shared>,
    who: Who,
    t: Words,
    request: Request,
) -> Result<Response, Problem> {
    let given: Given = form(request).await?;
    let next = own(&given.next);
    if !shared.access.has_users().await? {
        return Ok(Redirect::to(next).into_response());
    }
    let signed_in = shared
        .access
        .sign_in(&given.name, &given.password, who.address);
    let signed_in = match signed_in.await {
        Err(error) if error.kind() == Kind::Full => SignIn::TooSoon(Duration::ZERO),
        signed_in => signed_in?,
    };
    let (status, wrong, wait) = match signed_in {
        SignIn::Done(secret) => {
            // A browser that signs in anew has one session, not two.
            if let Party::Person(before) = &who.party {
                shared.access.sign_out(&before.secret, &who.actor()).await?;
            }
            return Ok(with_session(shared.site, &secret, Redirect::to(next)));
        }
        SignIn::Wrong => {
            let words = t.say("sign-in-wrong").to_string();
            (StatusCode::UNAUTHORIZED, words, None)
        }
        SignIn::TooSoon(Duration::ZERO) => {
            let words = t.say("sign-in-busy").to_string();
            (StatusCode::SERVICE_UNAVAILABLE, words, Some(Duration::ZERO))
        }
        SignIn::TooSoon(wait) => {
            let words = too_soon(&t, wait);
            (StatusCode::TOO_MANY_REQUESTS, words, Some(wait))
        }
    };
    let page = LoginPage {
        t,
        name: given.name.chars().take(100).collect(),
        next: next.to_owned(),
        wrong: Some(wrong),
    };
    let mut response = shown(status, &page)?;
    let headers = response.headers_mut();
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"oddspot\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    Ok(response)
}

/// Signs somebody out.
pub async fn sign_out(State(shared): State<Shared>, who: Who) -> Result<Response, Problem> {
    if let Some(person) = who.person() {
        shared.access.sign_out(&person.secret, &who.actor()).await?;
    }
    let gone = format!(
        "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
        shared.site.cookie()
    );
    Ok(with_cookie(&gone, Redirect::to("/login").into_response()))
}

/// The form of a request.
///
/// # Errors
/// One that is too large, or none.
pub async fn form<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let body = body::bytes(request, SMALL).await?;
    check_form(&body)?;
    serde_urlencoded::from_bytes(&body).map_err(|error| body::unreadable("form", &error))
}

/// What is said to who tried too often.
pub fn too_soon(t: &Words, wait: Duration) -> String {
    let said = t.say("sign-in-too-soon").with("seconds", seconds(wait));
    said.to_string()
}

/// Whole seconds, at least one.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil().max(1.0) as u64
}

/// An answer with the cookie of a session: no script reads it, and no other site's page sends it.
pub fn with_session(site: Site, secret: &str, response: impl IntoResponse) -> Response {
    let secure = match site.is_secure {
        true => "; Secure",
        false => "",
    };
    let name = site.cookie();
    let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}");
    with_cookie(&cookie, response.into_response())
}

fn with_cookie(cookie: &str, mut response: Response) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn shown(status: StatusCode, page: &LoginPage) -> Result<Response, Problem> {
    let never = [(header::CACHE_CONTROL, "no-store")];
    Ok((status, never, Html(render(page)?)).into_response())
}

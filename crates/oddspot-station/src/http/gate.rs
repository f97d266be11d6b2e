//! Who stands before a group of routes: looks who asks, and whether that one may.

use std::time::Duration;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::time::timeout;

use super::Shared;
use super::address::login_to;
use super::need::Need;
use super::problem::Problem;
use super::who::{Party, Peer, Who, unknown};
use crate::error::{Error, Kind};
use crate::history::Role;
use crate::words::Sentence;

/// How long somebody waits for a history that is away.
const LONG: Duration = Duration::from_secs(5);
/// Names of stations in addresses.
const STATION: [&str; 2] = ["station", "model"];

/// What stands before a group of routes.
#[derive(Clone)]
pub struct Gate {
    /// What requests share.
    pub shared: Shared,
    /// What the routes need.
    pub need: Need,
    /// Whether they are pages, whose reader is led to where one signs in.
    pub are_pages: bool,
}

/// Lets in who may.
pub async fn gate(
    State(gate): State<Gate>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let Gate {
        shared,
        need,
        are_pages,
    } = gate;
    let Some(Peer(address)) = request.extensions().get::<Peer>().copied() else {
        return Problem::from(Error::internal("a request from nowhere")).into_response();
    };
    let who = match Who::of(&shared, request.headers(), address).await {
        Ok(who) => who,
        // It lives, whatever cannot be read.
        Err(_) if need.is_open => Who::stranger(address),
        Err(error) => return Problem::from(error).into_response(),
    };
    let is_for_eyes = are_pages && wants_page(request.method(), request.headers());
    if !who.may(need) {
        return match &who.party {
            Party::Stranger if is_for_eyes => {
                Redirect::to(&login_to(request.method(), request.uri())).into_response()
            }
            Party::Stranger => with_challenge(unknown().into_response()),
            _ => {
                let detail = format!("this is for {}", need.words());
                forbidden(&detail, need.people.map(sentence_of))
            }
        };
    }
    if who.person().is_some_and(|person| person.is_to_change) && !need.is_for_all_signed_in {
        return match is_for_eyes {
            true => Redirect::to("/account").into_response(),
            false => {
                let sentence = Sentence::new("refused-change-password");
                forbidden(&sentence.to_string(), Some(sentence))
            }
        };
    }
    if let Party::Program(token, _) = &who.party
        && let Some(own) = &token.station
    {
        // What cannot be read is no station of anybody's.
        let is_own = parameters.is_ok_and(|all| {
            let mut stations = all.iter().filter(|(name, _)| STATION.contains(name));
            stations.all(|(_, station)| station == own)
        });
        if !is_own {
            let detail = format!("this token is for station {own} alone");
            return forbidden(&detail, None);
        }
    }
    let is_private = !matches!(who.party, Party::Anyone(_)) && are_pages && !need.is_open;
    request.extensions_mut().insert(who);
    // An image that was let in is judged to its end anyway.
    let changes = need.people.is_some() && need != Need::SEND && !request.method().is_safe();
    let mut response = match changes {
        true => whole(&shared, request, next).await,
        false => next.run(request).await,
    };
    if is_private {
        // So that nobody sees it by going back once the person is gone.
        let headers = response.headers_mut();
        let never = HeaderValue::from_static("no-store");
        headers.entry(header::CACHE_CONTROL).or_insert(never);
    }
    response
}

/// Does what changes something to its end, even if whoever asked goes away. Where the history goes away just then, whoever
/// asked is told so, and it is done to its end once that is back.
async fn whole(shared: &Shared, request: Request, next: Next) -> Response {
    let done = tokio::spawn(next.run(request));
    tokio::select! {
        biased;
        done = done => done.unwrap_or_else(|error| {
            Problem::from(Error::internal(error.to_string())).into_response()
        }),
        trouble = away_for_long(shared) => {
            let sentence = Sentence::new("history-unknown").with("trouble", trouble);
            Problem::from(Error::of(Kind::Away, sentence)).into_response()
        }
    }
}

/// Why the history is away, once it is for longer than somebody should wait.
async fn away_for_long(shared: &Shared) -> Sentence {
    let mut condition = shared.service.history.condition();
    loop {
        let gone = condition.wait_for(|now| now.trouble.is_some()).await;
        let trouble = gone.ok().and_then(|now| now.trouble.clone());
        let Some(trouble) = trouble else {
            // Who could change it is gone.
            return std::future::pending().await;
        };
        let back = condition.wait_for(|now| now.trouble.is_none());
        if timeout(LONG, back).await.is_err() {
            return trouble;
        }
    }
}

fn forbidden(detail: &str, sentence: Option<Sentence>) -> Response {
    let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", detail);
    problem.meaning(sentence).into_response()
}

/// Who may, as people are told.
fn sentence_of(role: Role) -> Sentence {
    Sentence::new(match role {
        Role::Operator => "refused-role-operator",
        Role::Engineer => "refused-role-engineer",
        Role::Admin => "refused-role-admin",
    })
}

/// Says how one is known, as RFC 9110 asks for.
fn with_challenge(mut response: Response) -> Response {
    let challenge = HeaderValue::from_static("Bearer realm=\"oddspot\"");
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// Whether a browser goes to a page, and it is not the page's code that asks.
pub fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT);
    let accepts = accepts.and_then(|accepts| accepts.to_str().ok());
    let is_navigation = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    is_navigation && [Method::GET, Method::HEAD, Method::POST].contains(method)
}

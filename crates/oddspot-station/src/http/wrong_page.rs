//! What a person sees in the place of a page that cannot be shown: a page, where programs are told by a problem document.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::Shared;
use super::address::is_for_people;
use super::gate::wants_page;
use super::language::words_of;
use super::pages::navigation;
use super::problem::MEDIA_TYPE;
use super::who::{Party, Peer, Who};
use crate::pages::{Navigation, Place, WrongPage, render};
use crate::words::{Marked, Sentence, Words};

/// Bytes of a problem document, at most.
const LARGEST: usize = 64 << 10;
/// What scripts of pages send with what they ask for.
pub const OF_SCRIPTS: &str = "oddspot-page";

/// Shows problems as pages to who goes to a page. What scripts of a page ask for is answered as to programs, with the
/// sentence for people beside it.
pub async fn as_page(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let is_for_eyes = wants_page(request.method(), request.headers())
        && is_for_people(request.uri().path())
        && *request.method() != Method::HEAD;
    if !is_for_eyes && !request.headers().contains_key(OF_SCRIPTS) {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let t = words_of(&shared, request.method(), request.uri(), &headers);
    let peer = request.extensions().get::<Peer>().copied();
    let answer = next.run(request).await;
    let kind = answer.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != MEDIA_TYPE) {
        return answer;
    }
    if !is_for_eyes {
        return told_to_scripts(&t, answer).await;
    }
    let who = match peer {
        Some(Peer(address)) => Who::of(&shared, &headers, address).await.ok(),
        None => None,
    };
    let nav = match who {
        // Who is not known sees the names of no stations.
        Some(who) if !matches!(who.party, Party::Stranger) => {
            navigation(&shared, &who, None, Place::Elsewhere)
        }
        _ => Navigation::of_nobody(Place::Elsewhere),
    };
    shown(nav, t, answer).await
}

/// A problem document with a sentence more, `said`, in the language of the page that asked; `english` has the parts of it
/// that there are no words of that language for.
async fn told_to_scripts(t: &Words, answer: Response) -> Response {
    let Some(sentence) = answer.extensions().get::<Sentence>() else {
        return answer;
    };
    let said = sentence.marked(t);
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let Ok(mut problem) = serde_json::from_slice::<serde_json::Value>(&body) else {
        return Response::from_parts(parts, body.into());
    };
    problem["said"] = said.plain().into();
    let english = said.in_english();
    if !english.is_empty() {
        problem["english"] = english.into();
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, problem.to_string().into())
}

/// A problem document as a page, with the status and the headers that it has.
async fn shown(nav: Navigation, t: Words, answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = parts.extensions.get::<Sentence>();
    let said = said.map(|sentence| sentence.marked(&t));
    let detail = || Marked::english(&t, problem["detail"].as_str().unwrap_or_default());
    let page = WrongPage {
        nav,
        key: WrongPage::key_of(parts.status.as_u16()),
        detail: said.unwrap_or_else(detail),
        t,
    };
    let Ok(page) = render(&page) else {
        return Response::from_parts(parts, body.into());
    };
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    // It names stations to who may see them.
    let never = HeaderValue::from_static("no-store");
    parts.headers.entry(header::CACHE_CONTROL).or_insert(never);
    (parts.status, parts.headers, Html(page)).into_response()
}

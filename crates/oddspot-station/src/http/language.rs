//! In which language a page is shown: by what its reader chose, the configuration, or the browser.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::address::{is_for_people, own};
use super::who::cookie;
use super::{Shared, Site};
use crate::words::{Language, Words};

/// What an address chooses a language by.
const PARAMETER: &str = "language";
/// What the cookie of a choice is called. All services of a machine share it.
const COOKIE: &str = "oddspot_language";
/// Seconds that a choice is kept: a year.
const KEPT: u32 = 365 * 24 * 60 * 60;

impl FromRequestParts<Shared> for Words {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Infallible> {
        Ok(words_of(shared, &parts.method, &parts.uri, &parts.headers))
    }
}

/// The words for who asks for an address.
pub fn words_of(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap) -> Words {
    let chosen = cookie(headers, COOKIE);
    let configured = shared.site.language.map(|language| language.code());
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
    let here = match uri.path_and_query() {
        // What a form was sent to is read again without it.
        Some(here) if method != Method::POST => without_choice(here.as_str()).0,
        _ => uri.path().to_owned(),
    };
    shared
        .languages
        .words(&[chosen, configured], accepted.unwrap_or_default(), here)
}

/// Keeps the language that an address chooses, and leads to the same address without it: so pages know nothing of it.
pub async fn choice(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let wanted = request.uri().path_and_query();
    let (here, chosen) = without_choice(wanted.map_or("/", |wanted| wanted.as_str()));
    match chosen {
        Some(chosen) if request.method().is_safe() && is_for_people(&here) => {
            let mut response = Redirect::to(own(&here)).into_response();
            if let Some(language) = Language::named(&chosen) {
                keep(shared.site, language, &mut response);
            }
            response
        }
        _ => next.run(request).await,
    }
}

fn keep(site: Site, language: Language, response: &mut Response) {
    let secure = match site.is_secure {
        true => "; Secure",
        false => "",
    };
    let code = language.code();
    let cookie =
        format!("{COOKIE}={code}; Path=/; Max-Age={KEPT}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// An address without the language that it chooses, and that language.
fn without_choice(address: &str) -> (String, Option<String>) {
    let Some((path, query)) = address.split_once('?') else {
        return (address.to_owned(), None);
    };
    let mut chosen = None;
    let rest = query.split('&').filter(|pair| {
        let value = match pair.split_once('=') {
            Some((PARAMETER, value)) => value,
            _ => return true,
        };
        chosen = Some(value.to_owned());
        false
    });
    let rest: Vec<&str> = rest.collect();
    let address = match rest.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", rest.join("&")),
    };
    (address, chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_without_the_language_that_it_chooses() {
        let of = |address: &str| {
            let (address, chosen) = without_choice(address);
            (address, chosen.unwrap_or_default())
        };
        let is = |address: &str, chosen: &str| (address.to_owned(), chosen.to_owned());
        assert_eq!(of("/history"), is("/history", ""));
        assert_eq!(of("/history?language=de"), is("/history", "de"));
        assert_eq!(
            of("/history?order=score&language=de&cursor=7"),
            is("/history?order=score&cursor=7", "de")
        );
        assert_eq!(of("/a?languages=de"), is("/a?languages=de", ""));
    }
}

//! What holds of every request: it comes not from the page of another site, and as long as there are no users from this
//! machine by one of its own names; and what holds of every answer.

use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::set_header::SetResponseHeaderLayer;

use super::Shared;
use super::drained::drained;
use super::problem::Problem;
use super::who::Peer;

/// Only what comes from this service, and no code or style in a page itself.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The routes behind what holds of every request.
pub fn guarded(routes: Router, shared: Shared) -> Router {
    let set = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    routes
        .layer(from_fn(drained))
        .layer(CsrfLayer::new().with_rejection_response(foreign))
        .layer(from_fn_with_state(shared, to_this_machine))
        .layer(set(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
}

/// Refuses names that another made point here, and other machines. Not once there are users: then it is the cookie or the
/// token that opens, and a browser that was led here by another's name has no cookie for that name, while people come by
/// whatever name their network has for this machine.
async fn to_this_machine(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    // Where it cannot be read, whoever stands before the routes lets nobody in.
    if shared.access.has_users().await.unwrap_or(true) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<Peer>();
    if !peer.is_some_and(|Peer(address)| address.is_loopback()) {
        let detail = "there are no users: this service answers to its own machine alone";
        return Problem::new(StatusCode::FORBIDDEN, "no_users", detail).into_response();
    }
    let authority = request.uri().authority().map(|one| one.as_str().to_owned());
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok().map(str::to_owned));
    match authority
        .or(host)
        .is_some_and(|host| is_of_this_machine(&host))
    {
        true => next.run(request).await,
        false => {
            let detail = "this service answers to 127.0.0.1, [::1] and localhost alone";
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail).into_response()
        }
    }
}

fn is_of_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address: Result<IpAddr, _> = name.parse();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn foreign(_: ProtectionError) -> Response<Body> {
    let detail = "a page of another site may not change anything here";
    Problem::new(StatusCode::FORBIDDEN, "foreign", detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8480",
            "127.8.8.8",
            "[::1]:8480",
            "[::1]",
        ] {
            assert!(is_of_this_machine(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1:8480",
            "[::2]",
            "127.0.0.1.evil:80",
        ] {
            assert!(!is_of_this_machine(host), "{host}");
        }
    }
}

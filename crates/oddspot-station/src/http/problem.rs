//! Errors as problem documents (RFC 9457): the one place where a kind becomes a status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Kind};
use crate::judging::name_of;
use crate::words::{Marked, Sentence, Words};

/// The type of problem documents.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which it may go better.
const RETRY: &str = "1";

/// What went wrong, as RFC 9457 has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Which kind of trouble.
    #[serde(rename = "type")]
    kind: String,
    /// In a word or two.
    title: String,
    /// As in the status line.
    status: u16,
    /// In a sentence.
    detail: String,
    /// The same for people, where there are words of their languages for it.
    #[serde(skip)]
    #[schema(ignore)]
    sentence: Option<Box<Sentence>>,
}

impl Problem {
    /// Of a status.
    pub fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:oddspot:{}", name.replace('_', "-")),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            sentence: None,
        }
    }

    /// The same, which people are told in the language of their page.
    #[must_use]
    pub fn meaning(self, sentence: Option<Sentence>) -> Self {
        Self {
            sentence: sentence.map(Box::new),
            ..self
        }
    }

    /// Of a status, told in the language of a page.
    pub fn of(status: StatusCode, name: &str, sentence: Sentence) -> Self {
        Self::new(status, name, sentence.to_string()).meaning(Some(sentence))
    }

    /// What is given cannot be used, told in the language of a page.
    pub fn refused(sentence: Sentence) -> Self {
        Self::of(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence)
    }

    /// A body that ended before all of it had come, whatever the library that read it says.
    pub fn broken() -> Self {
        let sentence = Sentence::new("refused-broken-body");
        Self::of(StatusCode::BAD_REQUEST, "broken", sentence)
    }

    /// What is asked for is not there.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// There is no such address.
    pub fn no_address() -> Self {
        let sentence = Sentence::new("refused-no-address");
        Self::of(StatusCode::NOT_FOUND, "not_found", sentence)
    }

    /// What is given cannot be used.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// What went wrong, in a sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The same for people, where there are words of their languages for it.
    pub fn sentence(&self) -> Option<&Sentence> {
        self.sentence.as_deref()
    }

    /// The same in the language of a page, in which what is in English is marked.
    pub fn marked(&self, t: &Words) -> Marked {
        let sentence = self.sentence.as_ref();
        let english = || Marked::english(t, &self.detail);
        sentence.map_or_else(english, |sentence| sentence.marked(t))
    }

    /// There is the address, but not for this.
    pub fn method() -> Self {
        let detail = "this address takes other methods: /openapi.json has them";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::Mismatch | Kind::NoModel => StatusCode::CONFLICT,
            Kind::Paused | Kind::Full | Kind::Receiving | Kind::Away | Kind::Ending => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Kind::TooFast => StatusCode::TOO_MANY_REQUESTS,
            Kind::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            Kind::System | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error()
            && ![
                Kind::Full,
                Kind::Receiving,
                Kind::Paused,
                Kind::Away,
                Kind::Ending,
                Kind::NoRoom,
            ]
            .contains(&error.kind())
        {
            tracing::error!("a request failed: {error}");
        }
        let problem = Self::new(status, name_of(error.kind()), error.to_string());
        problem.meaning(error.sentence().cloned())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let comes_again = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::INSUFFICIENT_STORAGE,
        ];
        let comes_again = comes_again.contains(&status);
        let sentence = self.sentence.clone();
        let mut response = (status, Json(self)).into_response();
        if let Some(sentence) = sentence {
            // For who shows it to people.
            response.extensions_mut().insert(*sentence);
        }
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        headers.insert(header::CONTENT_TYPE, media_type);
        if comes_again {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY));
        }
        response
    }
}

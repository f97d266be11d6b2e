//! A server that each result is sent to.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

use super::{Message, Outcome, Recipient};

/// Statuses by which a server says that it is the result that is wrong, and ever will be.
const WRONG: [u16; 4] = [400, 413, 415, 422];

/// The server.
pub struct Post {
    url: String,
    agent: Agent,
}

impl Post {
    /// Whether results can be sent to an address.
    ///
    /// # Errors
    /// What is none, or needs what this build does not have.
    pub fn check(url: &str) -> Result<String, String> {
        let uri = url.parse::<Uri>().unwrap_or_default();
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(_)) => Ok(url.to_owned()),
            (Some("https"), Some(_)) if cfg!(feature = "fetch") => Ok(url.to_owned()),
            (Some("https"), Some(_)) => Err(
                "this build speaks no https: build it with --features fetch, or use http"
                    .to_owned(),
            ),
            _ => Err("give an address such as http://192.168.0.10:8000/results".to_owned()),
        }
    }

    /// By an address that was [checked](Self::check).
    pub fn new(url: &str, timeout: Duration) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            // Elsewhere it may be taken by who is not meant.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A server of the line is near: what the environment says of the way into the world is not meant.
            .proxy(None)
            .build()
            .into();
        Self {
            url: url.to_owned(),
            agent,
        }
    }
}

impl Recipient for Post {
    fn name(&self) -> String {
        // Without a password that it may have.
        let uri: Uri = self.url.parse().unwrap_or_default();
        let host = uri.host().unwrap_or_default();
        let port = uri.port().map(|port| format!(":{port}"));
        format!("{host}{}{}", port.unwrap_or_default(), uri.path())
    }

    fn hand_on(&mut self, message: &Message) -> Outcome {
        let request = self.agent.post(&self.url);
        let sent = request.content_type("application/json").send(message.line);
        match sent.map(|response| response.status()) {
            Ok(status) if status.is_success() => Outcome::Done,
            Ok(status) if WRONG.contains(&status.as_u16()) => {
                Outcome::Lost(format!("it answers {status}"))
            }
            Ok(status) => Outcome::Later(format!("it answers {status}")),
            Err(error) => Outcome::Later(error.to_string()),
        }
    }
}

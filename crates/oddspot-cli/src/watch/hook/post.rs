//! A server that each result is sent to.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

use super::{Message, Receiver, Taken};

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
            .build()
            .into();
        Self {
            url: url.to_owned(),
            agent,
        }
    }
}

impl Receiver for Post {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn hand_on(&mut self, message: &Message) -> Taken {
        let request = self.agent.post(&self.url);
        let sent = request.content_type("application/json").send(message.line);
        match sent.map(|response| response.status()) {
            Ok(status) if status.is_success() => Taken::Done,
            // Too many requests, or not in time: these pass.
            Ok(status) if status.is_server_error() || [408, 429].contains(&status.as_u16()) => {
                Taken::Later(format!("it answers {status}"))
            }
            Ok(status) => Taken::Lost(format!("it answers {status}")),
            Err(error) => Taken::Later(error.to_string()),
        }
    }
}

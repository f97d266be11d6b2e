//! A server that each event is sent to, signed: it counts as told once the server says so.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use oddspot::files::digest::hex;
use sha2::Sha256;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::handed::Handed;
use crate::error::{Error, Kind, Result};
use crate::history::Event;
use crate::words::{Gap, Sentence, of_system};

/// The event, by which whoever gets it twice knows that.
const ID: &str = "oddspot-id";
/// When it was sent, in seconds since 1970.
const TIMESTAMP: &str = "oddspot-timestamp";
/// HMAC-SHA-256 over the timestamp, a full stop and the body.
const SIGNATURE: &str = "oddspot-signature";
/// After so long, what was sent is noted before more is.
const SOME_TIME: Duration = Duration::from_secs(1);
/// Letters of an answer that are told.
const TOLD: usize = 120;

/// A server.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    secret: Option<Vec<u8>>,
    agent: Agent,
}

impl Webhook {
    /// At an address, which may sign and vouch by its own.
    pub fn new(
        url: String,
        secret: Option<Vec<u8>>,
        timeout: Duration,
        vouchers: Option<Vec<Certificate<'static>>>,
    ) -> Self {
        let roots = vouchers.map_or(RootCerts::WebPki, |certificates| {
            RootCerts::new_with_certs(&certificates)
        });
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            // Elsewhere it may be taken by who is not meant.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A server of the line is near: what the environment says of the way into the world is not meant.
            .proxy(None)
            .user_agent(concat!("oddspot/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .into();
        Self { url, secret, agent }
    }

    /// Sends events one after the other, for some time.
    pub async fn hand_on(&self, events: &[Event]) -> Handed {
        let begun = Instant::now();
        let mut done = 0;
        for event in events {
            if done > 0 && begun.elapsed() > SOME_TIME {
                break;
            }
            if let Err(error) = self.send(event).await {
                return Handed {
                    done,
                    trouble: Some(error),
                };
            }
            done += 1;
        }
        Handed {
            done,
            trouble: None,
        }
    }

    async fn send(&self, event: &Event) -> Result<()> {
        let (id, body) = (event.id().to_owned(), event.json()?);
        let webhook = self.clone();
        let sent = tokio::task::spawn_blocking(move || webhook.post(&id, &body)).await;
        sent.map_err(|error| Error::internal(error.to_string()))?
    }

    fn post(&self, id: &str, body: &str) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = now.unwrap_or_default().as_secs().to_string();
        let mut request = (self.agent.post(&self.url))
            .content_type("application/json")
            .header(ID, id)
            .header(TIMESTAMP, &timestamp);
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, signature(secret, &timestamp, body)?);
        }
        let mut response = request
            .send(body)
            .map_err(|error| Error::of(Kind::System, words_of(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let said = response.body_mut().read_to_string().unwrap_or_default();
        let said: String = said
            .chars()
            .filter(|letter| !letter.is_control())
            .take(TOLD)
            .collect();
        let key = match status.is_client_error() || status.is_redirection() {
            true => "receiver-refuses",
            false => "receiver-fails",
        };
        let answer = match said.is_empty() {
            true => status.to_string(),
            false => format!("{status} ({said})"),
        };
        let sentence = Sentence::new(key).with("answer", Gap::english(answer));
        Err(Error::of(Kind::System, sentence))
    }
}

/// What went wrong, for people.
fn words_of(error: &ureq::Error) -> Sentence {
    match error {
        ureq::Error::Io(error) => of_system(error),
        ureq::Error::Timeout(_) => Sentence::new("system-no-answer"),
        ureq::Error::HostNotFound => Sentence::new("receiver-no-host"),
        error => Sentence::english(error.to_string()),
    }
}

/// What whoever knows the secret can verify: `sha256=` and the code in hexadecimal digits.
fn signature(secret: &[u8], timestamp: &str, body: &str) -> Result<String> {
    let mut code = Hmac::<Sha256>::new_from_slice(secret)
        .map_err(|error| Error::internal(error.to_string()))?;
    for part in [timestamp, ".", body] {
        code.update(part.as_bytes());
    }
    Ok(format!("sha256={}", hex(&code.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_as_others_make_it() {
        // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            signature(b"key", "1700000000", "{\"a\":1}").unwrap(),
            "sha256=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"
        );
    }
}

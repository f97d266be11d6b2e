//! Fetching a file over HTTP: it goes on where an earlier attempt was cut, and is kept only if it
//! is the one that was meant.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use oddspot::files::digest::{hex, sha256_of_file};
use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::voice::Voice;

/// Attempts in a row that may bring nothing new.
const ATTEMPTS: u32 = 4;
const MIB: u64 = 1 << 20;

/// How a fetch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file is whole and the right one.
    Whole,
    /// The user has asked to stop; what is there is kept.
    Interrupted,
}

/// Fetches `url` into the file `to`, of which a part may be there already, and compares the
/// beginning of its SHA-256 (in hexadecimal digits) with `sha256`.
///
/// # Errors
/// No connection, a server that has no such file, a full disk: what is there is kept. A file with
/// another hash, which is deleted.
pub fn fetch(
    url: &str,
    to: &Path,
    sha256: &str,
    (interrupt, voice): (&Interrupt, Voice),
) -> Result<Fetched> {
    let kept = || {
        format!(
            "cannot fetch {url} ({} bytes are in {}; the same command goes on from there)",
            length(to),
            to.display()
        )
    };
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_per_read(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut failures = 0;
    loop {
        if interrupt.flow().is_break() {
            return Ok(Fetched::Interrupted);
        }
        let before = length(to);
        let error = match attempt(&agent, url, to, (interrupt, voice)) {
            Ok(Some(Fetched::Whole)) => break,
            Ok(Some(Fetched::Interrupted)) => return Ok(Fetched::Interrupted),
            Ok(None) => anyhow::anyhow!("the connection was cut"),
            Err(Failure::Passing(error)) => error,
            Err(Failure::Lasting(error)) => return Err(error).with_context(kept),
        };
        failures = if length(to) > before { 0 } else { failures + 1 };
        if failures == ATTEMPTS {
            return Err(error).with_context(kept);
        }
        sleep(Duration::from_millis(200) * 2u32.pow(failures));
    }
    let found = hex(&sha256_of_file(to)?);
    if !found.starts_with(sha256) {
        std::fs::remove_file(to).ok();
        bail!(
            "what {url} gave is not the file that was meant: its SHA-256 is {found}, not {sha256}…; \
             it was deleted"
        );
    }
    Ok(Fetched::Whole)
}

/// Why an attempt failed: of what may pass, or of what will not.
enum Failure {
    Passing(anyhow::Error),
    Lasting(anyhow::Error),
}

/// One connection. None where it ended before the file did.
fn attempt(
    agent: &Agent,
    url: &str,
    to: &Path,
    (interrupt, voice): (&Interrupt, Voice),
) -> Result<Option<Fetched>, Failure> {
    let have = length(to);
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
    }
    let response = request.call().map_err(|error| match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Lasting(error.into()),
        other => Failure::Passing(other.into()),
    })?;
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT => have,
        // Nothing lies behind what is there.
        StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Some(Fetched::Whole)),
        status if status.is_server_error() => {
            return Err(Failure::Passing(anyhow::anyhow!(
                "the server answers {status}"
            )));
        }
        status => {
            return Err(Failure::Lasting(anyhow::anyhow!(
                "the server answers {status}"
            )));
        }
    };
    let end = content_length(&response).map(|length| start + length);
    let write = |error: std::io::Error| Failure::Lasting(error.into());
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(start == 0)
        .append(start > 0)
        .open(to)
        .map_err(write)?;
    let mut bar = end.map(|end| {
        let mib = |bytes: u64| bytes.div_ceil(MIB) as usize;
        Progress::new(voice, ("fetching", "MiB"), (mib(start), mib(end)))
    });
    let mut body = response.into_body().into_reader();
    let mut bytes = vec![0; 1 << 16];
    let mut at = start;
    let outcome = loop {
        if interrupt.flow().is_break() {
            break Ok(Some(Fetched::Interrupted));
        }
        match body.read(&mut bytes) {
            Ok(0) => break Ok((end.is_none_or(|end| at >= end)).then_some(Fetched::Whole)),
            Ok(count) => {
                file.write_all(&bytes[..count]).map_err(write)?;
                at += count as u64;
                if let Some(bar) = &mut bar {
                    bar.set(at.div_ceil(MIB) as usize, String::new);
                }
            }
            Err(error) => break Err(Failure::Passing(error.into())),
        }
    };
    if let Some(bar) = bar {
        bar.finish();
    }
    outcome
}

fn content_length<T>(response: &Response<T>) -> Option<u64> {
    let value = response.headers().get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

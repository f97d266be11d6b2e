//! Ways by which results go out, as a file configures them.

mod target;

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use ureq::tls::{Certificate, PemItem, parse_pem};

pub use target::Target;

/// The port of Modbus, unless it is said otherwise: below 1024 only the system's administrator may listen.
const MODBUS_PORT: u16 = 5020;
/// A way by which a station's results go out, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputConfiguration {
    /// What it is.
    pub kind: OutputKind,
    /// What it is called; without it as its kind.
    pub name: Option<String>,
    /// Where files are written.
    pub folder: Option<PathBuf>,
    /// Whether files of CSV begin with a mark that some spreadsheets need.
    pub bom: Option<bool>,
    /// Where a webhook is sent to.
    pub url: Option<String>,
    /// A file with the key that webhooks are signed with.
    pub secret_file: Option<PathBuf>,
    /// Seconds that a receiver may take.
    pub timeout: Option<u64>,
    /// A broker's address.
    pub broker: Option<String>,
    /// The site, in topics.
    pub site: Option<String>,
    /// Who the broker knows.
    pub user: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Certificates of who vouches for a server, in place of the usual ones.
    pub ca_file: Option<PathBuf>,
    /// The station's unit id.
    pub unit: Option<u8>,
    /// Whether the next result waits until the last one was acknowledged.
    pub wait: Option<bool>,
}

/// What an output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// A table a day.
    Csv,
    /// Lines of JSON, a file a day.
    Jsonl,
    /// Requests to a server.
    Webhook,
    /// Messages to a broker.
    Mqtt,
    /// Bits and registers that a controller reads.
    Modbus,
}

/// The server that controllers read from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModbusConfiguration {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Default for ModbusConfiguration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, MODBUS_PORT)),
        }
    }
}

/// A key that something is wrong with, and what.
pub type OfKey = (&'static str, String);

impl OutputKind {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Webhook => "webhook",
            Self::Mqtt => "mqtt",
            Self::Modbus => "modbus",
        }
    }
}

impl OutputConfiguration {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.kind.word())
    }

    /// Its paths.
    pub fn paths(&mut self) -> [&mut Option<PathBuf>; 4] {
        [
            &mut self.folder,
            &mut self.secret_file,
            &mut self.password_file,
            &mut self.ca_file,
        ]
    }
}

/// The certificates of a file.
///
/// # Errors
/// A file that cannot be read, or has none: why, in a sentence.
pub fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let name = file.display();
    let pem = fs::read(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    match certificates.is_empty() {
        true => Err(format!("{name} has no certificate in PEM form")),
        false => Ok(certificates),
    }
}

/// The first thing that is wrong with the outputs of the stations, each alone or beside others: the numbers of its
/// station and among that one's outputs, the key, and what it is.
pub fn fault<'a>(
    stations: impl Iterator<Item = &'a [OutputConfiguration]>,
) -> Option<([usize; 2], &'static str, String)> {
    let mut units = HashSet::new();
    stations.enumerate().find_map(|(station, outputs)| {
        let (mut names, mut files) = (HashSet::new(), HashSet::new());
        let mut topics = HashSet::new();
        outputs.iter().enumerate().find_map(|(number, output)| {
            let fault = |(key, reason)| Some(([station, number], key, reason));
            let target = match output.target() {
                Ok(target) => target,
                Err(of_key) => return fault(of_key),
            };
            let name = output.name();
            if !names.insert(name) {
                let key = if output.name.is_some() {
                    "name"
                } else {
                    "kind"
                };
                let reason =
                    format!("two outputs of one station are called {name}: give them a name each");
                return fault((key, reason));
            }
            match target {
                Target::Modbus { unit, .. } if !units.insert(unit) => {
                    fault(("unit", format!("two outputs have unit {unit}")))
                }
                Target::Files { folder, is_csv, .. } => {
                    let reason = format!(
                        "two outputs of one station would write the same files in {}",
                        folder.display()
                    );
                    let is_new = files.insert((folder, is_csv));
                    (!is_new).then_some(([station, number], "folder", reason))
                }
                Target::Mqtt {
                    host, port, site, ..
                } => {
                    let broker = format!("{}:{port}", host.to_ascii_lowercase());
                    let reason = format!(
                        "two outputs of one station would tell {broker} everything twice at site {site}: take one of them, or \
                         another site"
                    );
                    let is_new = topics.insert((broker, site));
                    (!is_new).then_some(([station, number], "broker", reason))
                }
                _ => None,
            }
        })
    })
}

/// What a file keeps secret, without the break at its end.
///
/// # Errors
/// A file that cannot be read, or is empty: why, in a sentence.
pub fn secret(file: &Path) -> Result<Vec<u8>, String> {
    let name = file.display();
    let mut secret = fs::read(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    while secret.last().is_some_and(|byte| b"\r\n".contains(byte)) {
        secret.pop();
    }
    match secret.is_empty() {
        true => Err(format!(
            "{name} is empty: write a secret of some 32 letters into it"
        )),
        false => Ok(secret),
    }
}

#[cfg(test)]
mod tests;

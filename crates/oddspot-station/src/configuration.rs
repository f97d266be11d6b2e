//! What a service is to do: stations, their inputs, and limits, from a file and from options.

mod database;
mod faults;
mod keep;
mod limits;
mod line_and_key;
mod outputs;
mod place;
mod real_folder;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Kind, Result};
pub use crate::history::DatabaseAddress;
use crate::words::{Language, Sentence};
pub use keep::KeepConfiguration;
pub use limits::Limits;
pub use outputs::{
    ModbusConfiguration, OutputConfiguration, OutputKind, Target, certificates, secret,
};
use place::Fault;
pub use real_folder::{is_no_folder, real};

/// Letters of a station's name, at most.
const LONGEST: usize = 64;
/// The port of the service.
const PORT: u16 = 8480;

/// What a service is to do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Where the pages are served.
    pub listen: SocketAddr,
    /// Folder of the history, the images and the models.
    pub data: Option<PathBuf>,
    /// The database of the history, if it is none of the data folder's own.
    pub database: Option<DatabaseAddress>,
    /// Its password.
    pub database_password_file: Option<PathBuf>,
    /// The language of pages, for who chose none; without it the one that a browser wants.
    pub language: Option<Language>,
    /// Seconds that it may take to write something, before it counts as away.
    pub database_timeout: Option<NonZeroU16>,
    /// Threads of each model; 0 for as many as there are cores.
    pub threads: usize,
    /// The stations.
    #[serde(rename = "station")]
    pub stations: Vec<StationConfiguration>,
    /// What is kept, of stations that have no word of their own.
    pub keep: Option<KeepConfiguration>,
    /// What is accepted.
    pub limits: Limits,
    /// The server that controllers read from.
    pub modbus: ModbusConfiguration,
    /// By which connections are secure; without it they are not.
    pub tls: Option<TlsConfiguration>,
    /// The file that it was read from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// Outputs that were taken out, as `STATION/NAME`, of which what still waits is to be removed.
    #[serde(skip)]
    pub forget: Vec<String>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, PORT)),
            data: None,
            database: None,
            database_password_file: None,
            language: None,
            database_timeout: None,
            threads: 0,
            stations: Vec::new(),
            keep: None,
            limits: Limits::default(),
            modbus: ModbusConfiguration::default(),
            tls: None,
            file: None,
            forget: Vec::new(),
        }
    }
}

/// By which browsers know the service, and nobody else hears what they say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfiguration {
    /// The certificate, and those that lead to one that browsers know, in PEM form.
    pub certificate: PathBuf,
    /// Its private key, in PEM form.
    pub key: PathBuf,
}

/// One view of one part.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationConfiguration {
    /// Its name, in addresses too.
    pub name: String,
    /// The model that judges; without it the one that judged last.
    pub model: Option<PathBuf>,
    /// A folder that images come into.
    pub folder: Option<PathBuf>,
    /// What becomes of the folder's images once they are judged.
    #[serde(default)]
    pub after: After,
    /// How much of what was judged is kept.
    pub keep: Option<KeepConfiguration>,
    /// Images in a row with the same pixels, from which on they are not trusted, in the place of the limit of all.
    pub repeats: Option<u32>,
    /// Seconds without an image after which that is told, in the place of the limit of all.
    pub silence: Option<u32>,
    /// Ways by which its results go out.
    #[serde(default, rename = "output")]
    pub outputs: Vec<OutputConfiguration>,
}

/// What becomes of a file once it is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// It stays where it is.
    #[default]
    Stay,
    /// It is moved to `done`, or to `failed` with the reason beside it.
    Move,
}

impl Configuration {
    /// From a TOML file.
    ///
    /// # Errors
    /// A file that cannot be read; a key that there is none of, a value that is of another kind, and what cannot be
    /// served: with its line.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let read: Self = toml::from_str(&text).map_err(|error| {
            let at = error.span().map(|span| span.start);
            let reason = error.message().replace('\n', " ");
            Error::at(Kind::Invalid, path, line_and_key::told(&text, at, &reason))
        })?;
        let read = read.below(path.parent().unwrap_or(Path::new("")));
        match read.fault() {
            Some(Fault { place, reason }) => {
                let told = line_and_key::told(&text, place.start(&text), &reason);
                Err(Error::at(Kind::Invalid, path, told))
            }
            None => Ok(Self {
                file: Some(path.to_owned()),
                ..read
            }),
        }
    }

    /// The same with paths of the file taken from its own folder.
    fn below(mut self, folder: &Path) -> Self {
        let stations = self.stations.iter_mut();
        let paths = stations.flat_map(|one| {
            let of_outputs = one.outputs.iter_mut().flat_map(OutputConfiguration::paths);
            [&mut one.model, &mut one.folder]
                .into_iter()
                .chain(of_outputs)
        });
        let own = [&mut self.data, &mut self.database_password_file];
        for path in paths.chain(own).flatten() {
            *path = folder.join(&*path);
        }
        if let Some(tls) = &mut self.tls {
            tls.certificate = folder.join(&tls.certificate);
            tls.key = folder.join(&tls.key);
        }
        self
    }
}

/// Refuses a name that a station cannot have.
///
/// # Errors
/// It cannot stand in an address.
pub fn check_name(name: &str) -> Result<()> {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    match !name.is_empty() && name.len() <= LONGEST && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(Error::of(
            Kind::Invalid,
            Sentence::new("refused-name")
                .with("name", format!("{name:?}"))
                .with("longest", LONGEST),
        )),
    }
}

impl StationConfiguration {
    /// Of which no more is said than its name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            model: None,
            folder: None,
            after: After::default(),
            keep: None,
            repeats: None,
            silence: None,
            outputs: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;

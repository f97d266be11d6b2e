//! What a service is to do: stations, their inputs, and limits, from a file and from options.

mod database;
mod keep;
mod limits;
mod line_and_key;
mod outputs;
mod real_folder;

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::DeTable;

use crate::error::{Error, Kind, Result};
pub use crate::history::DatabaseAddress;
use crate::words::{Language, Sentence};
pub use keep::KeepConfiguration;
pub use limits::Limits;
pub use outputs::{
    ModbusConfiguration, OutputConfiguration, OutputKind, Target, certificates, secret,
};
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

    /// Refuses what cannot be served.
    ///
    /// # Errors
    /// Names that are taken twice or cannot stand in an address, limits of nothing.
    pub fn check(&self) -> Result<()> {
        match self.fault() {
            Some(fault) => Err(Error::new(Kind::Invalid, fault.reason)),
            None => Ok(()),
        }
    }

    /// The first thing that cannot be served.
    fn fault(&self) -> Option<Fault> {
        of_names(&self.stations)
            .or_else(|| of_folders(&self.stations))
            .or_else(|| of_repeats(&self.stations))
            .or_else(|| {
                let outputs = self.stations.iter().map(|one| &one.outputs[..]);
                let (place, key, reason) = outputs::fault(outputs)?;
                Some(Fault::at(Place::Output(place, key), reason))
            })
            .or_else(|| keep::fault(&self.stations, self.keep.as_ref()))
            .or_else(|| self.limits.fault())
    }
}

/// What cannot be served, and where it stands.
struct Fault {
    place: Place,
    reason: String,
}

/// Where something stands in a file.
enum Place {
    /// Of the station of this number, by the key.
    Station(usize, &'static str),
    Limit(&'static str),
    /// Of what the station of this number keeps, or all others, by the key.
    Keep(Option<usize>, &'static str),
    /// Of a station's output of this number, by the key.
    Output([usize; 2], &'static str),
}

impl Fault {
    fn at(place: Place, reason: String) -> Self {
        Self { place, reason }
    }
}

impl Place {
    /// Where its value begins, in bytes, if the file has it.
    fn start(&self, text: &str) -> Option<usize> {
        let table = DeTable::parse(text).ok()?;
        let table = table.get_ref();
        let value = match self {
            Self::Station(number, key) => {
                let stations = table.get("station")?.get_ref().as_array()?;
                stations.get(*number)?.get_ref().as_table()?.get(*key)
            }
            Self::Output([station, output], key) => {
                let stations = table.get("station")?.get_ref().as_array()?;
                let station = stations.get(*station)?.get_ref().as_table()?;
                let outputs = station.get("output")?.get_ref().as_array()?;
                outputs.get(*output)?.get_ref().as_table()?.get(*key)
            }
            Self::Keep(None, key) => table.get("keep")?.get_ref().as_table()?.get(*key),
            Self::Keep(Some(number), key) => {
                let stations = table.get("station")?.get_ref().as_array()?;
                let station = stations.get(*number)?.get_ref().as_table()?;
                station.get("keep")?.get_ref().as_table()?.get(*key)
            }
            Self::Limit(key) => table.get("limits")?.get_ref().as_table()?.get(*key),
        };
        value.map(|value| value.span().start)
    }
}

fn of_names(stations: &[StationConfiguration]) -> Option<Fault> {
    let mut names = HashSet::new();
    stations.iter().enumerate().find_map(|(number, station)| {
        let name = &station.name;
        let reason = match check_name(name) {
            Err(error) => error.reason().to_owned(),
            Ok(()) if !names.insert(name) => format!("two stations are called {name}"),
            Ok(()) => return None,
        };
        Some(Fault::at(Place::Station(number, "name"), reason))
    })
}

fn of_folders(stations: &[StationConfiguration]) -> Option<Fault> {
    let folders = stations.iter().map(|one| one.folder.as_deref());
    let (number, reason) = real_folder::fault(folders)?;
    Some(Fault::at(Place::Station(number, "folder"), reason))
}

fn of_repeats(stations: &[StationConfiguration]) -> Option<Fault> {
    stations.iter().enumerate().find_map(|(number, station)| {
        let reason = limits::repeats_fault("repeats", station.repeats?)?;
        Some(Fault::at(Place::Station(number, "repeats"), reason))
    })
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
            outputs: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<Configuration> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serve.toml");
        std::fs::write(&path, text).unwrap();
        let read = Configuration::load(&path)?;
        assert!(read.stations.iter().all(|one| {
            let model = one.model.as_ref();
            model.is_none_or(|model| model.starts_with(folder.path()))
        }));
        Ok(read)
    }

    #[test]
    fn a_file_has_stations_and_limits_and_the_rest_is_as_it_is_without() {
        let text = "[[station]]\nname = \"top\"\nmodel = \"a.oddspot\"\nafter = \"move\"\n[limits]\nqueue = 2\n";
        let read = loaded(text).unwrap();
        assert_eq!(read.limits.queue, 2);
        assert_eq!(read.limits.body, Limits::default().body);
        assert_eq!(read.stations[0].after, After::Move);
        assert_eq!(read.listen.to_string(), "127.0.0.1:8480");
        assert!(read.language.is_none());
        let german = loaded("language = \"de\"\n").unwrap().language;
        assert_eq!(german.map(Language::code), Some("de"));
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_key() {
        let said = |text: &str| loaded(text).unwrap_err().to_string();
        let unknown = said("threads = 1\n[limits]\nqueues = 2\n");
        assert!(
            unknown.contains("line 3") && unknown.contains("queues"),
            "{unknown}"
        );
        let language = said("\nlanguage = \"tlh\"\n");
        assert!(
            language.contains("line 2") && language.contains("de, en"),
            "{language}"
        );
        let kind = said("[limits]\nqueue = \"many\"\n");
        assert!(kind.contains("line 2"), "{kind}");
        let twice = said("[[station]]\nname = \"a\"\n[[station]]\nname = \"a\"\n");
        assert!(twice.contains("two stations are called a"), "{twice}");
        let folder = "[[station]]\nname = \"a\"\nfolder = \"in\"\n";
        let shared = said(&(folder.to_owned() + &folder.replace("\"a\"", "\"b\"")));
        assert!(shared.contains("two stations take images from"), "{shared}");
        let name = said("[[station]]\nname = \"../a\"\n");
        assert!(name.contains("\"../a\""), "{name}");
        let below =
            said(&(folder.to_owned() + &folder.replace("\"a\"", "\"b\"").replace("in", "in/b")));
        assert!(below.contains("from below it"), "{below}");
        // By their names too, as long as they are not there.
        let twisted = folder
            .replace("\"a\"", "\"b\"")
            .replace("in", "./x/../in/b");
        let twisted = said(&(folder.to_owned() + &twisted));
        assert!(twisted.contains("from below it"), "{twisted}");
        let endless = said("[limits]\nqueue = 9000000000000000000\n");
        assert!(endless.contains("limits.queue"), "{endless}");
        let none = said("[limits]\nbody = 0\n");
        assert!(none.contains("limits.body"), "{none}");
        let half = said("\n[tls]\ncertificate = \"a.pem\"\n");
        assert!(half.contains("`key`"), "{half}");
        for (said, line) in [
            (twice, 4),
            (shared, 6),
            (name, 2),
            (below, 6),
            (twisted, 6),
            (endless, 2),
            (none, 2),
            (half, 2),
        ] {
            assert!(
                said.contains(&format!("serve.toml: line {line}: ")),
                "{said}"
            );
        }
    }
}

//! What of a configuration cannot be served, each with where it stands.

use std::collections::HashMap;
use std::path::Path;

use super::place::{Fault, Place};
use super::{
    Configuration, StationConfiguration, TlsConfiguration, check_name, keep, limits, line_and_key,
    outputs, real_folder,
};
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

impl Configuration {
    /// Refuses what cannot be served.
    ///
    /// # Errors
    /// Names that are taken twice or cannot stand in an address, limits of nothing.
    pub fn check(&self) -> Result<()> {
        self.fault().map_or(Ok(()), |fault| Err(self.told(&fault)))
    }

    /// Refuses folders that lie in the data folder: nothing that lies there is looked at, and what others write there is
    /// taken for what a kill left behind.
    ///
    /// # Errors
    /// The first of them.
    pub fn check_apart(&self, data: &Path) -> Result<()> {
        let mut folders = Vec::new();
        for (number, station) in self.stations.iter().enumerate() {
            let own = (Place::Station(number, "folder"), station.folder.as_deref());
            folders.push(own);
            let outputs = station.outputs.iter().enumerate();
            folders.extend(outputs.map(|(output, one)| {
                let place = Place::Output([number, output], "folder");
                (place, one.folder.as_deref())
            }));
        }
        let within = real_folder::within(data, folders.iter().map(|(_, folder)| *folder));
        let Some((place, Some(folder))) = within.and_then(|at| folders.into_iter().nth(at)) else {
            return Ok(());
        };
        let reason = format!(
            "{} lies in the data folder {}, which is the service's alone: take a folder outside of it",
            folder.display(),
            data.display()
        );
        Err(self.told(&Fault::at(place, reason)))
    }

    /// What is wrong with a file of `[tls]`, with its line.
    pub fn of_tls(&self, error: &Error) -> Error {
        let is_of_certificate = |tls: &TlsConfiguration| {
            error.reason().starts_with("tls.certificate") || error.path() == Some(&*tls.certificate)
        };
        let key = match self.tls.as_ref().is_some_and(is_of_certificate) {
            true => "certificate",
            false => "key",
        };
        let fault = Fault::at(Place::Tls(key), error.to_string());
        match self.started(&fault.place) {
            Some(_) => self.told(&fault),
            None => error.clone(),
        }
    }

    /// Where the model of the station of this number is named: in a line of the file, or by an option.
    pub fn place_of_model(&self, number: usize) -> String {
        let place = Place::Station(number, "model");
        let Some(station) = self.stations.get(number) else {
            return format!("station {number}: model");
        };
        let line = self.started(&place).and_then(|(file, text, start)| {
            let named = place.text(&text)?;
            let is_it = station.model.as_deref() == Some(&*file.parent()?.join(named));
            is_it.then(|| {
                let line = line_and_key::told(&text, Some(start), "");
                format!("{}: {}", file.display(), line.trim_end_matches([':', ' ']))
            })
        });
        line.unwrap_or_else(|| format!("station {}: model", station.name))
    }

    /// A fault as it is told: with its line, if the file has it.
    fn told(&self, fault: &Fault) -> Error {
        match self.started(&fault.place) {
            Some((file, text, start)) => {
                let told = line_and_key::told(&text, Some(start), &fault.reason);
                Error::at(Kind::Invalid, file, told)
            }
            None => Error::new(Kind::Invalid, fault.reason.clone()),
        }
    }

    /// The file, what is in it, and where a place of it begins.
    fn started(&self, place: &Place) -> Option<(&Path, String, usize)> {
        let file = self.file.as_deref()?;
        let text = std::fs::read_to_string(file).ok()?;
        let start = place.start(&text)?;
        Some((file, text, start))
    }

    /// The first thing that cannot be served.
    pub(super) fn fault(&self) -> Option<Fault> {
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

fn of_names(stations: &[StationConfiguration]) -> Option<Fault> {
    let mut names: HashMap<String, &str> = HashMap::new();
    stations.iter().enumerate().find_map(|(number, station)| {
        let name = &station.name;
        let reason = match check_name(name) {
            Err(error) => error.reason().to_owned(),
            Ok(()) => match names.insert(name.to_ascii_lowercase(), name)? {
                other if other == name => format!("two stations are called {name}"),
                other => Sentence::new("refused-name-case")
                    .with("name", name)
                    .with("other", other)
                    .to_string(),
            },
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

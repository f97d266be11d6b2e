//! How much of what was judged a station keeps, as a file configures it.

use serde::Deserialize;

use super::place::{Fault, Place};
use super::{After, StationConfiguration};

/// Bytes of a gigabyte.
const GIGABYTE: f64 = 1e9;
/// Of the older good ones one of so many is kept, unless it is said otherwise.
const ONE_OF: u32 = 10;

/// How much of what was judged a station keeps. Without any of it all is kept.
///
/// Whatever it says, images stay that are anomalous, to be checked, untrusted or labelled, and those that models learn
/// or learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepConfiguration {
    /// Good images that are all kept, the newest.
    pub good: Option<u32>,
    /// Of the older good ones one of so many is kept; none with 0.
    pub one_of: Option<u32>,
    /// Good images older than so many days go.
    pub days: Option<u32>,
    /// Gigabytes of all the station's images; the oldest good ones go first.
    pub gigabytes: Option<f64>,
    /// Rows of good parts go when they are older than so many days and their image is gone.
    pub rows_days: Option<u32>,
}

impl KeepConfiguration {
    /// Of the older good ones one of so many is kept.
    pub fn one_of(&self) -> u32 {
        self.one_of.unwrap_or(ONE_OF)
    }

    /// Bytes of all the station's images, at most.
    pub fn bytes(&self) -> Option<u64> {
        self.gigabytes
            .map(|gigabytes| (gigabytes * GIGABYTE) as u64)
    }

    /// The first key that is of no use, and why.
    fn fault(&self, is_judged_again: bool) -> Option<(&'static str, String)> {
        let none = [("days", self.days), ("rows_days", self.rows_days)];
        if let Some((key, _)) = none.into_iter().find(|(_, days)| *days == Some(0)) {
            return Some((key, format!("keep.{key} is 0: it must be at least 1")));
        }
        if self.one_of.is_some() && self.good.is_none() {
            let reason = "keep.one_of thins what is older than the newest good ones: say by keep.good how many those are";
            return Some(("one_of", reason.to_owned()));
        }
        let is_wrong = |gigabytes: f64| !(gigabytes > 0.0 && gigabytes.is_finite());
        if self.gigabytes.is_some_and(is_wrong) {
            return Some(("gigabytes", "keep.gigabytes must be more than 0".to_owned()));
        }
        (self.rows_days.is_some() && is_judged_again).then(|| {
            let reason = "keep.rows_days forgets which files were judged, and those of a folder with after = \"stay\" would \
                          be judged again: take after = \"move\"";
            ("rows_days", reason.to_owned())
        })
    }
}

/// The first thing that is wrong with what is kept, by the stations or by all that have no word of their own.
pub(super) fn fault(
    stations: &[StationConfiguration],
    of_all: Option<&KeepConfiguration>,
) -> Option<Fault> {
    let is_judged_again =
        |station: &StationConfiguration| station.folder.is_some() && station.after == After::Stay;
    let own = stations.iter().enumerate().find_map(|(number, station)| {
        let (key, reason) = station.keep.as_ref()?.fault(is_judged_again(station))?;
        Some(Fault::at(Place::Keep(Some(number), key), reason))
    });
    own.or_else(|| {
        let others = stations.iter().filter(|one| one.keep.is_none());
        let (key, reason) = of_all?.fault(others.clone().any(is_judged_again))?;
        Some(Fault::at(Place::Keep(None, key), reason))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;

    #[test]
    fn what_is_kept_is_read_and_a_mistake_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let loaded = |text: &str| {
            let path = folder.path().join("serve.toml");
            std::fs::write(&path, text).unwrap();
            Configuration::load(&path).map_err(|error| error.to_string())
        };
        let station = "[[station]]\nname = \"a\"\nfolder = \"in\"\n";
        let read = loaded(&format!(
            "[keep]\ndays = 30\n{station}[station.keep]\ngood = 5\ngigabytes = 0.5\n"
        ));
        let read = read.unwrap();
        assert_eq!(read.keep.unwrap().days, Some(30));
        let keep = read.stations[0].keep.unwrap();
        assert_eq!((keep.good, keep.one_of()), (Some(5), 10));
        assert_eq!(keep.bytes(), Some(500_000_000));
        for (wrong, line, word) in [
            ("[keep]\nweeks = 1\n".to_owned(), 2, "weeks"),
            ("[keep]\ndays = 0\n".to_owned(), 2, "at least 1"),
            ("[keep]\none_of = 3\n".to_owned(), 2, "keep.good"),
            (
                format!("{station}[station.keep]\ngood = 1\ngigabytes = -1\n"),
                6,
                "more than 0",
            ),
            (
                format!("{station}[station.keep]\nrows_days = 9\n"),
                5,
                "after = \"move\"",
            ),
            (
                format!("[keep]\nrows_days = 9\n{station}"),
                2,
                "after = \"move\"",
            ),
        ] {
            let said = loaded(&wrong).unwrap_err();
            let place = format!("serve.toml: line {line}: ");
            assert!(said.contains(&place) && said.contains(word), "{said}");
        }
        let moved = station.to_owned() + "after = \"move\"\n[station.keep]\nrows_days = 9\n";
        loaded(&moved).unwrap();
    }
}

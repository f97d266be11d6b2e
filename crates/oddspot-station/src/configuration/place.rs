//! Where in a file what cannot be served stands.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What cannot be served, and where it stands.
pub struct Fault {
    pub place: Place,
    pub reason: String,
}

/// Where something stands in a file.
pub enum Place {
    /// Of the station of this number, by the key.
    Station(usize, &'static str),
    Limit(&'static str),
    /// Of `[tls]`, by the key.
    Tls(&'static str),
    /// Of what the station of this number keeps, or all others, by the key.
    Keep(Option<usize>, &'static str),
    /// Of a station's output of this number, by the key.
    Output([usize; 2], &'static str),
}

impl Fault {
    pub fn at(place: Place, reason: String) -> Self {
        Self { place, reason }
    }
}

impl Place {
    /// Where its value begins, in bytes, if the file has it.
    pub fn start(&self, text: &str) -> Option<usize> {
        let table = DeTable::parse(text).ok()?;
        let value = self.value(table.get_ref());
        value.map(|value| value.span().start)
    }

    /// Its value, if that is a text.
    pub fn text(&self, text: &str) -> Option<String> {
        let table = DeTable::parse(text).ok()?;
        let value = self.value(table.get_ref())?.get_ref();
        value.as_str().map(str::to_owned)
    }

    fn value<'a, 'i>(&self, table: &'a DeTable<'i>) -> Option<&'a Spanned<DeValue<'i>>> {
        match self {
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
            Self::Tls(key) => table.get("tls")?.get_ref().as_table()?.get(*key),
        }
    }
}

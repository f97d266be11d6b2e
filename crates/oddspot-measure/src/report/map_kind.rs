//! Which map is measured: the whole score's, or that of one of its terms.

use std::cmp::Ordering;

use oddspot::settings::{Method, Settings};
use oddspot::terms::{self, Kind};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of the sum of all terms.
const TOTAL: &str = "total";

/// Which map is measured: the rows of the paper's Table 2. An image's score is its maximum.
///
/// In files it is a text, its [name](Self::name). The total comes first, then the terms in the
/// order of [`terms::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// The model's own map: the sum of its terms, in the baseline its only one.
    Total,
    /// One term alone, normalised and weighted as in the sum.
    Term(&'static Kind),
}

impl MapKind {
    /// All maps that a model of these settings has: a single term is its whole.
    pub fn of(settings: &Settings) -> Vec<Self> {
        let terms: Vec<Self> = terms::used(settings).map(Self::Term).collect();
        let parts = if terms.len() > 1 { terms } else { Vec::new() };
        [vec![Self::Total], parts].concat()
    }

    /// The map of a [name](Self::name); None where no map has it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            TOTAL => Some(Self::Total),
            term => terms::kind(term).map(Self::Term),
        }
    }

    /// "total", or the term's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Total => TOTAL,
            Self::Term(kind) => kind.name,
        }
    }

    /// What tables call this map of a model of these settings.
    pub fn title(self, settings: &Settings) -> String {
        match (self, settings.method) {
            (Self::Term(kind), _) => format!("{} alone", kind.symbol),
            (Self::Total, Method::Full) => "full".to_owned(),
            (Self::Total, method @ (Method::Baseline | Method::Instant)) => {
                let symbols: Vec<&str> = terms::used(settings).map(|kind| kind.symbol).collect();
                format!("{} ({})", symbols.join(" + "), method.name())
            }
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Total => 0,
            Self::Term(kind) => {
                let place = terms::ALL.iter().position(|other| other.name == kind.name);
                place.map_or(usize::MAX, |place| 1 + place)
            }
        }
    }
}

impl Ord for MapKind {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |kind: Self| (kind.place(), kind.name());
        key(*self).cmp(&key(*other))
    }
}

impl PartialOrd for MapKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for MapKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for MapKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("no map is called '{name}'"));
        Self::named(&name).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_total_comes_first_and_the_terms_in_the_order_of_fusing() {
        let kinds = MapKind::of(&Settings::default());
        assert!(kinds.is_sorted() && kinds.len() > 2);
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        assert_eq!(names[..3], ["total", "reconstruction", "position"]);
        assert!(
            kinds
                .iter()
                .all(|&kind| MapKind::named(kind.name()) == Some(kind))
        );
    }

    #[test]
    fn a_single_term_is_its_whole() {
        let baseline = Settings {
            method: Method::Baseline,
            ..Settings::paper()
        };
        assert_eq!(MapKind::of(&baseline), [MapKind::Total]);
        assert_eq!(MapKind::Total.title(&baseline), "e_rec (baseline)");
    }

    #[test]
    fn a_map_is_written_by_its_name_and_an_unknown_one_is_refused() {
        let kinds = MapKind::of(&Settings::default());
        let by_kind: BTreeMap<MapKind, usize> = kinds.into_iter().zip(1..).collect();
        let text = serde_json::to_string(&by_kind).unwrap();
        assert!(
            text.starts_with(r#"{"total":1,"reconstruction":2,"#),
            "{text}"
        );
        let read: BTreeMap<MapKind, usize> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, by_kind);
        let unknown = serde_json::from_str::<MapKind>(r#""smell""#).unwrap_err();
        assert!(unknown.to_string().contains("'smell'"), "{unknown}");
    }
}

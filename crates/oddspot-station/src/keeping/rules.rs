//! What each station is to keep.

use std::collections::BTreeMap;

use crate::configuration::{Configuration, KeepConfiguration};

/// What each station is to keep.
#[derive(Debug, Default)]
pub struct Rules {
    own: BTreeMap<String, KeepConfiguration>,
    of_all: KeepConfiguration,
}

impl Rules {
    /// As it is configured.
    pub fn of(configuration: &Configuration) -> Self {
        let stations = configuration.stations.iter();
        let own = stations.filter_map(|one| Some((one.name.clone(), one.keep?)));
        Self {
            own: own.collect(),
            of_all: configuration.keep.unwrap_or_default(),
        }
    }

    /// Of a station: by its own word, else by that of all.
    pub fn at(&self, station: &str) -> KeepConfiguration {
        self.own.get(station).copied().unwrap_or(self.of_all)
    }
}

/// Whether an image is one that stays when one of so many does. It follows from its content alone, so that each look
/// comes to the same.
pub fn stays(image: &str, one_of: u32) -> bool {
    let digits = image
        .get(..8)
        .and_then(|first| u32::from_str_radix(first, 16).ok());
    one_of != 0 && digits.is_none_or(|digits| digits % one_of == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_so_many_stays_and_always_the_same() {
        let images = |one_of: u32| {
            let images =
                (0..10_000_u32).map(|at| format!("{:08x}ff", at.wrapping_mul(2_654_435_769)));
            images.filter(|image| stays(image, one_of)).count()
        };
        assert_eq!((images(0), images(1)), (0, 10_000));
        let tenth = images(10);
        assert!((900..1_100).contains(&tenth), "{tenth}");
    }
}

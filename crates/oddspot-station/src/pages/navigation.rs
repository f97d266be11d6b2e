//! Where one is, among all pages.

use std::cmp::Ordering;

/// Stations that stand beside each other; more are a menu.
const ABREAST: usize = 5;

/// A page of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// All stations at a glance.
    Overview,
    /// What is judged now.
    Line,
    /// What was judged.
    History,
    /// What models are made of.
    Setup,
    /// The models.
    Models,
    /// The thresholds.
    Verdict,
    /// Where stations are made.
    New,
    /// Who may do what.
    People,
    /// The own password.
    Account,
    /// A page that none of these links leads to.
    Elsewhere,
}

/// Where one is, among all pages.
#[derive(Clone, Debug)]
pub struct Navigation {
    /// The stations.
    pub stations: Vec<String>,
    /// The station whose page it is.
    pub station: Option<String>,
    /// Which of its pages.
    pub place: Place,
    /// Who is signed in; nobody, where there are no users.
    pub reader: Option<Reader>,
    /// Whether there are pages for who sets stations up.
    pub is_for_engineer: bool,
    /// Whether there are pages for who says who may do what.
    pub is_for_admin: bool,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The name.
    pub name: String,
    /// The key of the role's word.
    pub role: &'static str,
}

/// A link to a page of a station.
pub struct Link {
    /// Its address.
    pub address: String,
    /// The key of what it is called.
    pub key: &'static str,
    /// The letter that leads to it.
    pub letter: char,
    /// Whether it is the one that is shown.
    pub is_here: bool,
}

impl Navigation {
    /// For who is not known, and sees the names of no stations.
    pub fn of_nobody(place: Place) -> Self {
        Self {
            stations: Vec::new(),
            station: None,
            place,
            reader: None,
            is_for_engineer: false,
            is_for_admin: false,
        }
    }

    /// Whether the pages are of this station.
    pub fn is_at(&self, station: &str) -> bool {
        self.station.as_deref() == Some(station)
    }

    /// Whether there are more stations than can stand beside each other.
    pub fn is_menu(&self) -> bool {
        self.stations.len() > ABREAST
    }

    /// Whether there are stations to be seen at a glance.
    pub fn has_overview(&self) -> bool {
        self.stations.len() > 1
    }

    /// Whether all stations are seen here.
    pub fn is_overview(&self) -> bool {
        self.place == Place::Overview
    }

    /// Whether stations are made here.
    pub fn is_new(&self) -> bool {
        self.place == Place::New
    }

    /// Whether it is said here who may do what.
    pub fn is_people(&self) -> bool {
        self.place == Place::People
    }

    /// Whether the own password is changed here.
    pub fn is_account(&self) -> bool {
        self.place == Place::Account
    }

    /// The pages of the station; without one the history of all.
    pub fn links(&self) -> Vec<Link> {
        let link = |place: Place, key: &'static str, address: String| Link {
            address,
            key,
            letter: key.chars().next().unwrap_or_default(),
            is_here: self.place == place,
        };
        let Some(station) = &self.station else {
            return vec![link(Place::History, "history", "/history".to_owned())];
        };
        let at = |end: &str| format!("/stations/{station}{end}");
        let mut links = vec![
            link(Place::Line, "line", at("")),
            link(
                Place::History,
                "history",
                format!("/history?station={station}"),
            ),
        ];
        if self.is_for_engineer {
            links.push(link(Place::Setup, "setup", at("/setup")));
            links.push(link(Place::Models, "models", at("/models")));
            links.push(link(Place::Verdict, "verdict", at("/verdict")));
        }
        links
    }
}

/// The order of names as people count: s2 before s10.
pub fn natural(one: &str, other: &str) -> Ordering {
    let [mut left, mut right] = [one, other].map(|name| runs(name).into_iter());
    loop {
        let order = match (left.next(), right.next()) {
            (Some(left), Some(right)) => by_run(left, right),
            // What only ends earlier, or differs in zeros alone, goes by its letters.
            (None, None) => return one.cmp(other),
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A name in pieces of digits alone and of none.
fn runs(name: &str) -> Vec<&str> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let mut all = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.as_bytes().first() {
        let kind = is_digit(first);
        let end = rest.bytes().position(|byte| is_digit(&byte) != kind);
        let (run, others) = rest.split_at(end.unwrap_or(rest.len()));
        all.push(run);
        rest = others;
    }
    all
}

fn by_run(one: &str, other: &str) -> Ordering {
    let is_number = |run: &str| run.starts_with(|letter: char| letter.is_ascii_digit());
    match is_number(one) && is_number(other) {
        // However many digits: the longer one is the larger.
        true => {
            let [one, other] = [one, other].map(|run| run.trim_start_matches('0'));
            (one.len(), one).cmp(&(other.len(), other))
        }
        false => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_as_people_count() {
        let mut all = [
            "top", "s10", "s2", "s1", "s", "s01", "s2b", "s2-10", "s2-9", "7",
        ];
        all.sort_by(|one, other| natural(one, other));
        let wanted = [
            "7", "s", "s01", "s1", "s2", "s2-9", "s2-10", "s2b", "s10", "top",
        ];
        assert_eq!(all, wanted);
    }
}

//! Where one is, among all pages.

/// A page of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
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

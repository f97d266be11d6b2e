//! The page of who may do what, and of who did what.

use askama::Template;

use super::Navigation;
use super::card::{DAY_AND_TIME, local};
use crate::history::{ActorKind, AuditEntry, Role, Token, User};

/// The page.
#[derive(Template)]
#[template(path = "people.html")]
pub struct PeoplePage {
    /// Where one is.
    pub nav: Navigation,
    /// The people.
    pub users: Vec<UserRow>,
    /// The programs.
    pub tokens: Vec<TokenRow>,
    /// The stations, of which a token can be for one.
    pub stations: Vec<String>,
    /// Who did what, the newest first.
    pub deeds: Vec<DeedRow>,
    /// Whether newer entries are not shown.
    pub is_later_part: bool,
    /// The cursor of older ones, if there are any.
    pub next: Option<String>,
}

/// A person.
pub struct UserRow {
    /// The name.
    pub name: String,
    /// The role's word.
    pub role: &'static str,
    /// Whether the password is to be changed first.
    pub is_to_change: bool,
    /// When the person signed in last.
    pub signed_in: Option<String>,
    /// When the person was added.
    pub added: String,
    /// Whether it is who reads this.
    pub is_own: bool,
}

/// A program.
pub struct TokenRow {
    /// The name.
    pub name: String,
    /// The role's word.
    pub role: &'static str,
    /// The only station that it is for.
    pub station: Option<String>,
    /// When it was made.
    pub added: String,
    /// When it was last used.
    pub used: Option<String>,
}

/// What somebody did.
pub struct DeedRow {
    /// When, in UTC.
    pub time: String,
    /// When, by this machine's clock.
    pub at: String,
    /// Who.
    pub who: String,
    /// What.
    pub title: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// More of it.
    pub detail: Option<String>,
    /// Where the request came from.
    pub address: String,
}

impl UserRow {
    /// Of a user, for a reader of this name.
    pub fn of(user: &User, reader: Option<&str>) -> Self {
        Self {
            role: user.role.word(),
            is_to_change: user.to_change,
            signed_in: user.signed_in.as_ref().map(|at| local(at, DAY_AND_TIME)),
            added: local(&user.added, DAY_AND_TIME),
            is_own: reader == Some(&user.name),
            name: user.name.clone(),
        }
    }

    /// Whether this is the person's role.
    pub fn has(&self, role: &str) -> bool {
        self.role == role
    }

    /// The words of all roles.
    pub fn roles(&self) -> [&'static str; 3] {
        Role::ALL.map(Role::word)
    }
}

impl TokenRow {
    /// Of a token.
    pub fn of(token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.word(),
            station: token.station.clone(),
            added: local(&token.added, DAY_AND_TIME),
            used: token.used.as_ref().map(|at| local(at, DAY_AND_TIME)),
        }
    }
}

impl DeedRow {
    /// Of an entry of the audit log.
    pub fn of(entry: &AuditEntry) -> Self {
        let name = entry.who.clone().unwrap_or_default();
        Self {
            time: entry.time.clone(),
            at: local(&entry.time, DAY_AND_TIME),
            who: match entry.kind {
                ActorKind::User => name,
                ActorKind::Token => format!("token {name}"),
                ActorKind::Terminal => "somebody at the terminal".to_owned(),
                ActorKind::Anyone => "somebody".to_owned(),
            },
            title: entry.title().to_owned(),
            subject: entry.subject.clone(),
            detail: entry.detail.clone(),
            address: entry.address.clone().unwrap_or_default(),
        }
    }
}

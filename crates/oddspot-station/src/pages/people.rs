//! The page of who may do what, and of who did what.

use askama::Template;

use super::{Navigation, keys};
use crate::history::{ActorKind, AuditEntry, Role, Token, TokenRole, User};
use crate::words::Words;

/// The page.
#[derive(Template)]
#[template(path = "people.html")]
pub struct PeoplePage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// The people.
    pub users: Vec<UserRow>,
    /// The programs.
    pub tokens: Vec<TokenRow>,
    /// Roles that a new person can have: their words for programs, and the keys of those for people.
    pub roles: Vec<(&'static str, &'static str)>,
    /// The same of a new program.
    pub token_roles: Vec<(&'static str, &'static str)>,
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
    /// The key of the role's word.
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

impl PeoplePage {
    /// The roles that a new person can have: the first one is an admin.
    pub fn roles_of_new(has_users: bool) -> Vec<(&'static str, &'static str)> {
        let all = Role::ALL.into_iter();
        let all = all.filter(|role| has_users || *role == Role::Admin);
        all.map(|role| (role.word(), keys::role(role))).collect()
    }

    /// The roles that a new program can have.
    pub fn token_roles_of_new() -> Vec<(&'static str, &'static str)> {
        let all = [TokenRole::Machine, TokenRole::Reader];
        all.map(|role| (role.word(), keys::token_role(role)))
            .to_vec()
    }
}

impl UserRow {
    /// Of a user, for a reader of this name.
    pub fn of(t: &Words, user: &User, reader: Option<&str>) -> Self {
        Self {
            role: user.role.word(),
            is_to_change: user.to_change,
            signed_in: user.signed_in.as_ref().map(|at| t.day_and_time(at)),
            added: t.day_and_time(&user.added),
            is_own: reader == Some(&user.name),
            name: user.name.clone(),
        }
    }

    /// Whether this is the person's role.
    pub fn has(&self, role: &str) -> bool {
        self.role == role
    }

    /// All roles: their words for programs, and the keys of those for people.
    pub fn roles(&self) -> [(&'static str, &'static str); 3] {
        Role::ALL.map(|role| (role.word(), keys::role(role)))
    }
}

impl TokenRow {
    /// Of a token.
    pub fn of(t: &Words, token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            role: keys::token_role(token.role),
            station: token.station.clone(),
            added: t.day_and_time(&token.added),
            used: token.used.as_ref().map(|at| t.day_and_time(at)),
        }
    }
}

impl DeedRow {
    /// Of an entry of the audit log.
    pub fn of(t: &Words, entry: &AuditEntry) -> Self {
        let name = entry.who.clone().unwrap_or_default();
        Self {
            time: entry.time.clone(),
            at: t.day_and_time(&entry.time),
            who: match entry.kind {
                ActorKind::User => name,
                ActorKind::Token => t.say("by-token").with("name", name).to_string(),
                ActorKind::Terminal => t.say("by-terminal").to_string(),
                ActorKind::Anyone => t.say("by-anyone").to_string(),
            },
            title: t.say(&format!("deed-{}", entry.deed)).to_string(),
            subject: entry.subject.clone(),
            detail: entry.detail.clone(),
            address: entry.address.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::history::Deed;
    use crate::words::english;

    #[test]
    fn there_are_words_for_each_deed() {
        let t = english();
        for word in Deed::words() {
            let key = format!("deed-{word}");
            assert_ne!(t.say(&key).to_string(), key);
        }
    }
}

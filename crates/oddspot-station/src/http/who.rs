//! Who asks.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::Shared;
use super::need::Need;
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::history::{Actor, ActorKind, Role, Token, TokenRole};
use crate::words::Sentence;

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Who asks, and from where.
#[derive(Clone)]
pub struct Who {
    /// Of which kind.
    pub party: Party,
    /// From where.
    pub address: IpAddr,
}

/// Of which kind somebody is.
#[derive(Clone)]
pub enum Party {
    /// There are no users, and it is somebody at this machine: with a token, if one was sent.
    Anyone(Option<String>),
    /// Nobody that is known.
    Stranger,
    /// A person who signed in.
    Person(Person),
    /// A program, and its secret.
    Program(Token, String),
}

/// A person who signed in.
#[derive(Clone)]
pub struct Person {
    /// The name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the password is to be changed before anything else.
    pub is_to_change: bool,
    /// The secret of the session.
    pub secret: String,
}

impl Who {
    /// Who asks, by what the request brings.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn of(shared: &Shared, headers: &HeaderMap, address: IpAddr) -> Result<Self> {
        let party = party(shared, headers, address).await?;
        Ok(Self { party, address })
    }

    /// Nobody that is known.
    pub fn stranger(address: IpAddr) -> Self {
        Self {
            party: Party::Stranger,
            address,
        }
    }

    /// Whether this one may what needs that.
    pub fn may(&self, need: Need) -> bool {
        match &self.party {
            _ if need.is_open => true,
            Party::Anyone(_) => true,
            Party::Stranger => false,
            Party::Person(person) => need.people.is_some_and(|least| person.role >= least),
            Party::Program(token, _) => need.tokens.contains(&token.role),
        }
    }

    /// Whether this one may what people of a role may.
    pub fn is(&self, role: Role) -> bool {
        match &self.party {
            Party::Anyone(_) => true,
            Party::Person(person) => person.role >= role && !person.is_to_change,
            Party::Stranger | Party::Program(..) => false,
        }
    }

    /// The person, if it is one who signed in.
    pub fn person(&self) -> Option<&Person> {
        match &self.party {
            Party::Person(person) => Some(person),
            _ => None,
        }
    }

    /// The name of the token with which it is asked.
    pub fn token(&self) -> Option<&str> {
        match &self.party {
            Party::Program(token, _) => Some(&token.name),
            Party::Anyone(token) => token.as_deref(),
            Party::Person(_) | Party::Stranger => None,
        }
    }

    /// Whether this one is a program that may read what it sent, and this was sent by another.
    pub fn is_kept_from(&self, sent_with: Option<&str>, station: &str) -> bool {
        match &self.party {
            Party::Program(token, _) => {
                let own = token.station.as_deref();
                // A name may have been another token's before, of another station.
                token.role == TokenRole::Machine
                    && (sent_with != Some(&token.name) || own.is_some_and(|own| own != station))
            }
            _ => false,
        }
    }

    /// The person who sends an image by the page; None of a program, and where nobody is known.
    pub fn sender(&self) -> Option<Actor> {
        self.person().map(|_| self.actor())
    }

    /// As whom it is written who did something.
    pub fn actor(&self) -> Actor {
        let (kind, name) = match &self.party {
            Party::Person(person) => (ActorKind::User, Some(person.name.clone())),
            Party::Program(token, _) => (ActorKind::Token, Some(token.name.clone())),
            Party::Anyone(_) | Party::Stranger => (ActorKind::Anyone, None),
        };
        Actor {
            kind,
            name,
            address: Some(self.address.to_string()),
        }
    }

    /// Whether all is still as when it was asked: the session or the token is there, or there is still no user.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn is_still(&self, shared: &Shared, need: Need) -> Result<bool> {
        let access = &shared.access;
        let now = match &self.party {
            Party::Anyone(_) => return Ok(!access.has_users().await?),
            Party::Stranger => return Ok(need.is_open),
            Party::Person(person) => {
                let session = access.session(&person.secret).await?;
                session.map(|session| person_of(session, &person.secret))
            }
            Party::Program(_, secret) => {
                let token = access.token(secret).await?;
                token.map(|token| Party::Program(token, secret.clone()))
            }
        };
        let address = self.address;
        Ok(now.is_some_and(|party| Self { party, address }.may(need)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let who = parts.extensions.get::<Self>().cloned();
        // A route that nobody stands before answers to nobody.
        who.ok_or_else(|| Error::internal("nobody looked who asks").into())
    }
}

async fn party(shared: &Shared, headers: &HeaderMap, address: IpAddr) -> Result<Party> {
    let access = &shared.access;
    let has_users = access.has_users().await?;
    if let Some(secret) = bearer(headers) {
        let token = access.token(secret).await?;
        match (token, has_users) {
            (Some(token), true) => return Ok(Party::Program(token, secret.to_owned())),
            (None, true) => return Ok(Party::Stranger),
            (token, false) if address.is_loopback() => {
                return Ok(Party::Anyone(token.map(|token| token.name)));
            }
            (_, false) => return Ok(Party::Stranger),
        }
    }
    if !has_users {
        // The last user may have gone while others listen: this machine alone is let in then.
        return Ok(match address.is_loopback() {
            true => Party::Anyone(None),
            false => Party::Stranger,
        });
    }
    let Some(secret) = cookie(headers, &shared.site.cookie()) else {
        return Ok(Party::Stranger);
    };
    let session = access.session(secret).await?;
    Ok(session.map_or(Party::Stranger, |session| person_of(session, secret)))
}

fn person_of(session: crate::history::Session, secret: &str) -> Party {
    Party::Person(Person {
        name: session.user,
        role: session.role,
        is_to_change: session.is_to_change,
        secret: secret.to_owned(),
    })
}

/// The secret of a token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// A cookie of this name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter();
    let all = all.filter_map(|text| text.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (own, value) = pair.trim().split_once('=')?;
        (own == name).then_some(value)
    })
}

/// What is said to who is not known.
pub fn unknown() -> Problem {
    let sentence = Sentence::new("refused-unknown");
    Problem::of(StatusCode::UNAUTHORIZED, "unknown", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        let mut put = |name: header::HeaderName, text: &str| {
            headers.append(name, text.parse().unwrap());
        };
        put(header::COOKIE, "a=b; xoddspot_1=no; oddspot_1=yes");
        put(header::COOKIE, "oddspot_2=other");
        put(header::AUTHORIZATION, "bearer  t ");
        assert_eq!(cookie(&headers, "oddspot_1"), Some("yes"));
        assert_eq!(cookie(&headers, "oddspot_2"), Some("other"));
        assert_eq!(cookie(&headers, "oddspot"), None);
        assert_eq!(bearer(&headers), Some("t"));
    }
}

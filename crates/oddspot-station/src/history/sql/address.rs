//! Where a server's database is, without ever telling its password.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use crate::error::{Error, Kind, Result};

/// What a PostgreSQL address may begin with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// Parameters that are known; of another its value might be a password.
const PARAMETERS: [&str; 15] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "target_session_attrs",
    "connect_timeout",
    "user",
];
/// How long what is written may take, if nothing else is said.
const LIMIT: Duration = Duration::from_secs(10);
/// Of these, those that are taken for what is done anyhow: the first server that may be written is waited for.
const IDLE: [&str; 2] = ["target_session_attrs", "connect_timeout"];

/// The address of a PostgreSQL database.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseAddress {
    url: String,
    password: Option<String>,
    /// How long what is written may take.
    limit: Duration,
}

impl DatabaseAddress {
    /// With a password that stands elsewhere.
    #[must_use]
    pub fn with_password(self, password: String) -> Self {
        Self {
            password: Some(password),
            ..self
        }
    }

    /// With another limit of the time that what is written may take, before the server counts as away.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// How long what is written may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// A connection for a test.
    #[cfg(test)]
    pub async fn connect(&self) -> sqlx::PgConnection {
        let options = self.options().unwrap();
        sqlx::ConnectOptions::connect(&options).await.unwrap()
    }

    /// How it is connected to.
    ///
    /// # Errors
    /// An address that is none, in a sentence without its password.
    pub(super) fn options(&self) -> Result<PgConnectOptions> {
        // Its own error would quote what may be the password.
        let options = PgConnectOptions::from_str(&self.url).map_err(|_| malformed())?;
        let options = match options.get_host() {
            "" => options.host(PgConnectOptions::new_without_pgpass().get_host()),
            _ => options,
        };
        Ok(match &self.password {
            Some(password) => options.password(password),
            None => options,
        })
    }
}

impl TryFrom<String> for DatabaseAddress {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl FromStr for DatabaseAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if !SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            let reason = "the database must be given as postgres://USER@HOST/DATABASE; without one the history is a file \
                          in the data folder";
            return Err(Error::new(Kind::Invalid, reason));
        }
        let (before, parameters) = text.split_once('?').unwrap_or((text, ""));
        let names = parameters.split('&').map(|one| one.split('=').next());
        let unknown = names.flatten().find(|name| {
            let is_option = name.starts_with("options[");
            !name.is_empty() && !is_option && !PARAMETERS.contains(name)
        });
        if let Some(unknown) = unknown {
            let known = PARAMETERS.join(", ");
            // What stands behind a ? may be the rest of a password.
            let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let said = match unknown.chars().all(is_name) {
                true => format!("{unknown:?}"),
                false => "that there is not (a ? in a password is %3F)".to_owned(),
            };
            let reason =
                format!("the database's address has a parameter {said}: there are {known}");
            return Err(Error::new(Kind::Invalid, reason));
        }
        let kept = parameters.split('&').filter(|one| {
            let name = one.split('=').next().unwrap_or_default();
            !name.is_empty() && !IDLE.contains(&name)
        });
        let mut kept: Vec<String> = kept.map(str::to_owned).collect();
        if !names_user(before, &kept) {
            let user = usual_user().ok_or_else(nameless)?;
            kept.push(format!(
                "user={}",
                utf8_percent_encode(&user, NON_ALPHANUMERIC)
            ));
        }
        let url = match kept.is_empty() {
            true => before.to_owned(),
            false => format!("{before}?{}", kept.join("&")),
        };
        let address = Self {
            url,
            password: None,
            limit: LIMIT,
        };
        address.options()?;
        Ok(address)
    }
}

/// Whether an address says as whom.
fn names_user(before: &str, parameters: &[String]) -> bool {
    let authority = before.split("://").nth(1).unwrap_or_default();
    let authority = authority.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let is_user = |one: &String| one.starts_with("user=");
    user.is_some_and(|user| !user.is_empty()) || parameters.iter().any(is_user)
}

/// As whom it is where the address does not say it: as PostgreSQL's own programs, which go by who runs them.
fn usual_user() -> Option<String> {
    let names = ["PGUSER", "USER", "LOGNAME"].into_iter();
    names
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
}

fn nameless() -> Error {
    let reason = "the database's address does not say as which user, and neither does USER: give it as \
                  postgres://USER@HOST/DATABASE, or with user=USER behind the ?";
    Error::new(Kind::Invalid, reason)
}

fn malformed() -> Error {
    let reason = "the database's address cannot be read: give it as postgres://USER@HOST:PORT/DATABASE, or \
                  postgresql:///DATABASE?host=/FOLDER for a Unix socket; letters such as @ and / in a name or password \
                  are written as %40 and %2F";
    Error::new(Kind::Invalid, reason)
}

/// As people are told where it is: user, host, port and database.
impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(options) = self.options() else {
            return f.write_str("PostgreSQL");
        };
        let user = options.get_username();
        let database = options.get_database().unwrap_or(user);
        let host = match options.get_socket() {
            Some(socket) => socket.as_path(),
            None => Path::new(options.get_host()),
        };
        let port = options.get_port();
        write!(
            f,
            "PostgreSQL, {database} at {}:{port} as {user}",
            host.display()
        )
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_of_without_its_password() {
        let text = "postgresql://line:s3cr%40t@db.example:5433/oddspot?sslmode=require";
        let address: DatabaseAddress = text.parse().unwrap();
        let shown = format!("{address} {address:?}");
        assert!(
            shown.contains("oddspot at db.example:5433 as line"),
            "{shown}"
        );
        assert!(!shown.contains("s3cr"), "{shown}");
        let later = "postgres://line@db/oddspot".parse::<DatabaseAddress>();
        let later = later.unwrap().with_password("other".to_owned());
        assert!(!format!("{later:?}").contains("other"));
    }

    #[test]
    fn a_socket_is_a_folder() {
        for text in [
            "postgresql:///oddspot?host=/run/pg&user=line",
            "postgres://line@%2Frun%2Fpg/oddspot",
        ] {
            let address: DatabaseAddress = text.parse().unwrap();
            let shown = address.to_string();
            assert!(shown.contains("oddspot at /run/pg:"), "{shown}");
        }
        let usual: DatabaseAddress = "postgres:///oddspot?user=line".parse().unwrap();
        assert!(!usual.to_string().contains("at :"), "{usual}");
        // As who runs it, if that is known.
        let of_runner = "postgres://db:5433/oddspot".parse::<DatabaseAddress>();
        match usual_user() {
            Some(user) => {
                let shown = of_runner.unwrap().to_string();
                assert!(shown.ends_with(&format!("at db:5433 as {user}")), "{shown}");
            }
            None => assert!(of_runner.unwrap_err().reason().contains("as which user")),
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_quoted() {
        for text in [
            "mysql://a:s3cret@b/c",
            "postgres://a:s3cret@b:port/c",
            "postgres://a@b/c?pasword=s3cret",
            "postgres://a:s3cret@b/c?sslmode=maybe",
        ] {
            let refused = text.parse::<DatabaseAddress>().unwrap_err().to_string();
            assert!(refused.contains("database"), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }
}

//! Where the history is kept: in a file of the data folder, or in a database of a server.

use std::path::Path;
use std::time::Duration;

use super::{Configuration, secret};
use crate::data::history_in;
use crate::error::{Error, Kind, Result};
use crate::history::Place;

impl Configuration {
    /// Where the history of a data folder is.
    ///
    /// # Errors
    /// A file of a password that cannot be read, or without a database that it is for.
    pub fn place(&self, data: &Path) -> Result<Place> {
        let invalid = |reason: String| Error::new(Kind::Invalid, reason);
        let file = self.database_password_file.as_ref();
        let Some(address) = &self.database else {
            return match file {
                Some(_) => {
                    let reason = "database_password_file is given without a database";
                    Err(invalid(reason.to_owned()))
                }
                None => Ok(Place::File(history_in(data))),
            };
        };
        let in_file = history_in(data);
        if in_file.is_file() {
            tracing::warn!(
                "the history is kept in {address}: what is in {} is not shown",
                in_file.display()
            );
        }
        let address = match self.database_timeout {
            Some(seconds) => address
                .clone()
                .with_limit(Duration::from_secs(seconds.get().into())),
            None => address.clone(),
        };
        let Some(file) = file else {
            return Ok(Place::Server(address));
        };
        let secret = secret(file).map_err(invalid)?;
        let password = String::from_utf8(secret)
            .map_err(|_| invalid(format!("{} is no text", file.display())))?;
        Ok(Place::Server(address.with_password(password)))
    }
}

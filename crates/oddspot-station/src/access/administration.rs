//! Users and tokens from the terminal of the machine, also while a service runs.

use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::names::{check_token_name, user_name};
use super::password::{check_password, hash};
use super::secret::{TOKEN, hash_of, new_secret};
use crate::configuration::Configuration;
use crate::data::{history_in, keep_private};
use crate::error::{Error, Kind, Result};
use crate::history::{Actor, History, NewUser, Role, Token, TokenRole, User};

/// The users and tokens of a data folder.
pub struct Administration {
    runtime: Runtime,
    history: History,
    terminal: Actor,
}

impl Administration {
    /// Opens the history of a data folder, or of the database that the configuration names; makes folder and history if
    /// they are not there, so that there is a user before the first start.
    ///
    /// # Errors
    /// A folder that cannot be written, or that a newer program wrote.
    pub fn open(data: &Path, configuration: &Configuration) -> Result<Self> {
        std::fs::create_dir_all(data).map_err(Error::io(data))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::System, format!("cannot begin: {error}")))?;
        let place = configuration.place(data)?;
        let history = runtime.block_on(History::open_beside(&place))?;
        keep_private(&history_in(data));
        Ok(Self {
            runtime,
            history,
            terminal: Actor::terminal(),
        })
    }

    /// All users, by name.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub fn users(&self) -> Result<Vec<User>> {
        self.runtime.block_on(self.history.users())
    }

    /// Refuses what cannot be added, before a password is asked for.
    ///
    /// # Errors
    /// A name that is none or that is taken.
    pub fn check_new_user(&self, name: &str) -> Result<()> {
        let name = user_name(name)?;
        match self.runtime.block_on(self.history.user(&name))? {
            None => Ok(()),
            Some(_) => {
                let reason = format!("there is a user {name} already");
                Err(Error::new(Kind::Mismatch, reason))
            }
        }
    }

    /// Adds a user, who need not change the password.
    ///
    /// # Errors
    /// A name or a password that cannot be; a name that is taken; a first user who is no admin.
    pub fn add_user(&self, name: &str, role: Role, password: &str) -> Result<()> {
        let name = user_name(name)?;
        check_password(&name, password)?;
        let new = NewUser {
            password: hash(password)?,
            name,
            role,
            is_to_change: false,
        };
        let added = self.history.add_user(&new, &self.terminal);
        self.runtime.block_on(added)
    }

    /// Gives a user another role.
    ///
    /// # Errors
    /// There is no such user; the last admin, who must stay one.
    pub fn set_role(&self, name: &str, role: Role) -> Result<()> {
        let name = user_name(name)?;
        let set = self.history.set_role(&name, role, &self.terminal);
        self.runtime.block_on(set)
    }

    /// Refuses a name that nobody has.
    ///
    /// # Errors
    /// There is no such user.
    pub fn check_user(&self, name: &str) -> Result<()> {
        let name = user_name(name)?;
        match self.runtime.block_on(self.history.user(&name))? {
            Some(_) => Ok(()),
            None => Err(Error::new(
                Kind::NotFound,
                format!("there is no user {name}"),
            )),
        }
    }

    /// Gives a user another password, and signs the user out everywhere.
    ///
    /// # Errors
    /// There is no such user; a password that cannot be.
    pub fn set_password(&self, name: &str, password: &str) -> Result<()> {
        let name = user_name(name)?;
        check_password(&name, password)?;
        let hash = hash(password)?;
        let set = self
            .history
            .set_password(&name, &hash, false, &self.terminal);
        self.runtime.block_on(set)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// There is no such user; the last admin, as long as there are others.
    pub fn remove_user(&self, name: &str) -> Result<()> {
        let name = user_name(name)?;
        let removed = self.history.remove_user(&name, &self.terminal);
        self.runtime.block_on(removed)
    }

    /// All tokens, by name.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>> {
        self.runtime.block_on(self.history.tokens())
    }

    /// Makes a token, and gives what the program is to send. It is kept nowhere.
    ///
    /// # Errors
    /// A name that cannot be or that is taken; a reader of one station.
    pub fn add_token(&self, name: &str, role: TokenRole, station: Option<&str>) -> Result<String> {
        check_token_name(name)?;
        let secret = new_secret(TOKEN)?;
        let hash = hash_of(&secret);
        let added = self
            .history
            .add_token(name, role, station, &hash, &self.terminal);
        self.runtime.block_on(added)?;
        Ok(secret)
    }

    /// Whether there ever was a station of this name.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub fn has_station(&self, name: &str) -> Result<bool> {
        let found = self.runtime.block_on(self.history.station(name))?;
        Ok(found.is_some())
    }

    /// Removes a token.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn remove_token(&self, name: &str) -> Result<()> {
        let removed = self.history.remove_token(name, &self.terminal);
        self.runtime.block_on(removed)
    }
}

impl Drop for Administration {
    fn drop(&mut self) {
        self.runtime.block_on(self.history.leave());
    }
}

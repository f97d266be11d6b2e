//! `serve user` and `serve token`: who may use a service, also while it runs.

use std::io::{BufRead, IsTerminal, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use oddspot_station::Configuration;
use oddspot_station::access::{Administration, LEAST};
use oddspot_station::history::{Role, TokenRole};

use super::folder;

/// What is done about who may use a service.
#[derive(Subcommand)]
pub enum PeopleCommand {
    /// People who sign in: as soon as there is one, everybody must
    #[command(subcommand)]
    User(UserCommand),
    /// Programs, each with a token of its own
    #[command(subcommand)]
    Token(TokenCommand),
}

/// What is done about people.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Add one; the password is asked for twice, or is a line of standard input
    Add {
        /// The name, by which one signs in
        name: String,
        /// What the person may do; the first one is an admin
        #[arg(long, value_enum)]
        role: RoleArg,
        #[command(flatten)]
        place: Place,
    },
    /// List all
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Give one another role
    Role {
        /// The name
        name: String,
        /// What the person may do from now on
        #[arg(value_enum)]
        role: RoleArg,
        #[command(flatten)]
        place: Place,
    },
    /// Give one another password, and sign that person out everywhere
    Password {
        /// The name
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Remove one
    Remove {
        /// The name
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

/// What is done about programs.
#[derive(Subcommand)]
pub enum TokenCommand {
    /// Make one, and print it: it is shown this once
    Add {
        /// What the program is called
        name: String,
        /// What it may do
        #[arg(long, value_enum)]
        role: TokenRoleArg,
        /// The only station that a machine sends to [default: all]
        #[arg(long)]
        station: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// List all
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Remove one: the program that has it is refused from then on
    Remove {
        /// What the program is called
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Which service is meant.
#[derive(Args)]
pub struct Place {
    /// TOML file of the service, which names its data folder
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Folder of the service's history, images and models [default: in the platform's folder for data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// PostgreSQL database of the history, as postgres://USER@HOST/DATABASE [default: a file in the data folder]
    // It may hold a password, which no mistake may print.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// What a person may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum RoleArg {
    /// Sees what is judged, and labels it
    Operator,
    /// Sets stations up too
    Engineer,
    /// Says who may do what too
    Admin,
}

/// What a program may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum TokenRoleArg {
    /// Sends images, and reads what came of those
    Machine,
    /// Reads what was judged, metrics and events
    Reader,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Operator => Self::Operator,
            RoleArg::Engineer => Self::Engineer,
            RoleArg::Admin => Self::Admin,
        }
    }
}

impl From<TokenRoleArg> for TokenRole {
    fn from(role: TokenRoleArg) -> Self {
        match role {
            TokenRoleArg::Machine => Self::Machine,
            TokenRoleArg::Reader => Self::Reader,
        }
    }
}

impl Place {
    fn open(&self) -> Result<Administration> {
        let mut configuration = match &self.config {
            Some(file) => Configuration::load(file)?,
            None => Configuration::default(),
        };
        if let Some(database) = &self.database {
            configuration.database = Some(database.parse()?);
        }
        let data = match self.data.as_ref().or(configuration.data.as_ref()) {
            Some(data) => data.clone(),
            None => folder::usual()?,
        };
        Ok(Administration::open(&data, &configuration)?)
    }
}

/// `oddspot serve user` and `oddspot serve token`.
pub fn run(command: &PeopleCommand) -> Result<ExitCode> {
    match command {
        PeopleCommand::User(command) => of_user(command)?,
        PeopleCommand::Token(command) => of_token(command)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn of_user(command: &UserCommand) -> Result<()> {
    match command {
        UserCommand::Add { name, role, place } => {
            let people = place.open()?;
            people.check_new_user(name)?;
            people.add_user(name, (*role).into(), &new_password()?)?;
            tell!("{name} can sign in now");
        }
        UserCommand::List { place } => {
            for user in place.open()?.users()? {
                let signed_in = user.signed_in.as_deref().unwrap_or("never");
                say!(
                    "{:<24} {:<9} signed in last: {signed_in}",
                    user.name,
                    user.role.word()
                );
            }
        }
        UserCommand::Role { name, role, place } => {
            let role = Role::from(*role);
            place.open()?.set_role(name, role)?;
            tell!("{name} is {} now", role.word());
        }
        UserCommand::Password { name, place } => {
            let people = place.open()?;
            people.check_user(name)?;
            people.set_password(name, &new_password()?)?;
            tell!("{name} has the new password, and is signed out everywhere");
        }
        UserCommand::Remove { name, place } => {
            let people = place.open()?;
            people.remove_user(name)?;
            tell!("{name} cannot sign in any more");
            if people.users()?.is_empty() {
                tell!(
                    "there are no users any more: whoever can use this machine may do everything, and no other machine is let in"
                );
            }
        }
    }
    Ok(())
}

fn of_token(command: &TokenCommand) -> Result<()> {
    match command {
        TokenCommand::Add {
            name,
            role,
            station,
            place,
        } => {
            let people = place.open()?;
            let token = people.add_token(name, (*role).into(), station.as_deref())?;
            if let Some(station) = station
                && !people.has_station(station)?
            {
                tell!("warning: there is no station {station} yet");
            }
            tell!(
                "this is shown once, and kept nowhere: the program sends it as Authorization: Bearer …"
            );
            say!("{token}");
            if people.users()?.is_empty() {
                tell!("as long as there are no users, nobody needs it");
            }
        }
        TokenCommand::List { place } => {
            for token in place.open()?.tokens()? {
                let station = token.station.as_deref().unwrap_or("all stations");
                let used = token.used.as_deref().unwrap_or("never");
                say!(
                    "{:<24} {:<8} {station:<16} last used: {used}",
                    token.name,
                    token.role.word()
                );
            }
        }
        TokenCommand::Remove { name, place } => {
            place.open()?.remove_token(name)?;
            tell!("the token {name} opens nothing any more");
        }
    }
    Ok(())
}

/// A new password: asked for twice at a terminal, where it is not shown, or else a line of standard input.
fn new_password() -> Result<String> {
    if stdin().is_terminal() {
        let question = format!("Password, at least {LEAST} letters: ");
        let first = rpassword::prompt_password(question).context("cannot ask for a password")?;
        let again =
            rpassword::prompt_password("The same again: ").context("cannot ask for it again")?;
        ensure!(
            first == again,
            "it was written in two ways: nothing was changed"
        );
        return Ok(first);
    }
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    if read.context("cannot read a password from standard input")? == 0 {
        bail!("standard input has no password: write a line into it, or run this at a terminal");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

//! `serve history`: where a service's history is.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use oddspot_station::configuration::{DatabaseAddress, secret};
use oddspot_station::{Configuration, Way, copy_history};

use super::folder;

/// What is done about a history.
#[derive(Subcommand)]
pub enum HistoryCommand {
    /// Copy it from the data folder's file to a PostgreSQL database, or back, while no service runs on either
    Copy(CopyArgs),
}

/// From where to where.
#[derive(Args)]
pub struct CopyArgs {
    /// TOML file of the service, which names its data folder, and the file of the database's password
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Folder of the service's images and models, and of the history if it is a file [default: in the platform's folder
    /// for data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// PostgreSQL database that the data folder's history is copied to: an empty one, as postgres://USER@HOST/DATABASE
    // Read later: what cannot be read would be quoted here, with its password.
    #[arg(long, value_name = "URL", required_unless_present = "from")]
    to: Option<String>,
    /// PostgreSQL database whose history is copied to the data folder, which has none yet
    #[arg(long, value_name = "URL", conflicts_with = "to")]
    from: Option<String>,
}

/// `oddspot serve history`.
pub fn run(command: &HistoryCommand) -> Result<ExitCode> {
    match command {
        HistoryCommand::Copy(args) => copy(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn copy(args: &CopyArgs) -> Result<()> {
    let configuration = match &args.config {
        Some(file) => Configuration::load(file)?,
        None => Configuration::default(),
    };
    let (url, way) = match (&args.to, &args.from) {
        (Some(to), _) => (to.as_str(), Way::ToServer),
        (None, from) => (from.as_deref().unwrap_or_default(), Way::ToFile),
    };
    let mut address: DatabaseAddress = url.parse()?;
    if let Some(file) = &configuration.database_password_file {
        let password = secret(file).map_err(anyhow::Error::msg)?;
        address = address.with_password(String::from_utf8(password)?);
    }
    let data = match args.data.as_ref().or(configuration.data.as_ref()) {
        Some(data) => data.clone(),
        None => folder::usual()?,
    };
    let copied = copy_history(&data, &address, way)?;
    let rows: u64 = copied.iter().map(|one| one.rows).sum();
    let of = |table: &str| copied.iter().find(|one| one.table == table);
    let inspections = of("inspection").map_or(0, |one| one.rows);
    let folder = data.display();
    say!("{inspections} inspections, {rows} rows in all, were copied and counted");
    match way {
        Way::ToServer => tell!(
            "start the service with the database of {address} and --data {folder} from now on; history.sqlite in it is as \
             it was, and is not written any more"
        ),
        Way::ToFile => tell!(
            "start the service with --data {folder} and without a database from now on; {address} is as it was, and is not \
             written any more"
        ),
    }
    Ok(())
}

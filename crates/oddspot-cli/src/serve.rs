//! `oddspot serve`: the inspection station.

mod demo;
mod folder;
mod history;
mod log;
mod people;
mod stations;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use oddspot::net::engine::Cpu;
use oddspot::{Model, Options};
use oddspot_station::configuration::After;
use oddspot_station::{Configuration, Held, Service};

use crate::interrupt::Interrupt;
use crate::runtime::teacher_library;

/// Arguments of `oddspot serve`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ServeArgs {
    /// Who may use it, and where its history is
    #[command(subcommand)]
    pub command: Option<ServeCommand>,
    /// TOML file with stations and limits; options replace what it says
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// Address and port of the page [default: 127.0.0.1:8480]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Folder of the history, images and models [default: in the platform's folder for data]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// PostgreSQL database of the history, as postgres://USER@HOST/DATABASE [default: a file in the data folder]
    #[arg(long, value_name = "URL")]
    // Read later: what cannot be read would be quoted here, with its password.
    pub database: Option<String>,
    /// Model that judges
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Name of the station [default: that of the model's file]
    #[arg(long)]
    pub name: Option<String>,
    /// Folder that images come into
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// What becomes of the folder's images once they are judged [default: stay]
    #[arg(long, value_enum)]
    pub after: Option<AfterArg>,
    /// Learn made-up boards and judge one a second, in a data folder that goes at the end unless --data is given
    #[arg(long, conflicts_with_all = ["config", "database", "model", "name", "folder", "after"])]
    pub demo: bool,
    /// Output that was taken out of the file, of which what still waits is removed; may be given several times
    #[arg(long, value_name = "STATION/NAME")]
    pub forget_output: Vec<String>,
    /// Certificate by which browsers know the service, in PEM form: connections are secure then
    #[arg(long, value_name = "FILE.pem", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, in PEM form
    #[arg(long, value_name = "FILE.pem", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Threads of each model; 0 takes as many as there are cores
    #[arg(long)]
    pub threads: Option<usize>,
}

/// What is done about a service, and no service.
#[derive(Subcommand)]
pub enum ServeCommand {
    #[command(flatten)]
    People(people::PeopleCommand),
    /// Its history
    #[command(subcommand)]
    History(history::HistoryCommand),
}

/// What becomes of a folder's images once they are judged.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AfterArg {
    /// They stay
    Stay,
    /// They are moved to `done`, or to `failed` with the reason beside them
    Move,
}

impl From<AfterArg> for After {
    fn from(after: AfterArg) -> Self {
        match after {
            AfterArg::Stay => Self::Stay,
            AfterArg::Move => Self::Move,
        }
    }
}

/// `oddspot serve`.
pub fn run(args: &ServeArgs) -> Result<ExitCode> {
    log::listen();
    match &args.command {
        Some(ServeCommand::People(command)) => return people::run(command),
        Some(ServeCommand::History(command)) => return history::run(command),
        None => {}
    }
    let interrupt = Interrupt::install()?;
    let mut configuration = stations::configured(args)?;
    let scratch = args.demo.then(tempfile::tempdir).transpose()?;
    // So that what is wrong with one is told with the advice that other commands give.
    for (number, station) in configuration.stations.iter().enumerate() {
        if let Some(model) = &station.model {
            Model::load(model).with_context(|| configuration.place_of_model(number))?;
        }
    }
    let data = match (&configuration.data, &scratch) {
        (Some(data), _) => data.clone(),
        (None, Some(scratch)) => scratch.path().join("data"),
        (None, None) => folder::usual()?,
    };
    let held = Held::take(&configuration, &data)?;
    // It takes long: whatever it would be refused for was looked at before.
    if let Some(scratch) = &scratch {
        let station = demo::station(scratch.path(), configuration.threads)?;
        configuration.stations.push(station);
    }
    let options = Options {
        threads: configuration.threads,
        library: Some(teacher_library()),
        engine: Arc::new(Cpu),
    };
    oddspot_station::run(
        &configuration,
        held,
        options,
        |service, address| {
            match &configuration.database {
                None => tell!(
                    "the history, images and models are kept in {}",
                    data.display()
                ),
                Some(database) => tell!(
                    "the history is kept in {database}; images and models are kept in {}",
                    data.display()
                ),
            }
            tell_of(service, &configuration);
            let scheme = match configuration.tls {
                Some(_) => "https",
                None => "http",
            };
            say!("{scheme}://{address}/");
            if args.demo
                && let Err(error) = demo::feed(service, &interrupt)
            {
                tell!("warning: no boards come: {error:#}");
            }
        },
        || interrupt.flow().is_break(),
    )?;
    // To be stopped is how it ends.
    Ok(ExitCode::SUCCESS)
}

fn tell_of(service: &Service, configuration: &Configuration) {
    let stations = service.stations();
    if stations.is_empty() {
        tell!("there is no station yet: make one on the page, or give --model");
    }
    for station in stations {
        let name = &station.name;
        let active = station.model().map(|model| model.version.sha256.clone());
        match (&active, &station.configured_model) {
            (Some(active), Some(named)) if active != named => tell!(
                "station {name} judges by model {active:.12}, which was activated on its page in the place of {named:.12}"
            ),
            (Some(active), _) => tell!("station {name} judges by model {active:.12}"),
            (None, _) => tell!(
                "warning: station {name} has no model: nothing can be judged; make one on its page, or give --model"
            ),
        }
        if station.post.is_paused() {
            tell!("station {name} is paused: nothing is judged until it is resumed on its page");
        }
        for output in &station.outputs {
            match output.name == output.kind {
                true => tell!("its results go out by {}", output.kind),
                false => tell!("its results go out by {}, {}", output.name, output.kind),
            }
        }
        let asked = configuration.stations.iter().find(|one| one.name == *name);
        if let (Some((folder, _)), Some(asked)) = (&station.folder, asked) {
            let after = match asked.after {
                After::Stay => "stay there",
                After::Move => "are moved to done or failed in it",
            };
            tell!("images come from {}, and {after}", folder.display());
        }
    }
    tell!("Ctrl-C ends it; the page:");
}

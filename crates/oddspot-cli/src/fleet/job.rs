//! A command's arguments, as they are for one part, or for the parts of a manifest.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::error::{Error as UsageError, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::kinds::Kind;
use super::options::{Values, given};
use super::shard::Shard;
use crate::voice::Voice;

/// What a command is to work on.
pub enum Job<A> {
    /// What its arguments name.
    One(A),
    /// The parts of a manifest.
    Fleet(FleetArgs),
}

/// The parts of a manifest, or a share of them.
pub struct FleetArgs {
    /// The manifest.
    pub manifest: PathBuf,
    /// The share.
    pub shard: Shard,
    /// The folder that has a folder for each part.
    pub output: PathBuf,
    /// Options for all parts.
    pub given: Values,
    /// Whether the parts are only to be named.
    pub lists: bool,
}

impl FleetArgs {
    /// How much is told of the parts, whatever one of them tells.
    pub fn voice(&self) -> Voice {
        Voice {
            quiet: self.given.contains_key("quiet"),
        }
    }
}

impl<A: Kind> Args for Job<A> {
    fn augment_args(command: Command) -> Command {
        let command = A::augment_args(command).mut_args(|arg| match arg.is_required_set() {
            true => arg.required(false).required_unless_present("manifest"),
            false => arg,
        });
        let places = command.get_positionals().map(|arg| arg.get_id().clone());
        let manifest = Arg::new("manifest")
            .long("manifest")
            .value_name("PARTS.csv")
            .value_parser(ValueParser::path_buf())
            .help_heading("Fleets")
            .help("Work on every part that this table lists, a row a part, or on every data set of this folder; -o is then the folder for all of them")
            .conflicts_with_all(places.collect::<Vec<_>>());
        let shard = Arg::new("shard")
            .long("shard")
            .value_name("I/N")
            .value_parser(|text: &str| text.parse::<Shard>())
            .help_heading("Fleets")
            .help("Only the rows of this share of N equal ones, such as 1/4")
            .requires("manifest");
        let list = Arg::new("list")
            .long("list")
            .action(ArgAction::SetTrue)
            .help_heading("Fleets")
            .help("Only look whether the manifest is right, and print the names of the parts")
            .requires("manifest");
        let has_output = command.get_arguments().any(|arg| arg.get_id() == "output");
        let output = (!has_output).then(|| {
            Arg::new("output")
                .long("output")
                .short('o')
                .value_name("FOLDER")
                .value_parser(ValueParser::path_buf())
                .help_heading("Fleets")
                .help("Folder for the parts of a manifest")
                .requires("manifest")
        });
        command.arg(manifest).arg(shard).arg(list).args(output)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<A: Kind> FromArgMatches for Job<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, UsageError> {
        let refused = |text: String| UsageError::raw(ErrorKind::ArgumentConflict, text + "\n");
        let Some(manifest) = matches.get_one::<PathBuf>("manifest") else {
            // What a manifest conflicts with lets clap forget that others need one.
            if matches.contains_id("shard") || matches.get_flag("list") {
                let text = "--shard and --list need --manifest PARTS.csv";
                return Err(refused(text.to_owned()));
            }
            return A::from_arg_matches(matches).map(Self::One);
        };
        let Some(output) = matches.get_one::<PathBuf>("output") else {
            let text = "--manifest needs -o FOLDER, a folder for all parts";
            return Err(refused(text.to_owned()));
        };
        Ok(Self::Fleet(FleetArgs {
            manifest: manifest.clone(),
            shard: matches.get_one("shard").copied().unwrap_or_default(),
            output: output.clone(),
            given: given::<A>(matches).map_err(refused)?,
            lists: matches.get_flag("list"),
        }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), UsageError> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

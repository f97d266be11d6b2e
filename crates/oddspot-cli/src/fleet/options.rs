//! Options of a command as a fleet knows them: given for all parts on the command line, or for one by a column.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{Error as UsageError, ErrorKind as UsageKind};
use clap::{ArgMatches, Args, Command};

/// Options that a fleet decides by itself, or that make sense for one part alone.
const OWN: [&str; 15] = [
    "append",
    "categories",
    "chart",
    "contextual",
    "fail-on",
    "help",
    "help-all",
    "html",
    "json",
    "log",
    "output",
    "replace",
    "restart",
    "resume",
    "show",
];
/// Options of the process, which no part has of its own.
const OF_PROCESS: [&str; 3] = ["device", "quiet", "threads"];

/// An option of a command.
pub struct Known {
    /// What `clap` calls it.
    id: String,
    /// Its name, without the dashes.
    pub name: String,
    /// Whether it has a value.
    pub takes_value: bool,
    /// Whether its value is a file.
    pub is_path: bool,
}

impl Known {
    /// Whether it may be given for all parts.
    pub fn is_for_all(&self) -> bool {
        !OWN.contains(&self.name.as_str())
    }

    /// Whether it may be a column.
    pub fn is_column(&self) -> bool {
        self.is_for_all() && !is_of_process(&self.name)
    }
}

/// Whether an option is of the process, and changes no result.
pub fn is_of_process(name: &str) -> bool {
    OF_PROCESS.contains(&name)
}

/// All options of a command.
pub fn options<A: Args>() -> Vec<Known> {
    let command = A::augment_args(Command::new(""));
    let known = command.get_arguments().filter_map(|arg| {
        let name = arg.get_long()?.to_owned();
        Some(Known {
            id: arg.get_id().to_string(),
            takes_value: arg.get_action().takes_values(),
            is_path: arg.get_value_parser().type_id() == TypeId::of::<PathBuf>(),
            name,
        })
    });
    known.collect()
}

/// Options with their values, by their names: none of a switch.
pub type Values = BTreeMap<String, Vec<OsString>>;

/// What was given on the command line for all parts.
///
/// # Errors
/// An option that is for one part alone.
pub fn given<A: Args>(matches: &ArgMatches) -> Result<Values, String> {
    let mut given = Values::new();
    for known in options::<A>() {
        let is_given =
            matches.value_source(&known.id) == Some(clap::parser::ValueSource::CommandLine);
        if !is_given || known.name == "output" {
            continue;
        }
        if !known.is_for_all() {
            return Err(format!(
                "--{} is not for the parts of a manifest: leave it out",
                known.name
            ));
        }
        let values = match known.takes_value {
            true => matches.get_raw(&known.id).into_iter().flatten(),
            false => None.into_iter().flatten(),
        };
        given.insert(known.name, values.map(ToOwned::to_owned).collect());
    }
    Ok(given)
}

/// A command's arguments from options, and from what stands without one.
///
/// # Errors
/// What the command would say of them.
pub fn parse<A: Args>(options: &Values, positional: &[PathBuf]) -> Result<A, String> {
    let mut words: Vec<OsString> = options.iter().flat_map(words_of).collect();
    words.push("--".into());
    words.extend(positional.iter().map(|path| path.clone().into_os_string()));
    command_of::<A>()
        .try_get_matches_from(words)
        .and_then(|matches| A::from_arg_matches(&matches))
        .map_err(|error| in_short(&error))
}

/// What the command would say of options whose values are none of theirs, one by one.
pub fn wrong_values<A: Args>(options: &Values) -> Vec<String> {
    let command = command_of::<A>();
    let wrong = options.iter().filter_map(|option| {
        let error = command
            .clone()
            .try_get_matches_from(words_of(option))
            .err()?;
        // What is missing beside it is not this option's fault.
        let is_its_own = [UsageKind::InvalidValue, UsageKind::ValueValidation];
        is_its_own.contains(&error.kind()).then(|| in_short(&error))
    });
    wrong.collect()
}

fn command_of<A: Args>() -> Command {
    A::augment_args(Command::new("oddspot")).no_binary_name(true)
}

/// An option as it is written.
fn words_of((name, values): (&String, &Vec<OsString>)) -> Vec<OsString> {
    if values.is_empty() {
        return vec![format!("--{name}").into()];
    }
    let word = |value: &OsString| {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        word
    };
    values.iter().map(word).collect()
}

/// The first sentence of what `clap` says.
fn in_short(error: &UsageError) -> String {
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let text = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    text.trim_start_matches("error: ").to_owned()
}

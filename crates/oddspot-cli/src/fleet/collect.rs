//! `oddspot collect`: what the shards of a fleet have made, in one place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::collected;
use super::kinds::make_folder;
use super::manifest::Manifest;
use super::record::record_file;
use super::standing::{CommandName, Part, standing};
use crate::printing::counted;
use oddspot::files::lock::Hold;

/// The exit status where something is missing.
const SOME_MISSING: u8 = 3;
/// Parts that a line names.
const SHOWN: usize = 20;

/// Arguments of `oddspot collect`.
#[derive(Args)]
pub struct CollectArgs {
    /// Folder that -o of the shards named; several, where each machine had its own
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// The manifest that the shards had
    #[arg(long, value_name = "PARTS.csv")]
    pub manifest: PathBuf,
    /// Folder for the tables [default: the first of the folders]
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Commands of which every part must be finished [default: those that any part has seen]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub of: Vec<CommandName>,
    /// Parts whose defects are contextual: the benchmark's Table 1 has their mean too
    #[arg(long, value_delimiter = ',')]
    pub contextual: Vec<String>,
}

/// `oddspot collect`.
///
/// # Errors
/// A manifest that needs mending; folders in which no part was begun; an output that cannot be written.
pub fn run(args: &CollectArgs) -> Result<ExitCode> {
    let mut folders = Vec::new();
    for folder in &args.folders {
        ensure!(folder.is_dir(), "there is no folder {}", folder.display());
        let manifest = Manifest::read(&args.manifest, folder)?;
        manifest.check()?;
        folders.push(manifest);
    }
    let Some((first, output)) = folders.first().zip(args.folders.first()) else {
        anyhow::bail!("there is no folder to collect from");
    };
    let output = args.output.as_ref().unwrap_or(output);
    let commands = commands(args, &folders);
    ensure!(
        !commands.is_empty(),
        "no part of {} was begun in {}",
        args.manifest.display(),
        listed(
            args.folders
                .iter()
                .map(|folder| folder.display().to_string())
        )
    );
    let parts: Vec<Part> = (0..first.rows.len())
        .map(|row| Part {
            name: first.rows[row].name.clone(),
            standings: commands
                .iter()
                .map(|&c| (c, standing(c, &folders, row)))
                .collect(),
        })
        .collect();
    make_folder(output)?;
    let _hold = Hold::take_soon(&output.join(collected::PARTS))?;
    collected::write(output, &parts, &commands, &args.contextual)?;
    tell_mixed(&parts, &commands);
    Ok(end(&parts, &commands, output))
}

/// Those that were asked for, or that any part has seen.
fn commands(args: &CollectArgs, folders: &[Manifest]) -> BTreeSet<CommandName> {
    if !args.of.is_empty() {
        return args.of.iter().copied().collect();
    }
    let rows = || folders.iter().flat_map(|manifest| &manifest.rows);
    let is_seen =
        |one: &CommandName| rows().any(|row| record_file(&row.folder, one.name()).is_file());
    CommandName::ALL.into_iter().filter(is_seen).collect()
}

/// Tells where parts of one table were made by several versions.
fn tell_mixed(parts: &[Part], commands: &BTreeSet<CommandName>) {
    for &command in commands {
        let records = parts.iter().filter_map(|part| part.record(command));
        let versions: BTreeSet<&str> = records.map(|record| record.oddspot.as_str()).collect();
        if versions.len() > 1 {
            tell!(
                "warning: {} was done by several versions of oddspot: {}",
                command.name(),
                listed(versions.into_iter().map(str::to_owned))
            );
        }
    }
}

/// Tells what is there and what is missing, and gives the exit status.
fn end(parts: &[Part], commands: &BTreeSet<CommandName>, output: &Path) -> ExitCode {
    let mut missing = 0;
    for &command in commands {
        let all: Vec<(&str, &str)> = parts
            .iter()
            .filter_map(|part| part.missing(command))
            .collect();
        say!(
            "{}: {} of {} finished",
            command.name(),
            parts.len() - all.len(),
            counted(parts.len(), "part")
        );
        for (name, reason) in all.iter().take(SHOWN) {
            say!("  {name}: {reason}");
        }
        if all.len() > SHOWN {
            say!("  and {} more: parts.csv names them all", all.len() - SHOWN);
        }
        let lacking = parts.iter().filter(|part| part.lacks_images(command));
        let lacking: Vec<String> = lacking.map(|part| part.name.clone()).collect();
        if !lacking.is_empty() {
            say!("  without some images: {}", listed(lacking.into_iter()));
        }
        missing += all.len();
    }
    say!("tables of all parts: {}", output.display());
    match missing {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_MISSING),
    }
}

fn listed(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(", ")
}

//! Paths that a command was given in the wrong places: what lies there, what it takes, and what to type.

mod found;
mod slot;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Arg, ArgMatches, Command, Id};

use crate::printing::quoted;
use found::Found;
use slot::{Slot, Takes, USAGES, Usage};

/// Paths that have no place of their own.
const MORE: &str = "more paths";

/// What is said of arguments that were understood, of which one cannot be meant where it stands. `words` are all that was
/// typed.
pub fn misplaced(matches: &ArgMatches, words: &[OsString]) -> Option<String> {
    let (name, matches) = matches.subcommand()?;
    let usage = USAGES.iter().find(|usage| usage.command == name)?;
    if matches.try_contains_id("manifest").is_ok_and(|given| given) {
        // The table says what lies where.
        return None;
    }
    Given::of(usage, matches).said(words)
}

/// What is said of arguments that were not understood, if a path is why.
pub fn misunderstood(command: Command, words: &[OsString]) -> Option<String> {
    let lenient = USAGES.iter().fold(command, |command, usage| {
        // Not every program has every command.
        match command.find_subcommand(usage.command).is_some() {
            true => command.mut_subcommand(usage.command, lenient),
            false => command,
        }
    });
    misplaced(&lenient.try_get_matches_from(words).ok()?, words)
}

/// A command that takes whatever paths it is given, and needs none.
fn lenient(command: Command) -> Command {
    let takes_many = |arg: &Arg| arg.get_num_args().is_some_and(|many| many.max_values() > 1);
    let is_full = command.get_positionals().any(takes_many);
    let command = command.mut_args(|arg| {
        arg.required(false)
            .required_unless_present(Resettable::<Id>::Reset)
    });
    match is_full {
        true => command,
        false => command.arg(
            Arg::new(MORE)
                .num_args(0..)
                .value_parser(clap::value_parser!(PathBuf)),
        ),
    }
}

/// A path at its place; none of those that have no place.
struct One<'a> {
    slot: Option<&'static Slot>,
    path: &'a Path,
    found: Found,
}

impl One<'_> {
    fn is_refused(&self) -> bool {
        self.slot
            .is_none_or(|slot| slot.takes.refuses(self.found, self.path))
    }
}

/// Which path belongs at each place. What stands right stays; then what was displaced goes where it suits, then where it may
/// be meant.
fn chosen<'a>(
    paths: &'a [One<'a>],
    places: &[(&'static Slot, Option<&'a One<'a>>)],
) -> Vec<Option<&'a One<'a>>> {
    let stays = |one: &One| {
        let suits = one.slot.is_some_and(|slot| slot.takes.suits(one.found));
        suits && !one.is_refused()
    };
    let mut free: VecDeque<&One> = paths.iter().filter(|one| !stays(one)).collect();
    let own = |(_, own): &(&Slot, Option<&'a One<'a>>)| own.filter(|one| stays(one));
    let mut chosen: Vec<Option<&One>> = places.iter().map(own).collect();
    for is_sure in [true, false] {
        for ((slot, own), chosen) in places.iter().zip(&mut chosen) {
            let fits = |one: &&One| {
                // What has a place of its own belongs to no option that was not typed.
                let is_asked = slot.needed || own.is_some() || one.slot.is_none();
                is_asked
                    && match is_sure {
                        true => slot.takes.suits(one.found),
                        false => !slot.takes.refuses(one.found, one.path),
                    }
            };
            let is_own = |one: &&One| own.is_some_and(|own| std::ptr::eq(own, *one));
            if chosen.is_none() {
                let its_own = free.iter().position(|one| is_own(one) && fits(one));
                let at = its_own.or_else(|| free.iter().position(fits));
                *chosen = at.and_then(|at| free.remove(at));
            }
        }
    }
    chosen
}

/// The paths that a command was given.
struct Given<'a> {
    usage: &'static Usage,
    paths: Vec<One<'a>>,
}

impl<'a> Given<'a> {
    fn of(usage: &'static Usage, matches: &'a ArgMatches) -> Self {
        let at = |slot: Option<&'static Slot>, id: &str| {
            let found = matches.try_get_many::<PathBuf>(id).ok().flatten();
            let one = move |path: &'a PathBuf| One {
                slot,
                path,
                found: match slot.map(|slot| slot.takes) {
                    Some(Takes::Folder) => Found::at_folder(path),
                    _ => Found::at(path),
                },
            };
            found.into_iter().flatten().map(one)
        };
        let placed = (usage.slots.iter()).flat_map(|slot| at(Some(slot), slot.id));
        Self {
            usage,
            paths: placed.chain(at(None, MORE)).collect(),
        }
    }

    /// The sentence; None where each path may be what is meant there.
    fn said(&self, words: &[OsString]) -> Option<String> {
        let wrong: Vec<&One> = self.paths.iter().filter(|one| self.is_wrong(one)).collect();
        if wrong.is_empty() {
            return None;
        }
        let are: Vec<String> = wrong
            .iter()
            .map(|one| format!("{} is {}", one.path.display(), words_of(one)))
            .collect();
        let placed = self.placed();
        let has_model = placed
            .iter()
            .all(|(slot, path)| slot.takes != Takes::Model || path.is_some() || !slot.needed);
        let of_models = match has_model {
            true => "",
            false => " (`oddspot train` writes models)",
        };
        let Usage { command, takes, .. } = self.usage;
        Some(format!(
            "{}; `oddspot {command}` takes {takes}{of_models}: `{}`",
            are.join(" and "),
            self.line(&placed, words)
        ))
    }

    /// Whether a path cannot be meant where it stands; of one without a place whether it is missed elsewhere.
    fn is_wrong(&self, one: &One) -> bool {
        if one.slot.is_some() {
            return one.is_refused();
        }
        let is_open =
            |slot: &&Slot| self.at(slot).next().is_none() || self.at(slot).any(One::is_refused);
        let mut open = self.usage.slots.iter().filter(is_open);
        open.any(|slot| slot.takes.suits(one.found))
    }

    /// The paths that stand at a place.
    fn at<'s>(&'s self, slot: &'s Slot) -> impl Iterator<Item = &'s One<'a>> {
        let is_there = move |one: &&One| one.slot.is_some_and(|its| its.id == slot.id);
        self.paths.iter().filter(is_there)
    }

    /// Every place with the path that belongs there; None where none was given that does.
    fn placed(&self) -> Vec<(&'static Slot, Option<PathBuf>)> {
        let mut places = Vec::new();
        for slot in self.usage.slots {
            let before = places.len();
            places.extend(self.at(slot).map(|one| (slot, Some(one))));
            if places.len() == before {
                places.push((slot, None));
            }
        }
        let chosen = chosen(&self.paths, &places);
        let named = |((slot, own), chosen): (&(&'static Slot, Option<&One>), Option<&One>)| {
            let beside = || own.and_then(|own| slot.takes.beside(own.path, own.found));
            (*slot, chosen.map(|one| one.path.to_owned()).or_else(beside))
        };
        places.iter().zip(chosen).map(named).collect()
    }

    /// The command line, with all else that was typed at its end.
    fn line(&self, placed: &[(&'static Slot, Option<PathBuf>)], words: &[OsString]) -> String {
        let mut line = format!("oddspot {}", self.usage.command);
        let mut option = None;
        let has_path = |slot: &Slot| {
            (placed.iter()).any(|(other, path)| other.id == slot.id && path.is_some())
        };
        for (slot, path) in placed {
            let text = match path {
                Some(path) => quoted(path),
                // What is left of several is enough.
                None if has_path(slot) => continue,
                None if slot.needed || self.at(slot).next().is_some() => slot.stands.to_owned(),
                None => continue,
            };
            let first = slot.options.first().filter(|first| option != Some(**first));
            if let Some(first) = first {
                line += &format!(" {first}");
            }
            option = slot.options.first().copied();
            line += &format!(" {text}");
        }
        let rest = self.rest(words);
        for word in &rest {
            line += &format!(" {}", quoted(Path::new(word)));
        }
        let is_there = |(slot, path): &(&Slot, Option<PathBuf>)| {
            let is_new = matches!(slot.takes, Takes::NewModel | Takes::NewExport);
            is_new && path.as_ref().is_some_and(|path| path.is_file())
        };
        if self.usage.replaces
            && placed.iter().any(is_there)
            && !rest.iter().any(|one| one == "--replace")
        {
            line += " --replace";
        }
        line
    }

    /// What was typed behind the command, without the paths and their options.
    fn rest(&self, words: &[OsString]) -> Vec<OsString> {
        let mut rest: Vec<OsString> = words.iter().skip(2).cloned().collect();
        for one in &self.paths {
            let options = one.slot.map_or(&[][..], |slot| slot.options);
            if let Some(at) = rest.iter().position(|word| word == one.path) {
                rest.remove(at);
                let before = at
                    .checked_sub(1)
                    .filter(|&at| options.iter().any(|option| rest[at] == *option));
                if let Some(before) = before {
                    rest.remove(before);
                }
                continue;
            }
            // As `--output=good` and `-ogood`.
            let path = one.path.to_string_lossy();
            let is_both = |word: &OsString| {
                let word = word.to_string_lossy();
                word.ends_with(&*path) && options.iter().any(|option| word.starts_with(option))
            };
            rest.retain(|word| !is_both(word));
        }
        rest
    }
}

fn words_of(one: &One) -> &'static str {
    match (one.slot.map(|slot| slot.takes), one.found) {
        (Some(Takes::Known), Found::Folder) => "a folder without results.jsonl",
        (_, found) => found.words(one.path),
    }
}

//! What helps against an error: the options and commands that the library knows nothing of.

use std::path::Path;

use anyhow::Chain;
use oddspot::images::begins_like_an_image;
use oddspot::net::teachers::BUILTIN;
use oddspot::train::Checkpoint;
use oddspot::{Error, ErrorKind, Model, Subject};

use crate::configuration::with_option;
use crate::runtime::imported_teachers;
use crate::torchvision::{SOURCES, Source};

/// An error and its causes in one line, and what helps.
pub fn said(error: &anyhow::Error) -> String {
    let causes = chain(error);
    let ours = error.chain().filter_map(|cause| cause.downcast_ref());
    match ours.into_iter().find_map(advice) {
        Some(advice) => format!("{causes}; {advice}"),
        None => causes,
    }
}

/// An error and its causes in one line.
pub fn chain(error: &anyhow::Error) -> String {
    in_one_line(error.chain())
}

/// Why an image cannot be judged, in one line, and what helps.
pub fn unjudged(error: &Error) -> String {
    let allow_more = match (error.subject(), error.kind()) {
        (Subject::Image, ErrorKind::TooLarge) => {
            ", or allow more with --max-megapixels and --max-side"
        }
        _ => "",
    };
    causes(error) + allow_more
}

/// An error of the library's and its causes in one line.
pub fn causes(error: &Error) -> String {
    in_one_line(Chain::new(error))
}

fn in_one_line(causes: Chain) -> String {
    let texts: Vec<String> = causes
        .map(|cause| match cause.downcast_ref() {
            Some(error) => with_option(error),
            None => cause.to_string(),
        })
        .collect();
    texts.join(": ")
}

fn advice(error: &Error) -> Option<String> {
    let path = error.path().unwrap_or(Path::new(""));
    let advice = match (error.subject(), error.kind()) {
        (Subject::Teacher(name), ErrorKind::NotFound) => return Some(bring_teacher(name)),
        (Subject::Teacher(_), ErrorKind::Invalid) => "give another --name",
        (Subject::Weights, ErrorKind::Invalid) => return of_no_teacher(path),
        (Subject::Model, ErrorKind::NotFound) => {
            "bring that teacher's file and run `oddspot teacher import`"
        }
        (Subject::Model, ErrorKind::Mismatch) => concat!(
            "this is oddspot ",
            env!("CARGO_PKG_VERSION"),
            ": train the model with it, or install the version that did"
        ),
        (Subject::Model, ErrorKind::Invalid) => of_no_model(path),
        (Subject::Checkpoint, _) => "or start again with --restart instead of --resume",
        (Subject::Training, ErrorKind::Diverged) => "give --restart and a lower --learning-rate",
        (Subject::Setting("detection.pos_weight"), _) => "--method baseline leaves e_pos out",
        (Subject::Region, ErrorKind::Mismatch) => {
            "draw it on one of the images, or give another --mask or --region"
        }
        (Subject::Page, _) => "do without --html, nothing else depends on it",
        (Subject::File("open" | "read"), ErrorKind::NotFound) => return Some(look_at_name(path)),
        _ => return None,
    };
    Some(advice.to_owned())
}

/// How to come by a teacher that is not installed.
fn bring_teacher(name: &str) -> String {
    let of_this_shape = || {
        SOURCES
            .iter()
            .find(|source| source.architecture.name == name)
    };
    let way = match (Source::named(name), of_this_shape()) {
        (Some(source), _) => source.way(),
        (None, Some(Source { file, .. })) => {
            format!("bring torchvision's {file} and run `oddspot teacher import {file}`")
        }
        (None, None) => format!(
            "bring its .pth or .safetensors file and run `oddspot teacher import FILE --name {name}`"
        ),
    };
    // Where there is no place for imported teachers, none can be brought.
    let first = imported_teachers()
        .err()
        .map(|error| format!("{error}; then "));
    let first = first.unwrap_or_default();
    format!("{first}{way}, or give the path of a weights file, or use --teacher {BUILTIN}")
}

/// What to do about a file or folder that is not there.
fn look_at_name(path: &Path) -> String {
    let here = std::env::current_dir().ok().filter(|_| path.is_relative());
    match here {
        Some(here) => format!(
            "look whether the name is right: it is looked for in {}",
            here.display()
        ),
        None => "look whether the name is right".to_owned(),
    }
}

/// What a file is good for that is no model.
fn of_no_model(path: &Path) -> &'static str {
    if path.is_dir() || begins_like_an_image(path) {
        "`oddspot train` writes one; `detect` and others take it first, and images after it"
    } else if is_checkpoint(path) {
        "finish it with `oddspot train … --resume`"
    } else {
        "make one with `oddspot train`, whose --teacher takes a teacher's weights"
    }
}

/// What a file is good for that holds no teacher's weights, if anything.
fn of_no_teacher(path: &Path) -> Option<String> {
    if Model::load(path).is_ok() {
        Some("pass it to `oddspot detect`".to_owned())
    } else if is_checkpoint(path) {
        Some("finish it with `oddspot train … --resume`".to_owned())
    } else {
        None
    }
}

fn is_checkpoint(path: &Path) -> bool {
    let checkpoint = Checkpoint {
        path: path.to_owned(),
        resume: true,
    };
    checkpoint.settings().is_ok()
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn said_of(error: Error) -> String {
        said(&Err::<(), _>(error).context("train").unwrap_err())
    }

    #[test]
    fn a_missing_teacher_is_told_with_the_way_to_it() {
        let missing = |name: &str| {
            let subject = Subject::Teacher(name.to_owned());
            said_of(Error::new(
                ErrorKind::NotFound,
                subject,
                "it is not installed",
            ))
        };
        let text = missing("squeezenet1_0");
        assert!(
            text.starts_with("train: cannot use teacher 'squeezenet1_0'"),
            "{text}"
        );
        let import = "`oddspot teacher import squeezenet1_0-b66bff10.pth --name squeezenet1_0`";
        assert!(text.contains(import), "{text}");
        let fetch = text.contains("`oddspot teacher fetch squeezenet1_0`");
        assert_eq!(fetch, cfg!(feature = "fetch"), "{text}");
        let text = missing("squeezenet");
        assert!(
            text.contains("import squeezenet1_0-b66bff10.pth`, or"),
            "{text}"
        );
        let text = missing("mine");
        assert!(text.contains("import FILE --name mine`"), "{text}");
    }

    #[test]
    fn an_error_without_advice_is_told_as_it_is() {
        let text = said_of(Error::image("a.png", "it is empty"));
        assert_eq!(text, "train: cannot use image a.png: it is empty");
    }
}

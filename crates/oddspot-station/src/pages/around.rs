//! Where the images of a station come from and its results go, and what it is called, as a part of the page of its set-up.

use std::path::Path;

use askama::Template;

use crate::configuration::{After, KeepConfiguration, OutputConfiguration, Target};
use crate::words::{Sentence, Words};

/// Where images come from and results go, and what the station is called.
#[derive(Template)]
#[template(path = "around.html")]
pub struct AroundPart {
    /// The words of the page.
    pub t: Words,
    /// The station.
    pub station: String,
    /// The folder that its images come into, and what becomes of them there.
    pub folder: Option<[String; 2]>,
    /// Its outputs: what each is called, and where it goes.
    pub outputs: Vec<[String; 2]>,
    /// What of its images is kept.
    pub kept: Vec<String>,
    /// The file of the configuration, if there is one.
    pub file: Option<String>,
    /// Whether the configuration or options name the station.
    pub is_configured: bool,
    /// Whether who looks may give it another name or take it away.
    pub is_for_admin: bool,
}

/// A folder, and what becomes of its files.
pub fn folder_row(t: &Words, folder: &Path, after: After) -> [String; 2] {
    let becomes = match after {
        After::Stay => t.say("files-stay"),
        After::Move => t.say("files-move"),
    };
    [folder.display().to_string(), becomes.to_string()]
}

/// An output, and where it goes: no passwords, nor what may be one.
pub fn output_row(t: &Words, output: &OutputConfiguration) -> [String; 2] {
    let kind = output.kind.word();
    let to = match output.target() {
        Ok(Target::Files { folder, .. }) => {
            let folder = folder.display().to_string();
            Sentence::new("output-files").with("folder", folder)
        }
        Ok(Target::Webhook { url, .. }) => {
            Sentence::new("output-webhook").with("server", server_of(&url))
        }
        Ok(Target::Mqtt {
            host, port, site, ..
        }) => Sentence::new("output-mqtt")
            .with("broker", format!("{host}:{port}"))
            .with("site", site),
        Ok(Target::Modbus { unit, .. }) => {
            Sentence::new("output-modbus").with("unit", usize::from(unit))
        }
        // At the start it could be used.
        Err((_, reason)) => return [output.name().to_owned(), reason],
    };
    let name = match output.name() {
        name if name == kind => name.to_owned(),
        name => format!("{name} ({kind})"),
    };
    [name, to.said(t)]
}

/// The beginning of an address: what follows may be a secret.
fn server_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = server.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{server}")
}

/// What of a station's images is kept, rule by rule.
pub fn kept_rows(t: &Words, keep: &KeepConfiguration) -> Vec<String> {
    let rows = [
        keep.good.map(|good| {
            let newest = Sentence::new("kept-newest").with("good", i64::from(good));
            newest.with("one-of", i64::from(keep.one_of()))
        }),
        keep.days
            .map(|days| Sentence::new("kept-days").with("days", i64::from(days))),
        keep.bytes().map(|bytes| {
            let gigabytes = t.number(bytes as f64 / 1e9, 1);
            Sentence::new("kept-gigabytes").with("gigabytes", gigabytes)
        }),
        keep.rows_days
            .map(|days| Sentence::new("kept-rows").with("days", i64::from(days))),
    ];
    let rows: Vec<String> = rows.iter().flatten().map(|one| one.said(t)).collect();
    match rows.is_empty() {
        true => vec![t.say("kept-all").to_string()],
        false => rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_what_is_no_secret_is_shown() {
        let shown = "https://mes.example:8443";
        for url in [
            "https://mes.example:8443/results?key=secret",
            "https://user:secret@mes.example:8443/secret",
        ] {
            assert_eq!(server_of(url), shown);
        }
    }
}

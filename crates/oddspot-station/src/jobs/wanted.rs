//! A job that is wanted, and whether it can be done.

use std::collections::BTreeMap;

use oddspot::settings::Settings;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::{Error, Kind, Result};
use crate::good::LEAST;
use crate::history::{History, JobKind};
use crate::versions::Versions;
use crate::words::Sentence;

/// The setting of a job that verifies: the labelled parts are judged too.
const LABELLED: &str = "labelled";

/// A job that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The station that it is for.
    pub station: String,
    /// What it does.
    pub kind: JobKind,
    /// Settings that are other than usual, by their names: `{"training.iterations": "500"}`; of `verify`
    /// `{"labelled": "true"}`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Whether to `extend` or `calibrate` though the images speak against it.
    #[serde(default)]
    pub force: bool,
    /// SHA-256 of the two models to `compare`, or of the one to `verify`, else the active one.
    #[serde(default)]
    pub models: Vec<String>,
}

/// The model that judges at a station, in a list.
///
/// # Errors
/// There is no such station at work.
pub fn active(versions: &Versions, station: &str) -> Result<Vec<String>> {
    let active = versions.post(station)?.model();
    Ok(active
        .iter()
        .map(|one| one.version.sha256.clone())
        .collect())
}

/// The same of a station that must have one.
///
/// # Errors
/// There is no such station at work, or it has no model.
fn active_one(versions: &Versions, station: &str) -> Result<String> {
    let active = active(versions, station)?.pop();
    active.ok_or_else(|| {
        let sentence = Sentence::new("refused-no-model").with("station", station);
        Error::of(Kind::NoModel, sentence)
    })
}

/// Whether a model is to be verified by the labelled parts too.
pub fn with_labelled(settings: &BTreeMap<String, String>) -> bool {
    settings.get(LABELLED).is_some_and(|value| value == "true")
}

/// Refuses a job that there is nothing for at its station.
///
/// # Errors
/// There is nothing, and why.
pub async fn check(history: &History, versions: &Versions, wanted: &Wanted) -> Result<()> {
    let Wanted {
        station,
        kind,
        models,
        ..
    } = wanted;
    let invalid = |sentence: Sentence| Err(Error::of(Kind::Invalid, sentence));
    match kind {
        JobKind::Audit | JobKind::Instant | JobKind::Default => {
            let good = history.lesson(station).await?.good.len();
            if good < LEAST {
                let sentence = Sentence::new("refused-few-good").with("good", good);
                return invalid(sentence.with("station", station).with("least", LEAST));
            }
        }
        JobKind::Extend | JobKind::Calibrate | JobKind::Labels => {
            active_one(versions, station)?;
        }
        JobKind::Verify if models.is_empty() => {
            active_one(versions, station)?;
        }
        JobKind::Verify | JobKind::Compare => {}
    }
    if matches!(kind, JobKind::Compare | JobKind::Labels)
        && history.labelled_images(station).await?.is_empty()
    {
        return invalid(Sentence::new("refused-none-labelled").with("station", station));
    }
    match (kind, models.as_slice()) {
        (JobKind::Compare, [first, second]) if first != second => {
            for model in [first, second] {
                history.version(station, model).await?;
            }
            Ok(())
        }
        (JobKind::Verify, [model]) => history.version(station, model).await.map(drop),
        (JobKind::Verify, [_, _, ..]) => {
            let reason = "a job of kind verify takes one model, or none: the active one then";
            Err(Error::new(Kind::Invalid, reason))
        }
        (JobKind::Compare, _) => invalid(Sentence::new("refused-two-models")),
        (_, []) => Ok(()),
        _ => {
            let reason = format!("a job of kind {} takes no models", kind.word());
            Err(Error::new(Kind::Invalid, reason))
        }
    }
}

/// The settings of a job.
///
/// # Errors
/// One that there is not, that is out of range, or that would have this machine's files opened.
pub fn settings_of(kind: JobKind, others: &BTreeMap<String, String>) -> Result<Settings> {
    let mut settings = match kind {
        JobKind::Default => Settings::default(),
        JobKind::Audit | JobKind::Instant => Settings::instant(),
        JobKind::Verify => {
            let is_known = |(name, value): (&String, &String)| {
                name == LABELLED && ["true", "false"].contains(&value.as_str())
            };
            if !others.iter().all(is_known) {
                let reason = "a job of kind verify takes the setting labelled alone: true or false";
                return Err(Error::new(Kind::Invalid, reason));
            }
            return Ok(Settings::instant());
        }
        _ if others.is_empty() => return Ok(Settings::instant()),
        _ => {
            let reason = format!("a job of kind {} takes no settings", kind.word());
            return Err(Error::new(Kind::Invalid, reason));
        }
    };
    for (name, value) in others {
        if name == "teacher" {
            let reason =
                "the teacher of a station's models cannot be chosen here: it may name a file";
            return Err(Error::new(Kind::Invalid, reason));
        }
        settings
            .set(name, value)
            .map_err(|error| Error::new(Kind::Invalid, error.in_full()))?;
    }
    settings
        .validate()
        .map_err(|error| Error::new(Kind::Invalid, error.in_full()))?;
    Ok(settings)
}

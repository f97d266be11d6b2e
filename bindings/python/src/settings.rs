//! Settings by their names.

use oddspot::settings::{Settings, rows};
use oddspot::{Error, ErrorKind, Result, Subject};
use pyo3::prelude::*;

use crate::errors::raised;

/// Settings as they were given: names and values as text.
pub type Given = Vec<(String, String)>;

/// The settings of a preset, with some others.
///
/// # Errors
/// A preset or a setting that there is not, a value out of range.
pub fn settings_of(preset: &str, given: &[(String, String)]) -> Result<Settings> {
    let preset = match preset {
        "default" => Settings::default(),
        "instant" => Settings::instant(),
        "compact" => Settings::compact(),
        "paper" => Settings::paper(),
        other => {
            let reason = format!("'{other}': give default, instant, compact or paper");
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Setting("preset"),
                reason,
            ));
        }
    };
    over(preset, given)
}

/// Some settings with others in their place.
///
/// # Errors
/// A setting that there is not, a value out of range.
pub fn over(mut settings: Settings, given: &[(String, String)]) -> Result<Settings> {
    for (name, text) in given {
        settings.set(name, text)?;
    }
    settings.validate()?;
    Ok(settings)
}

/// How a setting is called in Python; with a value, how it is given.
pub fn setting(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("settings={{'{name}': '{value}'}}"),
        None => name.to_owned(),
    }
}

/// Every setting by its name, as text.
pub fn named(settings: &Settings) -> Vec<(&'static str, String)> {
    rows().map(|row| (row.name, row.of(settings))).collect()
}

/// Every setting of a preset by its name, as text.
#[pyfunction]
pub fn settings(py: Python<'_>, preset: &str) -> PyResult<Vec<(&'static str, String)>> {
    let settings = settings_of(preset, &[]).map_err(|error| raised(py, &error))?;
    Ok(named(&settings))
}

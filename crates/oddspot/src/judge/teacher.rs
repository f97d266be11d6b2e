//! The teacher that a model was trained with.

use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::NamedTensors;
use crate::model::Header;
use crate::net::teachers::{Library, Teacher};

/// The teacher of a model: its weights `inside` the model, or those of the library.
///
/// # Errors
/// A teacher that is neither here nor there, or another than the one trained with.
pub fn teacher_of(
    header: &Header,
    inside: Option<NamedTensors>,
    library: Option<&Library>,
) -> Result<Teacher> {
    let identity = &header.teacher;
    let missing = || {
        let reason = format!(
            "it was saved without its teacher '{}' (SHA-256 {})",
            identity.name, identity.sha256
        );
        Error::new(ErrorKind::NotFound, Subject::Model, reason)
    };
    let teacher = match (inside, library) {
        (Some(weights), _) => Teacher::new(&identity.name, identity.architecture, weights)?,
        (None, Some(library)) => (library.find_identical(identity, &header.settings.teacher))
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => missing(),
                _ => error,
            })?,
        (None, None) => return Err(missing()),
    };
    if teacher.identity.sha256 != identity.sha256 {
        return Err(Error::new(
            ErrorKind::Damaged,
            Subject::Model,
            "its teacher's weights are not those it was trained with: the file is damaged",
        ));
    }
    if teacher.network.levels() != header.teacher_levels {
        return Err(Error::new(
            ErrorKind::Damaged,
            Subject::Model,
            "its teacher's levels are not those it was trained for",
        ));
    }
    Ok(teacher)
}

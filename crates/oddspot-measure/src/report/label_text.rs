//! A label as a text: "good", or the defect's name. For `#[serde(with = "label_text")]`.

use oddspot::datasets::Label;
use serde::{Deserialize, Deserializer, Serializer};

const GOOD: &str = "good";

/// "good", or the defect's name.
pub fn text(label: &Label) -> &str {
    match label {
        Label::Good => GOOD,
        Label::Defect(name) => name,
    }
}

/// Writes the [`text`].
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(label: &Label, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text(label))
}

/// Reads a [`text`].
///
/// # Errors
/// Something that is not a text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Label, D::Error> {
    Ok(match String::deserialize(deserializer)? {
        good if good == GOOD => Label::Good,
        defect => Label::Defect(defect),
    })
}

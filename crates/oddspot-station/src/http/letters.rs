//! U+0000 in texts: PostgreSQL has no letter for it, and no part, note or name has one. It is refused wherever text comes in.

use serde_json::Value;

use super::problem::Problem;
use crate::words::Sentence;

/// How a text of JSON may have it.
const ESCAPED: &[u8] = b"\\u0000";

/// Refuses a query or a form, as it is spelled, with U+0000.
///
/// # Errors
/// It has one.
pub fn check_form(text: &[u8]) -> Result<(), Problem> {
    match text.contains(&0) || text.windows(3).any(|some| some == b"%00") {
        true => Err(refused()),
        false => Ok(()),
    }
}

/// Refuses JSON of which any text has U+0000.
///
/// # Errors
/// It has one.
pub fn check_json(json: &[u8]) -> Result<(), Problem> {
    // Most have nothing like it, and are read once.
    if !json.windows(ESCAPED.len()).any(|some| some == ESCAPED) {
        return Ok(());
    }
    // What cannot be read is refused by who reads it.
    let value = serde_json::from_slice(json).unwrap_or_default();
    match has_it(&value) {
        true => Err(refused()),
        false => Ok(()),
    }
}

fn has_it(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_it),
        Value::Object(fields) => {
            (fields.iter()).any(|(name, value)| name.contains('\0') || has_it(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn refused() -> Problem {
    Problem::refused(Sentence::new("refused-nul"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_wherever_it_stands_and_nothing_else_is() {
        for form in ["a=%00", "a=b%00c", "a=b\0"] {
            assert!(check_form(form.as_bytes()).is_err(), "{form}");
        }
        check_form(b"a=%2500&b=00").unwrap_or_else(|_| panic!());
        for json in [r#"{"a": ["b\u0000"]}"#, r#"{"a\u0000": 1}"#, r#""\u0000""#] {
            assert!(check_json(json.as_bytes()).is_err(), "{json}");
        }
        for json in [r#"{"a": "b\\u0000"}"#, r#"{"a": "b"}"#, r#"{"a\u0000"#] {
            assert!(check_json(json.as_bytes()).is_ok(), "{json}");
        }
    }
}

//! What users and tokens may be called.

use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// Letters of a name, at most.
const LONGEST: usize = 64;

/// A user's name as it is kept: without capitals, for many keyboards begin with one by themselves.
///
/// # Errors
/// One that cannot stand in an address, or is none.
pub fn user_name(name: &str) -> Result<String> {
    let name = name.trim();
    check("refused-user-name", name)?;
    Ok(name.to_ascii_lowercase())
}

/// Refuses a name that a token cannot have.
///
/// # Errors
/// It cannot stand in an address, or is none.
pub fn check_token_name(name: &str) -> Result<()> {
    check("refused-token-name", name)
}

fn check(key: &'static str, name: &str) -> Result<()> {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.@".contains(&letter);
    // A name of dots would be another address.
    let begins = name
        .bytes()
        .next()
        .is_some_and(|one| one.is_ascii_alphanumeric());
    match begins && name.len() <= LONGEST && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(Error::of(
            Kind::Invalid,
            Sentence::new(key)
                .with("name", format!("{name:?}"))
                .with("longest", LONGEST),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_capitals_and_stand_in_addresses() {
        assert_eq!(user_name(" Anna ").unwrap(), "anna");
        assert_eq!(user_name("a.b@plant-1").unwrap(), "a.b@plant-1");
        for wrong in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "é",
            "-a",
            &"a".repeat(65),
            "a\n",
        ] {
            assert!(user_name(wrong).is_err() || wrong == "a\n", "{wrong:?}");
            assert!(check_token_name(wrong).is_err(), "{wrong:?}");
        }
    }
}

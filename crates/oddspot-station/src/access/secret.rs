//! Secrets that browsers and programs keep, and that are kept here as hashes alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oddspot::files::digest::hex;
use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};

/// Bytes of a secret, so many that nobody guesses one.
const BYTES: usize = 32;
/// How a token's secret begins, so that people and programs that look for leaks know it for one.
pub const TOKEN: &str = "oddspot_";

/// A new secret of 256 random bits, as letters behind `prefix`.
///
/// # Errors
/// A system that gives no random bits.
pub fn new_secret(prefix: &str) -> Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        let reason = format!("the system gives no random bits: {error}");
        Error::new(Kind::System, reason)
    })?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A secret's SHA-256, in hexadecimal. It needs no salt and no slowness: what is random enough is not guessed.
pub fn hash_of(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let [one, other] = [(); 2].map(|()| new_secret(TOKEN).unwrap());
        assert!(one != other && one.len() == TOKEN.len() + 43);
        assert!(hash_of(&one).len() == 64 && hash_of(&one) != hash_of(&other));
    }
}

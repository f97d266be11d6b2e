//! Passwords: what they must be, and how they are kept.

use std::sync::Arc;
use std::time::Duration;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// Letters of a password, at least.
pub const LEAST: usize = 10;
/// Bytes of a password, at most.
const MOST: usize = 1_000;
/// Passwords that are hashed at a time: each takes 19 MiB and a core.
const AT_A_TIME: usize = 2;
/// How long one waits for others.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a salt.
const SALT: usize = 16;
/// The hash of a password that nobody knows, by which names are looked at that nobody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$b2Rkc3BvdC1ub2JvZHkhIQ$7SvG4c/wxlQH15q4xJSjuS3h2CbdVa8ZDjaOsxHxI5o";

/// Hashes passwords and compares them, few at a time, so that whoever asks often cannot take all memory.
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

impl Passwords {
    /// The hash of a password: argon2id with a salt of its own, as OWASP has it (19 MiB, two passes).
    ///
    /// # Errors
    /// Others who ask and take too long.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.turn(move || hash(&password)).await?
    }

    /// Whether a password is the one of a hash; without one it takes as long, and is not.
    ///
    /// # Errors
    /// Others who ask and take too long; a hash that is none.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        // One that is longer than any cannot be right, and must not take time.
        let password: String = match password.len() > MOST {
            true => String::new(),
            false => password.to_owned(),
        };
        let is_anybody = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let verified = self
            .turn(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()))
            .await?;
        match verified {
            Ok(()) => Ok(is_anybody),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(Error::internal(format!(
                "a password cannot be compared: {error}"
            ))),
        }
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            let reason = "too many sign in at a time: try again";
            return Err(Error::new(Kind::Full, reason));
        };
        let done = tokio::task::spawn_blocking(move || {
            // Held to the end, even if whoever asked goes away.
            let _permit: OwnedSemaphorePermit = permit;
            work()
        });
        done.await
            .map_err(|error| Error::internal(error.to_string()))
    }
}

/// The hash of a password, on this thread.
///
/// # Errors
/// A system that gives no random bits.
pub fn hash(password: &str) -> Result<String> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|error| {
        let reason = format!("the system gives no random bits: {error}");
        Error::new(Kind::System, reason)
    })?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    let hash =
        hash.map_err(|error| Error::internal(format!("a password cannot be kept: {error}")))?;
    Ok(hash.to_string())
}

/// Refuses a password that is guessed too easily.
///
/// # Errors
/// Too short, too long, or the name.
pub fn check_password(name: &str, password: &str) -> Result<()> {
    let refused = |sentence: Sentence| Err(Error::of(Kind::Invalid, sentence));
    let letters = password.chars().count();
    if letters < LEAST {
        let sentence = Sentence::new("refused-password-short").with("letters", letters);
        return refused(sentence.with("least", LEAST));
    }
    if password.len() > MOST {
        return refused(Sentence::new("refused-password-long").with("most", MOST));
    }
    if password.to_lowercase().contains(name) && letters < name.chars().count() + LEAST / 2 {
        return refused(Sentence::new("refused-password-name"));
    }
    let first = password.chars().next();
    if password.chars().all(|letter| Some(letter) == first) {
        return refused(Sentence::new("refused-password-letter"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let passwords = Passwords::default();
        let hash = passwords.hash("four words and one").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_ne!(hash, passwords.hash("four words and one").await.unwrap());
        let verify =
            |password: &'static str, hash: Option<String>| passwords.verify(password, hash);
        assert!(
            verify("four words and one", Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify("four words and two", Some(hash.clone()))
                .await
                .unwrap()
        );
        // Of a name that nobody has none is right, and it is computed all the same.
        assert!(!verify("four words and one", None).await.unwrap());
        assert_eq!(NOBODY.split('$').nth(3), hash.split('$').nth(3));
        assert!(verify("x", Some("no hash".to_owned())).await.is_err());
    }

    #[test]
    fn what_is_guessed_easily_is_refused() {
        for wrong in ["", "ninechars", "aaaaaaaaaaaa", "anna-anna-1"] {
            assert!(check_password("anna-anna", wrong).is_err(), "{wrong}");
        }
        check_password("anna", "correct horse").unwrap();
        check_password("anna", "ünïcödé wörds").unwrap();
        assert!(check_password("anna", &"ab".repeat(600)).is_err());
    }
}

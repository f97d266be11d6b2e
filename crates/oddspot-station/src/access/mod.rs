//! Who a request is of: a person who signed in, a program with a token, or nobody that is known.

mod administration;
mod attempts;
mod names;
mod password;
mod secret;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

pub use administration::Administration;
pub use names::{check_token_name, user_name};
pub use password::{LEAST, Passwords, check_password};
pub use secret::{TOKEN, hash_of, new_secret};

use crate::error::{Error, Kind, Result};
use crate::history::{Actor, Deed, History, Note, Session, Token};
use attempts::Attempts;

/// How long a session lives that nobody uses.
const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// How long any session lives.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long it is believed what was read: whoever is removed at the terminal is out after it.
const BELIEVED: Duration = Duration::from_millis(500);
/// Between two times that it is written that a session or a token is used, at least.
const BETWEEN_NOTES: SignedDuration = SignedDuration::from_secs(60);
/// Sessions and tokens that are remembered.
const REMEMBERED: usize = 1_000;

/// Who may use a service.
pub struct Access {
    history: Arc<History>,
    passwords: Passwords,
    attempts: Attempts,
    known: Mutex<Known>,
}

/// What was read a moment ago.
#[derive(Default)]
struct Known {
    has_users: Option<(bool, Instant)>,
    /// By the hash of their secrets.
    sessions: HashMap<String, (Session, Instant)>,
    tokens: HashMap<String, (Token, Instant)>,
}

/// What came of signing in.
#[derive(Debug, PartialEq, Eq)]
pub enum SignIn {
    /// The secret of a new session, for the browser alone.
    Done(String),
    /// The name or the password is wrong.
    Wrong,
    /// Too many were wrong: not before so long.
    TooSoon(Duration),
}

impl Access {
    /// To a service with this history.
    pub fn new(history: Arc<History>) -> Self {
        Self {
            history,
            passwords: Passwords::default(),
            attempts: Attempts::default(),
            known: Mutex::default(),
        }
    }

    /// What was read; as long as the history is away what was known last. Nothing can be done then, but who asks is told
    /// why, and images that are refused are counted.
    ///
    /// # Errors
    /// A history that cannot be read, or that went away before anything was known.
    fn believed<T>(&self, read: Result<T>, known: Option<T>) -> Result<T> {
        match (read, known) {
            (Err(_), Some(known)) if self.history.trouble().is_some() => Ok(known),
            (read, _) => read,
        }
    }

    /// Whether there is any user; as long as there is none, this machine's own people may do everything.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn has_users(&self) -> Result<bool> {
        let known = self.known().has_users;
        if let Some((has_users, at)) = known
            && at.elapsed() < BELIEVED
        {
            return Ok(has_users);
        }
        let read = self.history.has_users().await;
        let has_users = self.believed(read, known.map(|(known, _)| known))?;
        self.known().has_users = Some((has_users, Instant::now()));
        Ok(has_users)
    }

    /// The session that a browser's secret is of, unless it is over.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn session(&self, secret: &str) -> Result<Option<Session>> {
        let id = hash_of(secret);
        let remembered = self.known().sessions.get(&id).cloned();
        let (session, read) = match remembered {
            Some((session, read)) if read.elapsed() < BELIEVED => (session, read),
            other => {
                let known = other.map(|(session, _)| Some(session));
                match self.believed(self.history.session(&id).await, known)? {
                    Some(session) => (session, Instant::now()),
                    None => {
                        self.remember(|known| drop(known.sessions.remove(&id)));
                        return Ok(None);
                    }
                }
            }
        };
        let now = Timestamp::now();
        if now.duration_since(session.seen) > IDLE || now.duration_since(session.began) > LONGEST {
            return Ok(None);
        }
        let is_to_note = now.duration_since(session.seen) > BETWEEN_NOTES;
        let session = match is_to_note {
            true => Session {
                seen: now,
                ..session
            },
            false => session,
        };
        let put = (session.clone(), read);
        self.remember(|known| remember(&mut known.sessions, id.clone(), put));
        if is_to_note {
            let history = Arc::clone(&self.history);
            // Whoever asks does not wait for it.
            tokio::spawn(async move {
                if let Err(error) = history.see_session(&id, now).await {
                    tracing::warn!("a session's use was not written: {error}");
                }
            });
        }
        Ok(Some(session))
    }

    /// The token that a program's secret is of.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn token(&self, secret: &str) -> Result<Option<Token>> {
        let hash = hash_of(secret);
        let remembered = self.known().tokens.get(&hash).cloned();
        let mut token = match remembered {
            Some((token, at)) if at.elapsed() < BELIEVED => return Ok(Some(token)),
            other => {
                let known = other.map(|(token, _)| Some(token));
                match self.believed(self.history.token_of(&hash).await, known)? {
                    Some(token) => token,
                    None => {
                        self.remember(|known| drop(known.tokens.remove(&hash)));
                        return Ok(None);
                    }
                }
            }
        };
        let now = Timestamp::now();
        let used: Option<Timestamp> = token.used.as_ref().and_then(|used| used.parse().ok());
        if used.is_none_or(|used| now.duration_since(used) > BETWEEN_NOTES) {
            token.used = Some(now.to_string());
            let (history, name) = (Arc::clone(&self.history), token.name.clone());
            tokio::spawn(async move {
                if let Err(error) = history.use_token(&name, now).await {
                    tracing::warn!("a token's use was not written: {error}");
                }
            });
        }
        let put = (token.clone(), Instant::now());
        self.remember(|known| remember(&mut known.tokens, hash, put));
        Ok(Some(token))
    }

    /// Signs somebody in by a name and a password. An unknown name takes as long as a wrong password.
    ///
    /// # Errors
    /// A history that cannot be used; too many who sign in at a time.
    pub async fn sign_in(&self, name: &str, password: &str, address: IpAddr) -> Result<SignIn> {
        // What can be no name counts as one that nobody has.
        let name = user_name(name).unwrap_or_default();
        if let Err(wait) = self.attempts.begin(&name, address, Instant::now()) {
            return Ok(SignIn::TooSoon(wait));
        }
        let user = self.history.user(&name).await?;
        let hash = user.as_ref().map(|(_, hash)| hash.clone());
        let is_right = self.passwords.verify(password, hash.clone()).await?;
        let by = |kind, name: Option<&str>| Actor {
            kind,
            name: name.map(str::to_owned),
            address: Some(address.to_string()),
        };
        if let (true, Some((user, hash))) = (is_right, user) {
            let secret = new_secret("")?;
            let by = by(crate::history::ActorKind::User, Some(&user.name));
            let limits = [IDLE, LONGEST];
            let session = hash_of(&secret);
            let begun = self
                .history
                .begin_session(&session, &user.name, &hash, limits, &by);
            // The password may have been changed meanwhile.
            if begun.await? {
                self.attempts.forgive(&user.name, address);
                return Ok(SignIn::Done(secret));
            }
        }
        let by = by(crate::history::ActorKind::Anyone, None);
        let subject = match name.as_str() {
            "" => "a name that nobody can have",
            name => name,
        };
        let note = Note::new(by, Deed::SignInFailed, subject);
        self.history.note(&note).await?;
        Ok(SignIn::Wrong)
    }

    /// Whether this is the password of a user; wrong ones count as when signing in.
    ///
    /// # Errors
    /// Too many were wrong; too many who ask at a time; a history that cannot be read.
    pub async fn is_password(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<std::result::Result<bool, Duration>> {
        if let Err(wait) = self.attempts.begin(name, address, Instant::now()) {
            return Ok(Err(wait));
        }
        let hash = self.history.user(name).await?.map(|(_, hash)| hash);
        let is_right = self.passwords.verify(password, hash).await?;
        if is_right {
            self.attempts.forgive(name, address);
        }
        Ok(Ok(is_right))
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// One that is too short or too long; too many at a time.
    pub async fn password(&self, name: &str, password: &str) -> Result<String> {
        check_password(name, password)?;
        self.passwords.hash(password).await
    }

    /// A session of a user who gave the password just now, in the place of those that were ended; None if it was
    /// changed again meanwhile.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub async fn begin_anew(&self, name: &str, hash: &str, by: &Actor) -> Result<Option<String>> {
        let secret = new_secret("")?;
        let session = hash_of(&secret);
        let limits = [IDLE, LONGEST];
        let begun = self.history.begin_session(&session, name, hash, limits, by);
        Ok(begun.await?.then_some(secret))
    }

    /// Ends the session of a browser.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub async fn sign_out(&self, secret: &str, by: &Actor) -> Result<()> {
        let ended = self.history.end_session(&hash_of(secret), by).await;
        self.forget();
        ended
    }

    /// Believes nothing that was read before: users, sessions or tokens were changed.
    pub fn forget(&self) {
        *self.known() = Known::default();
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, put: impl FnOnce(&mut Known)) {
        put(&mut self.known());
    }
}

/// Refuses an address that other machines can reach, as long as nobody could be told apart.
///
/// # Errors
/// There are no users; a history that cannot be read.
pub async fn check_reach(history: &History, listen: SocketAddr) -> Result<()> {
    if listen.ip().is_loopback() || history.has_users().await? {
        return Ok(());
    }
    let reason = format!(
        "{listen} can be reached by other machines, and there are no users yet who could be told apart: make one by \
         `oddspot serve user add NAME --role admin`, with the same --data or --config, or listen on 127.0.0.1 or [::1]"
    );
    Err(Error::new(Kind::Mismatch, reason))
}

/// Remembers one more, since when it was read; of too many all are forgotten, and read again.
fn remember<T>(all: &mut HashMap<String, (T, Instant)>, hash: String, read: (T, Instant)) {
    if all.len() >= REMEMBERED {
        all.clear();
    }
    all.insert(hash, read);
}

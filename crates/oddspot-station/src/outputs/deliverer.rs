//! Who hands on what waits for an output: in order, at least once, after a failure with growing pauses.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::timeout;

use super::recipient::Recipient;
use super::state::Output;
use crate::error::{Error, Kind};
use crate::history::History;
use crate::metrics::Metrics;

/// Events that are handed on at a time.
const AT_ONCE: u32 = 100;
/// The pause after the first failure, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// The least pause after the history was away.
const SLOW: Duration = Duration::from_millis(100);

/// Who hands on what waits for an output.
pub struct Deliverer {
    /// The output.
    pub output: Output,
    /// Where it waits.
    pub history: Arc<History>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Hears of what comes.
    pub news: watch::Receiver<()>,
    /// Becomes true when nothing more comes.
    pub ending: watch::Receiver<bool>,
    /// The last event that was told and still waits in the history, which could not be written then.
    pub unmarked: Option<String>,
}

/// What came of an attempt.
struct Attempt {
    /// Whether anything was told.
    is_some_told: bool,
    /// Why not all of it was.
    trouble: Option<Trouble>,
}

/// Why something was not told.
enum Trouble {
    /// The history is away; who is told may be well.
    Away,
    /// What is told of it.
    Of(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.kind() {
            Kind::Away => Self::Away,
            _ => Self::Of(error),
        }
    }
}

impl Deliverer {
    /// Hands on what comes until it ends, and then what can still be.
    pub async fn work(mut self, mut recipient: Recipient) {
        let mut pause = PAUSES[0];
        let mut works = self.output.state.works();
        loop {
            works.borrow_and_update();
            self.news.borrow_and_update();
            let ends = *self.ending.borrow_and_update();
            let attempt = self.attempt(&mut recipient).await;
            if attempt.is_some_told || attempt.trouble.is_none() {
                pause = PAUSES[0];
            }
            match attempt.trouble {
                None if attempt.is_some_told => {}
                // What cannot be told now is told after the next start.
                _ if ends => break,
                None => match recipient.looks() {
                    Some(every) => drop(timeout(every, self.wait(None, &mut works)).await),
                    None => self.wait(None, &mut works).await,
                },
                Some(Trouble::Away) => {
                    self.wait_for_history().await;
                    pause = PAUSES[0];
                }
                Some(Trouble::Of(trouble)) => {
                    self.note(&trouble, pause).await;
                    self.wait(Some(pause), &mut works).await;
                    pause = (pause * 2).min(PAUSES[1]);
                }
            }
        }
        recipient.end().await;
    }

    /// Hands on what waits, some of it at a time.
    async fn attempt(&mut self, recipient: &mut Recipient) -> Attempt {
        let mut is_some_told = false;
        let told = self.hand_on(recipient, &mut is_some_told).await;
        Attempt {
            is_some_told,
            trouble: told.err(),
        }
    }

    /// The same; it may fail after some were told.
    async fn hand_on(
        &mut self,
        recipient: &mut Recipient,
        is_some_told: &mut bool,
    ) -> Result<(), Trouble> {
        self.mark().await?;
        let Output { station, name, .. } = &self.output;
        let events = self.history.to_tell(station, name, AT_ONCE).await?;
        if events.is_empty() && *self.ending.borrow() {
            return Ok(());
        }
        if events.is_empty() {
            return match recipient.look().await {
                Some(Err(trouble)) => Err(Trouble::Of(trouble)),
                Some(Ok(())) => {
                    self.output.works();
                    Ok(())
                }
                None => Ok(()),
            };
        }
        let handed = recipient.hand_on(&events).await;
        if let Some(last) = events[..handed.done.min(events.len())].last() {
            // It is told, whether or not that can be written now.
            self.unmarked = Some(last.id().to_owned());
            *is_some_told = true;
            self.mark().await?;
        }
        match handed.trouble {
            Some(trouble) => Err(Trouble::Of(trouble)),
            None => {
                self.output.works();
                Ok(())
            }
        }
    }

    /// Takes away what was told, so that it is not told again.
    async fn mark(&mut self) -> Result<(), Trouble> {
        if let Some(last) = &self.unmarked {
            let Output { station, name, .. } = &self.output;
            self.history.told(station, name, last).await?;
            self.unmarked = None;
        }
        Ok(())
    }

    /// Notes a failure, and tells of the first.
    async fn note(&self, trouble: &Error, pause: Duration) {
        let Output { station, name, .. } = &self.output;
        self.metrics.not_told(station, name);
        self.output.fails(trouble);
        let pause = SignedDuration::try_from(pause).unwrap_or_default();
        let next = Timestamp::now() + pause;
        // The attempt failed whether or not that can be noted.
        let trouble = trouble.to_string();
        let noted = self.history.not_told(station, name, &trouble, next);
        noted.await.ok();
    }

    /// Waits until the history is there, or the service ends. One that is there and only slow is not asked at once again.
    async fn wait_for_history(&mut self) {
        let there = async {
            tokio::time::sleep(SLOW).await;
            self.history.until_there().await;
        };
        tokio::select! {
            () = there => {}
            _ = self.ending.changed() => {}
        }
    }

    /// Waits for a pause to pass, or for the output to work again, or else for something to come; the end of the
    /// service ends all of it.
    async fn wait(&mut self, pause: Option<Duration>, works: &mut watch::Receiver<()>) {
        let Self { news, ending, .. } = self;
        let passed = async {
            match pause {
                Some(pause) => drop(timeout(pause, works.changed()).await),
                None => drop(news.changed().await),
            }
        };
        tokio::select! {
            () = passed => {}
            _ = ending.changed() => {}
        }
    }
}

//! Stations to which nothing comes: a camera that is off, or a cable that is out, sends no image that could be wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::post::Post;
use crate::metrics::Metrics;
use crate::outputs::Misses;
use crate::words::Sentence;

/// Why nothing is judged, as it is told.
const SILENT: &str = "silent";
/// Between two looks at whether something came.
const LOOK: Duration = Duration::from_millis(500);

/// How long nothing has come to a station.
pub struct Silence {
    /// One that is paused misses nothing.
    post: Arc<Post>,
    /// After so many seconds it is told; 0 never tells.
    most: u32,
    last: Mutex<Instant>,
    is_told: AtomicBool,
}

impl Silence {
    /// Of a station to which nothing has come yet, from now on.
    pub fn new(post: Arc<Post>, most: u32) -> Self {
        Self {
            post,
            most,
            last: Mutex::new(Instant::now()),
            is_told: AtomicBool::new(false),
        }
    }

    /// Notes that an image came, or that none could until now.
    pub fn ends(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// The same of one that is no person's.
    pub fn ends_if(&self, is_of_camera: bool) {
        if is_of_camera {
            self.ends();
        }
    }

    /// That nothing has come for too long, if so.
    pub fn trouble(&self) -> Option<Sentence> {
        self.trouble_at(Instant::now())
    }

    fn trouble_at(&self, now: Instant) -> Option<Sentence> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = now.saturating_duration_since(last).as_secs() >= u64::from(self.most);
        (self.most > 0 && is_silent && !self.post.is_paused()).then(|| self.said())
    }

    /// Without how long it is by now: outputs tell it anew whenever it is another sentence.
    fn said(&self) -> Sentence {
        let (key, length) = match self.most {
            minutes if minutes.is_multiple_of(60) => ("camera-silent-minutes", minutes / 60),
            seconds => ("camera-silent", seconds),
        };
        Sentence::new(key).with("length", i64::from(length))
    }

    /// Tells when nothing has come for too long, and when something does again, as long as the station is at work.
    pub async fn heed(silence: Weak<Self>, misses: Arc<Misses>, metrics: Arc<Metrics>) {
        while let Some(silence) = silence.upgrade().filter(|silence| silence.most > 0) {
            silence.look(&misses, &metrics);
            drop(silence);
            tokio::time::sleep(LOOK).await;
        }
    }

    fn look(&self, misses: &Misses, metrics: &Metrics) {
        let (station, trouble) = (&self.post.name, self.trouble());
        let was_told = self.is_told.swap(trouble.is_some(), Ordering::SeqCst);
        metrics.silent(station, trouble.is_some());
        match (was_told, trouble) {
            (false, Some(trouble)) => {
                tracing::warn!("{station}: {trouble}");
                misses.cut_off(station, SILENT, trouble.to_string());
            }
            (true, None) => tracing::info!("{station}: an image came again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_long_a_silence_is_told_until_something_comes() {
        let post = Arc::new(Post::new("top", false));
        let silence = Silence::new(Arc::clone(&post), 600);
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert_eq!(silence.trouble_at(later(599)), None);
        let said = silence.trouble_at(later(601)).unwrap().to_string();
        assert!(said.starts_with("no image for 10 minutes"), "{said}");
        post.set_paused(true);
        assert_eq!(silence.trouble_at(later(601)), None);
        post.set_paused(false);
        silence.ends();
        assert_eq!(silence.trouble(), None);
        let said = Silence::new(post, 1).trouble_at(later(5)).unwrap();
        let said = said.to_string();
        assert!(said.starts_with("no image for 1 second:"), "{said}");
    }

    #[test]
    fn nobody_is_told_who_does_not_ask_for_it() {
        let silence = Silence::new(Arc::new(Post::new("top", false)), 0);
        let later = Instant::now() + Duration::from_secs(1_000_000);
        assert_eq!(silence.trouble_at(later), None);
    }
}

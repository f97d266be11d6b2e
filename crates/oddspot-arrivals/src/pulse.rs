//! Whether a folder answers: on a share that hangs, a look at it lasts for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a folder may take for one step of a look, before it counts as silent.
pub const SILENT: Duration = Duration::from_secs(20);

/// Since when a folder is asked for something, if it is.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    /// Does what asks the folder for something.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.set(Some(Instant::now()));
        let done = work();
        self.set(None);
        done
    }

    /// Notes that it answers, and that there is more to ask. Gives how long it was silent, if it was.
    pub(crate) fn beat(&self) -> Duration {
        let now = Instant::now();
        let before = self.set(Some(now));
        let took = before.map_or(Duration::ZERO, |before| now - before);
        if took >= SILENT { took } else { Duration::ZERO }
    }

    /// Whether it has not answered for too long.
    pub fn is_silent(&self, now: Instant) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| now.saturating_duration_since(since) >= SILENT)
    }

    fn set(&self, since: Option<Instant>) -> Option<Instant> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut noted, since)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_look_that_does_not_end_is_known_from_outside_and_one_that_goes_on_is_none() {
        let pulse = Pulse::default();
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert!(!pulse.is_silent(later(100)));
        let (begun, wait) = channel();
        let (end, ended) = channel::<()>();
        let looking = pulse.clone();
        let look = std::thread::spawn(move || {
            looking.during(|| {
                begun.send(()).unwrap();
                ended.recv().ok();
            });
        });
        wait.recv().unwrap();
        assert!(!pulse.is_silent(later(15)));
        assert!(pulse.is_silent(later(20)));
        drop(end);
        look.join().unwrap();
        assert!(!pulse.is_silent(later(100)));
        assert_eq!(pulse.beat(), Duration::ZERO);
        assert!(!pulse.is_silent(later(15)));
        pulse.set(Instant::now().checked_sub(SILENT));
        assert!(pulse.beat() >= SILENT);
    }
}

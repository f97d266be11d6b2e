//! How much is in memory at a time: pixels that are decoded, or bytes of files.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// Lets images in, in the order in which they ask, as long as few pixels are in. One that is larger than all that
/// may be in gets in alone.
#[derive(Debug)]
pub struct InFlight {
    most: u64,
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Now {
    pixels: u64,
    /// Who has been let in and is not out yet.
    inside: Vec<ThreadId>,
    /// How many have asked, and how many of these need not wait any more.
    asked: u64,
    served: u64,
}

/// Leave to hold an image's pixels, until it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Admitted<'a> {
    by: &'a InFlight,
    pixels: u64,
    thread: ThreadId,
}

impl InFlight {
    /// Of so many pixels at a time, at most.
    pub fn new(most: u64) -> Self {
        Self {
            most,
            now: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until there is room for so many pixels.
    pub fn admit(&self, pixels: u64) -> Admitted<'_> {
        let thread = thread::current().id();
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is inside already would wait for itself.
        if !now.inside.contains(&thread) {
            let own = now.asked;
            now.asked += 1;
            while now.served != own || !(now.pixels == 0 || now.pixels + pixels <= self.most) {
                now = self
                    .changed
                    .wait(now)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            now.served += 1;
        }
        now.pixels += pixels;
        now.inside.push(thread);
        // The next may fit beside it.
        self.changed.notify_all();
        Admitted {
            by: self,
            pixels,
            thread,
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut now = self.by.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.pixels -= self.pixels;
        if let Some(at) = now.inside.iter().position(|thread| *thread == self.thread) {
            now.inside.swap_remove(at);
        }
        self.by.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn few_pixels_are_in_and_all_get_in() {
        let gate = InFlight::new(10);
        let (inside, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for pixels in [4, 5, 3, 10, 25, 1, 1, 6, 25, 2] {
                let (gate, inside, most) = (&gate, &inside, &most);
                scope.spawn(move || {
                    let admitted = gate.admit(pixels);
                    let now = inside.fetch_add(pixels, Ordering::SeqCst) + pixels;
                    assert!(now <= 10 || now == pixels, "{now} are in");
                    most.fetch_max(now, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(pixels, Ordering::SeqCst);
                    drop(admitted);
                });
            }
        });
        assert_eq!(most.into_inner(), 25);
        assert_eq!(inside.into_inner(), 0);
    }

    #[test]
    fn who_is_inside_does_not_wait_for_itself() {
        let gate = InFlight::new(10);
        let outer = gate.admit(8);
        drop(gate.admit(9));
        drop(outer);
        let free = gate.admit(10);
        assert_eq!(free.pixels, 10);
    }
}

//! How many pixels lie decoded in memory at a time, at all stations together.

use std::path::Path;

use oddspot::images::{Limits, Reading};
use oddspot::judge::{Admitted, InFlight};

/// Pixels that there is always room for beside the largest image that is accepted: images of usual size need not wait
/// until those that are larger than this are done with.
const BESIDE: u64 = 32_000_000;

/// Lets images be decoded, and kept so while they are judged or drawn, as long as few pixels are. Jobs have no part in
/// it, one image at a time: they give way to judging, which would wait for them.
pub struct Decoding {
    limits: Limits,
    all: InFlight,
    /// Of these the ones that are larger than [`BESIDE`], which wait among themselves first.
    large: InFlight,
}

/// Leave to hold an image's pixels, until it is dropped.
#[must_use]
pub struct Decoded<'a> {
    _all: Admitted<'a>,
    _large: Option<Admitted<'a>>,
}

impl Decoding {
    /// Of images that may be so large.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: InFlight::new(limits.pixels.saturating_add(BESIDE)),
            large: InFlight::new(limits.pixels),
        }
    }

    /// Waits until the image of a file may be decoded; not to be called where requests are served. One that cannot be
    /// read counts as nothing: decoding tells it.
    pub fn admit(&self, file: &[u8]) -> Decoded<'_> {
        let reading = Reading {
            limits: self.limits,
            ..Reading::default()
        };
        let pages = reading.pages(file, Path::new(""));
        self.admit_pixels(pages.map_or(0, |mut pages| pages.next_pixels()))
    }

    fn admit_pixels(&self, pixels: u64) -> Decoded<'_> {
        // Before its turn among all: those of usual size would wait behind it.
        let large = (pixels > BESIDE).then(|| self.large.admit(pixels));
        Decoded {
            _all: self.all.admit(pixels),
            _large: large,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const MEGA: u64 = 1_000_000;

    fn decoding() -> Decoding {
        Decoding::new(Limits::default())
    }

    #[test]
    fn few_pixels_are_in_memory_and_each_image_gets_in() {
        let decoding = decoding();
        let most = Limits::default().pixels + BESIDE;
        let (inside, done) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for pixels in [100, 99, 12, 5, 100, 40, 60, 33, 20, 1, 100, 12] {
                let (decoding, inside, done) = (&decoding, &inside, &done);
                scope.spawn(move || {
                    let pixels = pixels * MEGA;
                    let decoded = decoding.admit_pixels(pixels);
                    let now = inside.fetch_add(pixels, Ordering::SeqCst) + pixels;
                    assert!(now <= most, "{now} are in");
                    thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(pixels, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                    drop(decoded);
                });
            }
        });
        assert_eq!(done.into_inner(), 12);
    }

    #[test]
    fn images_of_usual_size_do_not_wait_until_large_ones_are_done_with() {
        let decoding = decoding();
        let first = decoding.admit_pixels(100 * MEGA);
        let is_in = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let second = decoding.admit_pixels(100 * MEGA);
                is_in.store(true, Ordering::SeqCst);
                drop(second);
            });
            // It has asked by then, or asks later: either way it must not stand before these.
            thread::sleep(Duration::from_millis(50));
            for _ in 0..3 {
                drop(decoding.admit_pixels(30 * MEGA));
            }
            assert!(!is_in.load(Ordering::SeqCst));
            drop(first);
        });
        assert!(is_in.into_inner());
    }

    #[test]
    fn a_file_that_cannot_be_read_keeps_nobody_waiting() {
        let decoding = decoding();
        let _held = decoding.admit(b"no image");
        let _other = decoding.admit_pixels(100 * MEGA);
        drop(decoding.admit(b"no image either"));
    }
}

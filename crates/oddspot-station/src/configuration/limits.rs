//! What is accepted of whoever sends images.

use serde::Deserialize;

use super::place::{Fault, Place};

/// Images that may wait for a station, at most.
const MOST_WAIT: usize = 10_000;

/// What is accepted of whoever sends images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of an image's file.
    pub body: usize,
    /// Pixels of an image.
    pub pixels: u64,
    /// Images that wait for a station.
    pub queue: usize,
    /// Images that may be sent in a second.
    pub requests: u32,
    /// Images in a row with the same pixels, from which on they are not trusted; 0 trusts all.
    pub repeats: u32,
    /// Seconds without an image after which that is told of a station; 0 never tells.
    pub silence: u32,
    /// Bytes of the data folder's disk: with fewer free ones it is told of as nearly full. Without it that is a twentieth
    /// of the disk; 0 never tells.
    pub free: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 << 20,
            pixels: oddspot::images::MAX_PIXELS,
            queue: 3,
            requests: 1_000,
            repeats: 3,
            silence: 0,
            free: None,
        }
    }
}

impl Limits {
    /// The first one that would let nothing in, or too much.
    pub(super) fn fault(&self) -> Option<Fault> {
        let none = [
            ("body", self.body == 0),
            ("pixels", self.pixels == 0),
            ("queue", self.queue == 0),
            ("requests", self.requests == 0),
        ];
        let none = none.into_iter().find(|(_, is_none)| *is_none);
        let fault = none.map(|(name, _)| {
            let reason = format!("limits.{name} is 0: it must be at least 1");
            Fault::at(Place::Limit(name), reason)
        });
        let fault = fault.or_else(|| {
            let reason = repeats_fault("limits.repeats", self.repeats)?;
            Some(Fault::at(Place::Limit("repeats"), reason))
        });
        let queue = self.queue;
        fault.or_else(|| {
            (queue > MOST_WAIT).then(|| {
                let reason =
                    format!("limits.queue is {queue}: at most {MOST_WAIT} images can wait");
                Fault::at(Place::Limit("queue"), reason)
            })
        })
    }
}

/// Why a number of images in a row is of no use, if so: a single one is no repetition.
pub(super) fn repeats_fault(key: &str, repeats: u32) -> Option<String> {
    (repeats == 1).then(|| {
        format!("{key} is 1, so that no image would be trusted: it must be at least 2, or 0 to trust all")
    })
}

//! Files that come into a folder, one after the other: which are whole, so that nobody writes them any more, and
//! which were taken before.
//!
//! A [`Folder`] sees them come, and [`Arrivals`] hands each out once. Nothing is printed: what a person should know is
//! told as [`News`].

mod arrivals;
mod folder;
mod in_time;
mod pulse;
mod state;
mod taken;

pub use arrivals::{Arrivals, Whole, is_image};
pub use folder::{Folder, Links, News, Tell, is_linked};
pub use in_time::in_time;
pub use pulse::{Pulse, SILENT};
pub use state::{FileState, Node, Seen, spelled};
pub use taken::Taken;

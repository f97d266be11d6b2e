//! Ways by which images come that are no requests.

mod folder;
mod moved;

pub use folder::{FolderInput, FolderState};

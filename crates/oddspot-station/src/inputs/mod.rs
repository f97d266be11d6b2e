//! Ways by which images come that are no requests.

mod folder;
mod moved;
mod state;
mod unmoved;

pub use folder::FolderInput;
pub use state::FolderState;

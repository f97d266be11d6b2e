//! Judging images: a trained model made ready, and what it says of an image.

mod detector;
mod in_order;
mod judging;

pub use detector::{Detection, Detector, Inspection, Options};
pub(crate) use in_order::pool;
pub use judging::{Judging, Memory, TeacherSource, TermErrors};

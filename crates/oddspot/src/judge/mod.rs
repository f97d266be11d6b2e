//! Judging images: a trained model made ready, and what it says of an image.

mod calibrate;
mod detector;
mod examined;
mod examples;
mod found;
mod in_flight;
mod in_order;
mod judging;
mod mosaic;
mod teacher;

pub use calibrate::Scored;
pub use detector::{Detection, Detector, Options};
pub use examined::{Examined, Inspection};
pub use examples::Example;
pub(crate) use examples::score_as_seen;
pub use in_flight::{Admitted, InFlight};
pub use in_order::{MOST_PER_CORE, pool};
pub(crate) use judging::input_shape;
pub use judging::{Judging, Memory, TeacherSource, TermErrors};
pub(crate) use mosaic::pixels;
pub use teacher::teacher_of;

//! Images to verdicts, one after the other at each station.

mod decoding;
mod model;
mod post;
mod recent;
mod repeats;
mod silence;
mod task;
mod worker;

pub use decoding::Decoding;
pub use model::{Model, Models};
pub use post::Post;
pub use recent::Recent;
pub use repeats::Repeats;
pub use silence::Silence;
pub use task::{Judgement, Queue, Refused, Reply, Task, ended};
pub use worker::{Worker, name_of};

//! Training: good images in, a model out.

mod cache;
mod checkpoint;
mod closed_form;
mod engine;
mod extend;
mod finish;
mod folds;
mod instant;
mod judged;
mod left_out;
mod loss;
mod observer;
mod pair_loss;
mod pieces;
mod places;
mod running_statistics;
mod set;
mod step;
mod trainer;
mod training;
mod usual;
mod whitening;

pub use cache::{EncodedMaps, TeacherCache};
pub use engine::{Batch, Gradients, Losses, Targets, TrainingEngine};
pub use extend::{Extended, Extension};
pub use folds::checkpoint_of_fold;
pub use instant::instant_model;
pub use left_out::LeftOut;
pub use loss::{Hardest, first_weights};
pub use observer::{Observer, Progress, StepReport};
pub use pieces::Pieces;
pub use places::GoodPlaces;
pub use set::{GoodImages, HeldOut, TrainingSet};
pub use trainer::{Outcome, Trainer};
pub use training::{Checkpoint, Training};
pub use whitening::{CorrelationSums, whiten};

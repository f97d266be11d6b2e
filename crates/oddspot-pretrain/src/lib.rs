//! Trains oddspot's own teacher on images that formulas make, so that no photograph, and
//! nobody's licence, goes into it.
//!
//! Textures by formulas ([`formula`]) become materials ([`material`]) of scenes ([`scene`]),
//! some with planted defects ([`scene::defect`]). Two views of each ([`view`]) go through a
//! network of VGG16's shape with batch normalisation ([`network`]), which learns to find the
//! places of one view again in the other, to tell planted defects and to name the textures
//! ([`objective`]). Folded into plain convolutions it is a teacher like any other
//! ([`pretraining`]).

pub mod config;

// Images.
pub mod formula;

pub mod material;

pub mod scene;

pub mod conditions;

pub mod view;

pub mod batch;

pub mod preview;

// What learns from them, and how.
pub mod network;

pub mod points;

pub mod objective;

pub mod pretraining;

pub mod checkpoint;

pub mod stream;

pub use config::Recipe;
pub use pretraining::Pretraining;

//! **oddspot over burn**: the library's engine on other devices, and the readable reference that tests
//! hold the library's own passes to.
//!
//! The networks are the library's descriptions ([`oddspot::net::network`]): one interpreter over burn's
//! tensors ([`forward`]) serves teachers, student and classifier; gradients are burn's own. Everything
//! else (terms, optimizer, model file) is the library's, on the host.
//!
//! ```
//! use std::sync::Arc;
//!
//! use oddspot::Options;
//! use oddspot_burn::Burn;
//!
//! let options = Options {
//!     engine: Arc::new(Burn::open("flex")?),
//!     ..Options::default()
//! };
//! assert_eq!(options.engine.name(), "flex");
//! # Ok::<(), oddspot::Error>(())
//! ```

mod device;
mod engine;
mod forward;
pub mod loss;
mod pairs;
mod parameters;
mod train;

pub use device::{Burn, NAMES};
pub use forward::forward;
pub use pairs::classify;
pub use parameters::Parameters;

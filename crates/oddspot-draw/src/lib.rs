//! What people look at: heat maps, sheets, charts and pages of what oddspot finds.
//!
//! The modules stand in the order in which they are built on each other; each knows only those above
//! it.
//!
//! ```
//! use image::RgbImage;
//! use oddspot::maps::ScoreMap;
//! use oddspot_draw::heatmap::{Scale, overlay};
//!
//! let image = RgbImage::new(64, 48);
//! let map = ScoreMap::filled(6, 8, 3.0);
//! let glowing = overlay(&image, &map, Scale::around(2.0), 0.7);
//! assert_eq!(glowing.dimensions(), (64, 48));
//! ```

mod ink;

pub mod heatmap;

pub mod arrow;

mod panel;

pub mod figure;

pub mod chart;

pub mod page;

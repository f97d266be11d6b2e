//! Maps of scores over an image, and what is read off them: moments, connected regions.

pub mod components;
mod image_level;
mod local_moments;
mod moments;
mod quantile;
mod region;
mod score_map;

pub use image_level::{LEVEL_PARTS, LEVEL_REACH, image_level, usual_difference};
pub use local_moments::{LocalMoments, LocalSums};
pub use moments::{MomentSums, Moments};
pub(crate) use quantile::between;
pub use quantile::{quantile, quantile_between};
pub use region::{Region, around_peak, mask_above, outlined, outlined_over, regions, regions_over};
pub use score_map::ScoreMap;

//! 3×3 convolutions by Winograd's F(4×4, 3×3): 36 products where the plain sum takes 144.
//!
//! Every tile of 6×6 inputs goes through `V = Bᵀ d B`, channels are mixed by one matrix product
//! per element of the tile, `M = U V`, and `Y = Aᵀ M A` gives 4×4 outputs.

mod forward;
mod gradient;
mod matrices;
mod tile_transforms;
mod tiles;
mod weights;

pub(crate) use forward::forward;
pub(crate) use gradient::weight_gradient;
pub(crate) use weights::{Role, TransformedWeights};

//! The tensors of the term: of each scale, counted from 1, the finest first and the wide one last, `gaussian.mean<level>`,
//! `gaussian.scales<level>` and `gaussian.moments<level>`, and in 8 bits `gaussian.rows<level>`.

use oddspot_conv::factor::triangle;

use super::scales::Scales;
use super::{BY, Blocks, Fitted, Gaussian, KIND};
use crate::files::{NamedTensor, NamedTensors, PackedTensor, PackedTensors};
use crate::maps::Moments;
use crate::net::tensors::TensorSpec;
use crate::terms::places::Usual;
use crate::terms::{About, Parts};

fn name(part: &str, level: usize) -> String {
    format!("gaussian.{part}{}", level + 1)
}

/// Names and shapes, in 32 bits.
pub(super) fn specs(about: &About) -> Vec<TensorSpec> {
    let scales = Scales::of(about.settings, &about.learned.levels);
    let grid = &scales.grid;
    let blocks = Blocks::of(about.settings, grid).count();
    let mut specs = Usual::specs(KIND.name, BY, about.settings, grid);
    for (level, part) in scales.parts().into_iter().enumerate() {
        let channels = part.len();
        specs.extend([
            TensorSpec::kept(name("mean", level), vec![grid.rows, grid.columns, channels]),
            TensorSpec::kept(name("scales", level), vec![blocks, channels]),
            TensorSpec::kept(name("moments", level), vec![2]),
        ]);
    }
    specs
}

/// Names and shapes, in 8 bits.
pub(super) fn packed_specs(about: &About) -> Vec<TensorSpec> {
    let scales = Scales::of(about.settings, &about.learned.levels);
    let blocks = Blocks::of(about.settings, &scales.grid).count();
    let parts = scales.parts().into_iter().enumerate();
    parts
        .map(|(level, part)| {
            TensorSpec::kept(name("rows", level), vec![blocks, triangle(part.len())])
        })
        .collect()
}

/// What was fitted, from the model's tensors; nothing before it is.
pub(super) fn read(parts: &Parts, scales: &Scales) -> Vec<Fitted> {
    let levels = 0..scales.parts().len();
    let level = |level: usize| {
        let values = |part: &str| Some(parts.tensors.get(&name(part, level))?.values.clone());
        let moments = values("moments")?;
        Some(Fitted {
            mean: values("mean")?,
            rows: parts.packed.get(&name("rows", level))?.values.clone(),
            scales: values("scales")?,
            moments: Moments {
                mean: f64::from(*moments.first()?),
                std: f64::from(*moments.get(1)?),
            },
        })
    };
    levels.map(level).collect::<Option<_>>().unwrap_or_default()
}

/// In 32 bits.
pub(super) fn tensors(term: &Gaussian) -> NamedTensors {
    let mut tensors = NamedTensors::new();
    for (at, level) in term.levels.iter().enumerate() {
        let channels = level.scales.len() / term.blocks.count();
        let Moments { mean, std } = level.moments;
        let moments = vec![mean as f32, std as f32];
        let mut put = |part: &str, shape: Vec<usize>, values: Vec<f32>| {
            tensors.insert(name(part, at), NamedTensor { shape, values });
        };
        let grid = &term.scales.grid;
        put(
            "mean",
            vec![grid.rows, grid.columns, channels],
            level.mean.clone(),
        );
        put(
            "scales",
            vec![term.blocks.count(), channels],
            level.scales.clone(),
        );
        put("moments", vec![2], moments);
    }
    tensors
}

/// In 8 bits.
pub(super) fn packed(term: &Gaussian) -> PackedTensors {
    let levels = term.levels.iter().enumerate();
    levels
        .map(|(at, level)| {
            let blocks = term.blocks.count();
            let tensor = PackedTensor {
                shape: vec![blocks, level.rows.len() / blocks],
                values: level.rows.clone(),
            };
            (name("rows", at), tensor)
        })
        .collect()
}

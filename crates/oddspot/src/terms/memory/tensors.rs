//! The tensors of the term: `memory.projection.weight`, `memory.projection.bias`, `memory.step`,
//! `memory.elsewhere`, and in 8 bits `memory.rows`.

use super::{BY, Fitted, KIND, Memory, Projection};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensor, NamedTensors, PackedTensor, PackedTensors};
use crate::net::tensors::TensorSpec;
use crate::terms::places::{PlaceGrid, Usual};
use crate::terms::{About, Parts};

const WEIGHT: &str = "memory.projection.weight";
const BIAS: &str = "memory.projection.bias";
const STEP: &str = "memory.step";
const ELSEWHERE: &str = "memory.elsewhere";
const ROWS: &str = "memory.rows";

/// Names and shapes, in 32 bits.
pub(super) fn specs(about: &About) -> Vec<TensorSpec> {
    let grid = PlaceGrid::of(about.settings, &about.learned.levels);
    let components = about.settings.closed_form.components.min(grid.channels());
    let mut specs = vec![
        TensorSpec::kept(WEIGHT, vec![components, grid.channels()]),
        TensorSpec::kept(BIAS, vec![components]),
        TensorSpec::kept(STEP, vec![1]),
        TensorSpec::kept(ELSEWHERE, vec![1]),
    ];
    specs.extend(Usual::specs(KIND.name, BY, about.settings, &grid));
    specs
}

/// Names and shapes, in 8 bits.
pub(super) fn packed_specs(about: &About) -> Vec<TensorSpec> {
    let grid = PlaceGrid::of(about.settings, &about.learned.levels);
    let components = about.settings.closed_form.components.min(grid.channels());
    let pieces = about.good_pieces.min(about.settings.remembered());
    vec![TensorSpec::kept(
        ROWS,
        vec![grid.places(), pieces, components],
    )]
}

/// What was fitted, from the model's tensors; nothing before it is.
pub(super) fn read(parts: &Parts) -> Result<Option<Fitted>> {
    let values = |name: &str| Some(parts.tensors.get(name)?.values.clone());
    let one = |name: &str| values(name).and_then(|values| values.first().copied());
    let (step, elsewhere) = (one(STEP), one(ELSEWHERE));
    let rows = parts.packed.get(ROWS).map(|rows| rows.values.clone());
    let (Some(weight), Some(bias), Some(step), Some(elsewhere), Some(rows)) =
        (values(WEIGHT), values(BIAS), step, elsewhere, rows)
    else {
        return Ok(None);
    };
    for (name, value) in [(STEP, step), (ELSEWHERE, elsewhere)] {
        if value <= 0.0 {
            let reason = format!("its tensor '{name}' is not positive");
            return Err(Error::new(ErrorKind::Damaged, Subject::Model, reason));
        }
    }
    let projection = Projection::new(weight, bias, step)?;
    Ok(Some(Fitted {
        projection,
        rows,
        elsewhere,
    }))
}

/// In 32 bits.
pub(super) fn tensors(term: &Memory) -> NamedTensors {
    let Some(Fitted {
        projection,
        elsewhere,
        ..
    }) = &term.fitted
    else {
        return NamedTensors::new();
    };
    let components = projection.bias.len();
    let tensor = |shape: Vec<usize>, values: &[f32]| NamedTensor {
        shape,
        values: values.to_vec(),
    };
    let channels = projection.weight.len() / components;
    NamedTensors::from([
        (
            WEIGHT.to_owned(),
            tensor(vec![components, channels], &projection.weight),
        ),
        (BIAS.to_owned(), tensor(vec![components], &projection.bias)),
        (STEP.to_owned(), tensor(vec![1], &[projection.step])),
        (ELSEWHERE.to_owned(), tensor(vec![1], &[*elsewhere])),
    ])
}

/// In 8 bits.
pub(super) fn packed(term: &Memory) -> PackedTensors {
    let Some(Fitted { rows, .. }) = &term.fitted else {
        return PackedTensors::new();
    };
    let places = term.grid.places();
    let tensor = PackedTensor {
        shape: vec![
            places,
            rows.len() / (places * term.components),
            term.components,
        ],
        values: rows.clone(),
    };
    PackedTensors::from([(ROWS.to_owned(), tensor)])
}

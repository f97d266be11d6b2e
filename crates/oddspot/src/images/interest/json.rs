//! Polygons as JSON.

use serde::Deserialize;

use super::Read;

/// What a file says; points are in pixels of an image of `width` and `height`, or in shares of its sides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    inspect: Vec<Vec<[f64; 2]>>,
    #[serde(default)]
    ignore: Vec<Vec<[f64; 2]>>,
    width: Option<f64>,
    height: Option<f64>,
}

pub(super) fn read(text: &str) -> Result<Read, String> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        format!(
            "{error}; it must be as {{\"inspect\": [[[x, y], …]], \"ignore\": [], \"width\": 640, \"height\": 480}}"
        )
    })?;
    let image = match (file.width, file.height) {
        (Some(width), Some(height)) => Some(([0.0; 2], [width, height])),
        (None, None) => None,
        _ => return Err("it has a width or a height, and not both".to_owned()),
    };
    // Each polygon is a shape of its own.
    let shapes = |polygons: Vec<Vec<[f64; 2]>>| polygons.into_iter().map(|ring| vec![ring]);
    Ok(Read {
        inspect: shapes(file.inspect).collect(),
        ignore: shapes(file.ignore).collect(),
        image,
    })
}

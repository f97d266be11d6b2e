//! Which part of a station's images is inspected, as it was drawn on a page.

use std::path::Path;

use oddspot::images::RegionOfInterest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// Polygons, at most.
const MOST: usize = 200;
/// Points of a polygon, at most.
const MOST_POINTS: usize = 2_000;

/// What was drawn: polygons in pixels of an image of `width` and `height`, as `train --region` reads them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// The union of these is inspected; all if there are none.
    #[serde(default)]
    pub inspect: Vec<Vec<[f64; 2]>>,
    /// Less the union of these.
    #[serde(default)]
    pub ignore: Vec<Vec<[f64; 2]>>,
    /// Columns of the image that they were drawn on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Rows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<f64>,
}

impl Regions {
    /// As they are kept; nothing if all is inspected.
    ///
    /// # Errors
    /// Polygons that a training would refuse.
    pub fn kept(&self) -> Result<Option<String>> {
        let all = || self.inspect.iter().chain(&self.ignore);
        if all().next().is_none() {
            return Ok(None);
        }
        if all().count() > MOST || all().any(|ring| ring.len() > MOST_POINTS) {
            let sentence = Sentence::new("refused-most-regions").with("most", MOST);
            return Err(Error::of(
                Kind::Invalid,
                sentence.with("points", MOST_POINTS),
            ));
        }
        let text =
            serde_json::to_string(self).map_err(|error| Error::internal(error.to_string()))?;
        // What a training will read is read now, while somebody can mend it.
        let read = RegionOfInterest::of_text(&text, Path::new(""))
            .map_err(|error| Error::new(Kind::Invalid, error.reason()))?;
        if let (Some(width), Some(height)) = (self.width, self.height) {
            let size = oddspot::images::ImageSize {
                width: width.clamp(1.0, 512.0) as usize,
                height: (height / width * width.clamp(1.0, 512.0)).clamp(1.0, 4096.0) as usize,
            };
            read.at(size).map_err(|_| {
                let sentence = Sentence::new("refused-nothing-inspected");
                Error::of(Kind::Invalid, sentence)
            })?;
        }
        Ok(Some(text))
    }

    /// As they were kept.
    ///
    /// # Errors
    /// A text that is none of these.
    pub fn read(kept: Option<&str>) -> Result<Self> {
        match kept {
            None => Ok(Self::default()),
            Some(text) => serde_json::from_str(text)
                .map_err(|error| Error::internal(format!("kept regions cannot be read: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_kept_as_they_are_drawn_and_what_leaves_nothing_is_refused() {
        let square = vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        let drawn = Regions {
            inspect: vec![square.clone()],
            ignore: Vec::new(),
            width: Some(20.0),
            height: Some(10.0),
        };
        let kept = drawn.kept().unwrap().unwrap();
        assert_eq!(Regions::read(Some(&kept)).unwrap(), drawn);
        assert_eq!(Regions::default().kept().unwrap(), None);
        let refused = |regions: Regions| regions.kept().unwrap_err().to_string();
        let nothing = Regions {
            ignore: vec![square.clone()],
            ..drawn.clone()
        };
        assert!(refused(nothing).contains("nothing to inspect"));
        let outside = Regions {
            width: Some(5.0),
            ..drawn.clone()
        };
        assert!(refused(outside).contains("outside"));
        let line = Regions {
            inspect: vec![square[..2].to_vec()],
            ..drawn
        };
        assert!(refused(line).contains("three points"));
    }
}

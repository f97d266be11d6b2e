//! What a station tells on its outputs: a judged image, or that one was not judged.

use serde::{Deserialize, Serialize};

use super::inspection::Inspection;
use crate::error::{Error, Result};

/// What is told on an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An image was judged.
    Inspection(Box<Inspection>),
    /// Images were not judged.
    Missed(Missed),
}

/// That images were not judged: never to be taken for a verdict of the model's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// Its id, in one order with those of inspections.
    pub id: String,
    /// The station that did not judge.
    pub station: String,
    /// When, in UTC.
    pub time: String,
    /// Always `missed`, where an inspection has its verdict.
    pub verdict: NoVerdict,
    /// Why, as it is counted: `queue_full`, `no_model`, ….
    pub reason: String,
    /// Why, in a sentence; of several images the first one's.
    pub detail: String,
    /// So many images; 0 where nobody can know, as of a folder that is away.
    pub images: u64,
    /// The part, if it is one alone and whoever sent its image named it.
    pub part_id: Option<String>,
    /// The file, if it is one alone and came by a folder.
    pub file: Option<String>,
}

/// What stands where an inspection has its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoVerdict {
    /// Nothing was judged.
    Missed,
}

/// An event with its kind around it.
#[derive(Serialize)]
struct Wrapped<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<&'a Inspection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<&'a Missed>,
}

impl Event {
    /// By which whoever gets it twice knows that.
    pub fn id(&self) -> &str {
        match self {
            Self::Inspection(inspection) => &inspection.id,
            Self::Missed(missed) => &missed.id,
        }
    }

    /// When it was, in UTC.
    pub fn time(&self) -> &str {
        match self {
            Self::Inspection(inspection) => &inspection.time,
            Self::Missed(missed) => &missed.time,
        }
    }

    /// `{"kind": "inspection", "inspection": {…}}`, or the same of what was missed.
    ///
    /// # Errors
    /// None that is known.
    pub fn json(&self) -> Result<String> {
        let wrapped = match self {
            Self::Inspection(inspection) => Wrapped {
                kind: "inspection",
                inspection: Some(inspection),
                missed: None,
            },
            Self::Missed(missed) => Wrapped {
                kind: "missed",
                inspection: None,
                missed: Some(missed),
            },
        };
        serde_json::to_string(&wrapped).map_err(|error| Error::internal(error.to_string()))
    }
}

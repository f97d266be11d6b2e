//! What comes back of a request to infer: tensors in JSON, or as bytes behind it.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use oddspot::maps::ScoreMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::JSON_BYTES;
use crate::error::{Error, Result};
use crate::history::Inspection;
use crate::http::problem::Problem;

/// An output that is asked for.
#[derive(Deserialize, ToSchema)]
pub struct RequestedOutput {
    name: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Value,
}

/// What a model can tell of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Score,
    Verdict,
    Map,
}

/// Outputs that are asked for, in their order, and whether each is to be bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked(Vec<(Output, bool)>);

/// An output in JSON.
#[derive(Serialize)]
struct Tensor {
    name: &'static str,
    datatype: &'static str,
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Score([f64; 1]),
    Verdict([&'static str; 1]),
    Map(Vec<f32>),
}

/// An answer.
#[derive(Serialize)]
pub struct Answer {
    /// The station.
    pub model_name: String,
    /// SHA-256 of its model.
    pub model_version: String,
    /// As the request has it.
    pub id: String,
    /// What else there is.
    pub parameters: Value,
    outputs: Vec<Tensor>,
}

/// What a model's description says of them.
pub fn described() -> Value {
    let all = [Output::Score, Output::Verdict, Output::Map].map(|one| {
        let shape = match one {
            Output::Map => vec![-1, -1],
            Output::Score | Output::Verdict => vec![1],
        };
        json!({ "name": one.name(), "datatype": one.datatype(), "shape": shape })
    });
    all.to_vec().into()
}

impl Output {
    fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Verdict => "verdict",
            Self::Map => "map",
        }
    }

    fn datatype(self) -> &'static str {
        match self {
            Self::Score | Self::Map => "FP32",
            Self::Verdict => "BYTES",
        }
    }
}

impl Asked {
    /// Those that a request names, else score and verdict; `binary` where it does not say that of one.
    ///
    /// # Errors
    /// One that there is not, or that is named twice.
    pub fn of(named: &[RequestedOutput], binary: bool) -> Result<Self, Problem> {
        if named.is_empty() {
            return Ok(Self(vec![
                (Output::Score, binary),
                (Output::Verdict, binary),
            ]));
        }
        let mut found: Vec<(Output, bool)> = Vec::new();
        for one in named {
            let output = match one.name.as_str() {
                "score" => Output::Score,
                "verdict" => Output::Verdict,
                "map" => Output::Map,
                _ => {
                    let name = format!("{:?}", one.name);
                    let reason = format!("there is no output {name}: score, verdict and map are");
                    return Err(Problem::invalid(reason));
                }
            };
            // Each takes room of its own, and maps are large.
            if found.iter().any(|(known, _)| *known == output) {
                let name = output.name();
                let reason = format!("output {name:?} is asked for twice: name each once");
                return Err(Problem::invalid(reason));
            }
            let of_it = one.parameters.get("binary_data").and_then(Value::as_bool);
            found.push((output, of_it.unwrap_or(binary)));
        }
        Ok(Self(found))
    }

    /// Whether the map is among them.
    pub fn has_map(&self) -> bool {
        self.0.iter().any(|(one, _)| *one == Output::Map)
    }
}

impl Answer {
    /// With no outputs yet.
    pub fn new(station: String, id: String, inspection: &Inspection) -> Self {
        Self {
            model_name: station,
            model_version: inspection.model.clone(),
            id,
            parameters: json!({ "inspection": inspection.id }),
            outputs: Vec::new(),
        }
    }

    /// With those that are asked for, as it is sent.
    ///
    /// # Errors
    /// None that is known.
    pub fn with(
        mut self,
        asked: &Asked,
        inspection: &Inspection,
        map: Option<&ScoreMap>,
    ) -> Result<Response> {
        let mut behind = Vec::new();
        for (output, is_binary) in &asked.0 {
            let (shape, data) = match (output, map) {
                (Output::Score, _) => (vec![1], Data::Score([inspection.score])),
                (Output::Verdict, _) => (vec![1], Data::Verdict([inspection.verdict.word()])),
                (Output::Map, Some(map)) => {
                    (vec![map.height, map.width], Data::Map(map.values.clone()))
                }
                (Output::Map, None) => continue,
            };
            let bytes = is_binary.then(|| data.bytes());
            self.outputs.push(Tensor {
                name: output.name(),
                datatype: output.datatype(),
                shape,
                parameters: (bytes.as_ref())
                    .map(|bytes| json!({ "binary_data_size": bytes.len() })),
                data: bytes.is_none().then_some(data),
            });
            behind.extend(bytes.into_iter().flatten());
        }
        let json = serde_json::to_vec(&self).map_err(|error| Error::internal(error.to_string()))?;
        if behind.is_empty() {
            return Ok(([(CONTENT_TYPE, "application/json")], json).into_response());
        }
        let head = [
            (CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
            (JSON_BYTES, json.len().to_string()),
        ];
        Ok((head, [json, behind].concat()).into_response())
    }
}

impl Data {
    /// Numbers with their low byte first, a text behind its length.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Score([score]) => (*score as f32).to_le_bytes().to_vec(),
            Self::Verdict([word]) => {
                let length = u32::try_from(word.len()).unwrap_or_default();
                [&length.to_le_bytes(), word.as_bytes()].concat()
            }
            Self::Map(values) => values.iter().flat_map(|one| one.to_le_bytes()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(outputs: Value, binary: bool) -> Result<Asked, Problem> {
        let named: Vec<RequestedOutput> = serde_json::from_value(outputs).unwrap();
        Asked::of(&named, binary)
    }

    #[test]
    fn outputs_are_those_that_are_named_else_score_and_verdict() {
        let usual = Asked(vec![(Output::Score, false), (Output::Verdict, false)]);
        assert_eq!(asked(json!([]), false).unwrap(), usual);
        assert!(!usual.has_map());
        let map =
            json!([{ "name": "map", "parameters": { "binary_data": false } }, { "name": "score" }]);
        let map = asked(map, true).unwrap();
        assert_eq!(
            map,
            Asked(vec![(Output::Map, false), (Output::Score, true)])
        );
        assert!(map.has_map());
        let none = asked(json!([{ "name": "maps" }]), false).unwrap_err();
        assert!(
            none.detail().contains("no output \"maps\""),
            "{}",
            none.detail()
        );
    }

    #[test]
    fn an_output_that_is_named_twice_is_refused() {
        let bytes = json!({ "binary_data": true });
        let twice =
            json!([{ "name": "map" }, { "name": "score" }, { "name": "map", "parameters": bytes }]);
        let refused = asked(twice, false).unwrap_err();
        assert!(
            refused.detail().contains("\"map\" is asked for twice"),
            "{}",
            refused.detail()
        );
        let all = json!([{ "name": "map" }, { "name": "score" }, { "name": "verdict" }]);
        assert_eq!(asked(all, false).unwrap().0.len(), 3);
    }

    #[test]
    fn bytes_are_as_the_protocol_has_them() {
        assert_eq!(Data::Verdict(["good"]).bytes(), b"\x04\0\0\0good");
        assert_eq!(
            Data::Map(vec![1.0, -2.0]).bytes(),
            [0, 0, 128, 63, 0, 0, 0, 192]
        );
        assert_eq!(Data::Score([1.0]).bytes(), [0, 0, 128, 63]);
    }
}

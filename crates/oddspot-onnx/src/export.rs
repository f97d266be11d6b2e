//! A model as a file of ONNX.

use oddspot::Model;
use oddspot::error::{Error, ErrorKind, Result, Subject};
use oddspot::images::ImageSize;
use oddspot::net::learned::Learned;
use oddspot::net::teachers::Teacher;
use oddspot::terms::{self, places::PlaceGrid};
use prost::Message;

use crate::card::{Card, KEY};
use crate::fuse::{How, Part, outputs, part};
use crate::graph::{Graph, Value};
use crate::input::{Batch, INPUT, Layout, normalised};
use crate::network::network;
use crate::places::features;
use crate::region::Region;
use crate::schema::tensor_proto::DataType;
use crate::schema::tensor_shape_proto::{Dimension, dimension};
use crate::schema::{
    GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};
use crate::terms::{Parts, Seen, errors};

/// Version of ONNX's operators.
const OPSET: i64 = 17;
/// Version of the file format that goes with it.
const IR_VERSION: i64 = 8;
/// Bytes of a file of ONNX, at most.
const MOST_BYTES: usize = i32::MAX as usize;

/// How a model is exported.
#[derive(Clone, Debug)]
pub struct Options {
    /// How pixels come in.
    pub layout: Layout,
    /// How many images at a time.
    pub batch: Batch,
    /// SHA-256 of the model file, as hexadecimal digits.
    pub model_sha256: String,
}

/// A model as ONNX.
#[derive(Clone, Debug)]
pub struct Export {
    /// The bytes of the file.
    pub onnx: Vec<u8>,
    /// What there is to know of it, which the file has too.
    pub card: Card,
}

/// Makes one graph from the resized image to the score and all maps.
///
/// # Errors
/// What a graph cannot say: images that are aligned, or cut into pieces; a region that was given after the training; a
/// term that is not known here. A file that would be larger than ONNX allows.
pub fn export(model: &Model, teacher: &Teacher, options: &Options) -> Result<Export> {
    let settings = &model.header.settings;
    check(model)?;
    let size = settings.image_size;
    let region = Region::of(&model.packed, size)?;
    let learned = Learned::new(settings, &model.header.teacher_levels)?;
    let parts = Parts {
        settings,
        learned: &learned,
        tensors: &model.tensors,
        packed: &model.packed,
        statistics: &model.statistics,
    };
    let mut graph = Graph::default();
    let image = normalised(&mut graph, options.layout, region.as_ref());
    let seen = see(&mut graph, &parts, teacher, &image)?;
    let size_of = [size.height, size.width];
    let mut maps = Vec::new();
    for (kind, statistics) in terms::used(settings).zip(&model.header.terms) {
        let errors = errors(&mut graph, kind, &parts, &seen)?;
        let how = How {
            fusing: (kind.fusing)(settings),
            statistics,
            size: size_of,
            region: region.as_ref(),
        };
        let map = part(&mut graph, &errors, &how);
        maps.push(Part { kind, map });
    }
    let names = outputs(&mut graph, &maps, size_of, region.as_ref());
    let how = (options.layout, options.batch);
    let card = Card::new(model, &options.model_sha256, how, &names);
    let onnx = file(graph, &card, (how, size), &names)?;
    Ok(Export { onnx, card })
}

/// Refuses what a graph cannot say.
fn check(model: &Model) -> Result<()> {
    if model.header.alignment.is_some() {
        let reason = "the model looks for where each image lies before it judges it, which no ONNX graph can; train it \
                      with alignment none";
        return Err(Error::setting("alignment", reason));
    }
    if !model.header.settings.tile.is_none() {
        let reason = "the model cuts images into pieces of their own scale, as many as an image takes, which no ONNX graph \
                      can; train it without";
        return Err(Error::setting("tile", reason));
    }
    Ok(())
}

/// Runs the networks.
fn see(graph: &mut Graph, parts: &Parts, teacher: &Teacher, image: &Value) -> Result<Seen> {
    let settings = parts.settings;
    let ImageSize { width, height } = settings.image_size;
    let input = (image, [height, width]);
    graph.enter("teacher");
    let levels = network(graph, &teacher.network, &teacher.weights, input)?;
    graph.enter("student");
    let mut student = match &parts.learned.student {
        Some(student) => network(graph, &student.network, parts.tensors, input)?,
        None => Vec::new(),
    };
    let closed_form = terms::used(settings).any(|kind| kind.closed_form);
    let places = closed_form.then(|| {
        let grid = PlaceGrid::of(settings, &parts.learned.levels);
        let features = features(graph, &grid, &levels);
        (grid, features)
    });
    Ok(Seen {
        teacher: levels,
        trunk: student.pop(),
        student,
        places,
    })
}

/// The bytes of the file.
fn file(
    graph: Graph,
    card: &Card,
    ((layout, batch), size): ((Layout, Batch), ImageSize),
    maps: &[&str],
) -> Result<Vec<u8>> {
    let value = |name: &str, kind: DataType, axes: &[usize]| {
        let axes = axes
            .iter()
            .map(|&side| dimension::Value::DimValue(side as i64));
        let batch = match batch {
            Batch::Of(count) => dimension::Value::DimValue(count as i64),
            Batch::Dynamic => dimension::Value::DimParam("batch".to_owned()),
        };
        let axes = std::iter::once(batch).chain(axes);
        let shape = TensorShapeProto {
            dim: axes.map(|value| Dimension { value: Some(value) }).collect(),
        };
        ValueInfoProto {
            name: Some(name.to_owned()),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                    elem_type: Some(kind as i32),
                    shape: Some(shape),
                })),
            }),
            doc_string: card.outputs.get(name).cloned(),
        }
    };
    let names: Vec<&str> = std::iter::once("score")
        .chain(maps.iter().copied())
        .collect();
    let (node, initializer) = graph.finish(&names);
    let of_map = [size.height, size.width];
    let output = names.iter().map(|&name| match name {
        "score" => value(name, DataType::Float, &[]),
        _ => value(name, DataType::Float, &of_map),
    });
    let json = serde_json::to_string(card).map_err(|error| Error::internal(error.to_string()))?;
    let metadata = |(key, value): (&str, String)| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("oddspot".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        doc_string: Some("From the resized image to the score and the anomaly map.".to_owned()),
        graph: Some(GraphProto {
            node,
            name: Some("oddspot".to_owned()),
            initializer,
            input: vec![value(INPUT, layout.data_type(), &layout.axes(size))],
            output: output.collect(),
        }),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: [
            (KEY, json),
            ("model_sha256", card.model_sha256.clone()),
            ("threshold", card.thresholds.image.to_string()),
            ("check_threshold", card.thresholds.check.to_string()),
            ("labels", card.labels.join(",")),
            ("resize", card.resize.words.clone()),
        ]
        .map(metadata)
        .into(),
    };
    let length = model.encoded_len();
    if length > MOST_BYTES {
        let reason = format!(
            "as ONNX it would have {length} bytes, more than the 2 GiB that such a file may have"
        );
        return Err(Error::new(ErrorKind::TooLarge, Subject::Model, reason));
    }
    Ok(model.encode_to_vec())
}

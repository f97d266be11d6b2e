//! A graph as it is put together: nodes in the order of the data's way, and constants.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::attribute_proto::AttributeType;
use crate::schema::tensor_proto::DataType;
use crate::schema::{AttributeProto, NodeProto, TensorProto};

/// What a node gives, or a constant, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(String);

impl Value {
    /// A value that is none of the graph's own: its input.
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name.
    #[cfg(test)]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Nodes and constants.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    /// How often each name was asked for.
    names: BTreeMap<String, usize>,
    /// What names begin with.
    room: String,
    /// Numbers that are there already, by their bits.
    scalars: BTreeMap<u32, Value>,
}

impl Graph {
    /// Names of what follows begin with this.
    pub fn enter(&mut self, room: &str) {
        room.clone_into(&mut self.room);
    }

    /// Adds a node of one output.
    pub fn node(&mut self, op: &str, inputs: &[&Value], attributes: Vec<AttributeProto>) -> Value {
        self.named_node(&op.to_lowercase(), op, inputs, attributes)
    }

    /// The same with a name.
    pub fn named_node(
        &mut self,
        name: &str,
        op: &str,
        inputs: &[&Value],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        let name = self.unique(name);
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(op.to_owned()),
            attribute: attributes,
        });
        Value(name)
    }

    /// Declares a second output of the last node, which nothing takes.
    pub fn unused_output(&mut self, name: &str) {
        let name = self.unique(name);
        if let Some(node) = self.nodes.last_mut() {
            node.output.push(name);
        }
    }

    /// Gives a value the name of an output.
    pub fn output(&mut self, name: &str, value: &Value) {
        self.nodes.push(NodeProto {
            input: vec![value.0.clone()],
            output: vec![name.to_owned()],
            name: Some(format!("output/{name}")),
            op_type: Some("Identity".to_owned()),
            attribute: Vec::new(),
        });
    }

    /// A constant of 32-bit floats.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.constant(name, (DataType::Float, shape), bytes.collect())
    }

    /// A constant of 8-bit whole numbers.
    pub fn bytes(&mut self, name: &str, shape: &[usize], values: &[i8]) -> Value {
        let bytes = values.iter().map(|value| *value as u8);
        self.constant(name, (DataType::Int8, shape), bytes.collect())
    }

    /// A constant of truths.
    pub fn flags(&mut self, name: &str, shape: &[usize], values: &[bool]) -> Value {
        let bytes = values.iter().map(|&value| u8::from(value));
        self.constant(name, (DataType::Bool, shape), bytes.collect())
    }

    /// A constant of whole numbers, a shape or indices.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> Value {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.constant(name, (DataType::Int64, &[values.len()]), bytes.collect())
    }

    /// A number.
    pub fn scalar(&mut self, number: f32) -> Value {
        if let Some(known) = self.scalars.get(&number.to_bits()) {
            return known.clone();
        }
        let name = format!("constant/{number}");
        let bytes = number.to_le_bytes().to_vec();
        let value = self.constant_named(name, (DataType::Float, &[]), bytes);
        self.scalars.insert(number.to_bits(), value.clone());
        value
    }

    fn constant(&mut self, name: &str, of: (DataType, &[usize]), bytes: Vec<u8>) -> Value {
        let name = self.unique(name);
        self.constant_named(name, of, bytes)
    }

    fn constant_named(
        &mut self,
        name: String,
        (kind, shape): (DataType, &[usize]),
        bytes: Vec<u8>,
    ) -> Value {
        self.constants.push(TensorProto {
            dims: shape.iter().map(|&side| side as i64).collect(),
            data_type: Some(kind as i32),
            name: Some(name.clone()),
            raw_data: Some(bytes),
        });
        Value(name)
    }

    fn unique(&mut self, name: &str) -> String {
        let name = format!("{}/{name}", self.room);
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        match count {
            1 => name,
            count => format!("{name}.{count}"),
        }
    }

    /// Nodes and constants without what no output needs.
    pub fn finish(self, outputs: &[&str]) -> (Vec<NodeProto>, Vec<TensorProto>) {
        let mut needed: BTreeSet<String> = outputs.iter().map(|&name| name.to_owned()).collect();
        let mut nodes = Vec::new();
        for node in self.nodes.into_iter().rev() {
            if node.output.iter().any(|output| needed.contains(output)) {
                needed.extend(node.input.iter().cloned());
                nodes.push(node);
            }
        }
        nodes.reverse();
        let is_needed = |constant: &TensorProto| {
            let name = constant.name.as_ref();
            name.is_some_and(|name| needed.contains(name))
        };
        (
            nodes,
            self.constants.into_iter().filter(is_needed).collect(),
        )
    }
}

/// An attribute of a whole number.
pub fn integer(name: &str, value: usize) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value as i64),
        r#type: Some(AttributeType::Int as i32),
        ..AttributeProto::default()
    }
}

/// An attribute of whole numbers.
pub fn integers(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.iter().map(|&value| value as i64).collect(),
        r#type: Some(AttributeType::Ints as i32),
        ..AttributeProto::default()
    }
}

/// An attribute of a number.
pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value),
        r#type: Some(AttributeType::Float as i32),
        ..AttributeProto::default()
    }
}

/// An attribute of a text.
pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        s: Some(value.as_bytes().to_vec()),
        r#type: Some(AttributeType::String as i32),
        ..AttributeProto::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_numbers_are_there_once() {
        let mut graph = Graph::default();
        graph.enter("room");
        let half = graph.scalar(0.5);
        assert_eq!(half, graph.scalar(0.5));
        let x = Value::named("x");
        let first = graph.node("Add", &[&x, &half], Vec::new());
        let second = graph.node("Add", &[&first, &half], Vec::new());
        assert_eq!((first.name(), second.name()), ("room/add", "room/add.2"));
    }

    #[test]
    fn what_no_output_needs_is_left_out() {
        let mut graph = Graph::default();
        let x = Value::named("x");
        let one = graph.floats("one", &[1], &[1.0]);
        let two = graph.floats("two", &[1], &[2.0]);
        let kept = graph.node("Add", &[&x, &one], Vec::new());
        graph.node("Mul", &[&kept, &two], Vec::new());
        graph.output("y", &kept);
        let (nodes, constants) = graph.finish(&["y"]);
        let ops: Vec<&str> = nodes
            .iter()
            .filter_map(|node| node.op_type.as_deref())
            .collect();
        assert_eq!(ops, ["Add", "Identity"]);
        assert_eq!(constants.len(), 1);
        assert_eq!(constants[0].name.as_deref(), Some(one.name()));
    }
}

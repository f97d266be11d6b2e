//! The operations that an export is made of, in the form of opset 17.

use crate::graph::{Graph, Value, integer, integers, text};
use crate::matrix::Matrix;
use crate::schema::tensor_proto::DataType;

/// Axes of a map `[batch, channels, height, width]`.
pub const CHANNELS: usize = 1;
/// Rows and columns of it.
pub const SPACE: [usize; 2] = [2, 3];

impl Graph {
    /// `a + b`, and so on: of two values that fit together.
    pub fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Add", &[a, b], Vec::new())
    }

    /// `a − b`.
    pub fn sub(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Sub", &[a, b], Vec::new())
    }

    /// `a · b`, place by place.
    pub fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Mul", &[a, b], Vec::new())
    }

    /// `a / b`, place by place.
    pub fn div(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Div", &[a, b], Vec::new())
    }

    /// The larger of both, place by place.
    pub fn max(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Max", &[a, b], Vec::new())
    }

    /// The product of matrices, the last two axes.
    pub fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        self.node("MatMul", &[a, b], Vec::new())
    }

    /// `x · number`.
    pub fn times(&mut self, x: &Value, number: f64) -> Value {
        let number = self.scalar(number as f32);
        self.mul(x, &number)
    }

    /// `x + number`.
    pub fn plus(&mut self, x: &Value, number: f64) -> Value {
        let number = self.scalar(number as f32);
        self.add(x, &number)
    }

    /// A node of one input and no attribute.
    pub fn of(&mut self, op: &str, x: &Value) -> Value {
        self.node(op, &[x], Vec::new())
    }

    /// The sum of values of one shape, in their order; None of none.
    pub fn sum(&mut self, values: impl IntoIterator<Item = Value>) -> Option<Value> {
        let mut values = values.into_iter();
        let first = values.next()?;
        Some(values.fold(first, |sum, value| self.add(&sum, &value)))
    }

    /// `rows · x · columnsᵀ`: along both axes of a map, or of many.
    pub fn both(&mut self, rows: &Matrix, x: &Value, columns: &Matrix) -> Value {
        let (right, left) = (columns.transposed(), rows);
        let right = self.matrix("columns", &right);
        let left = self.matrix("rows", left);
        let x = self.matmul(x, &right);
        self.matmul(&left, &x)
    }

    fn matrix(&mut self, name: &str, matrix: &Matrix) -> Value {
        self.floats(name, &[matrix.rows, matrix.columns], &matrix.values)
    }

    /// In another shape; −1 is what is left over, 0 what was there.
    pub fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        let shape = self.integers("shape", shape);
        self.node("Reshape", &[x, &shape], Vec::new())
    }

    /// With its axes in another order.
    pub fn transpose(&mut self, x: &Value, axes: &[usize]) -> Value {
        self.node("Transpose", &[x], vec![integers("perm", axes)])
    }

    /// The largest value over axes, which stay as 1.
    pub fn reduce(&mut self, op: &str, x: &Value, axes: &[usize]) -> Value {
        let attributes = vec![integers("axes", axes), integer("keepdims", 1)];
        self.node(op, &[x], attributes)
    }

    /// The sum over axes, which stay as 1.
    pub fn reduce_sum(&mut self, x: &Value, axes: &[usize]) -> Value {
        let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
        let axes = self.integers("axes", &axes);
        self.node("ReduceSum", &[x, &axes], vec![integer("keepdims", 1)])
    }

    /// The sum of squares over axes, which stay as 1.
    pub fn squares(&mut self, x: &Value, axes: &[usize]) -> Value {
        let squares = self.mul(x, x);
        self.reduce_sum(&squares, axes)
    }

    /// Rows and columns of maps: first, and last + 1 of each.
    pub fn window(&mut self, x: &Value, rows: [usize; 2], columns: [usize; 2]) -> Value {
        let ends = [rows, columns].map(|range| range.map(|at| at as i64));
        let starts = self.integers("starts", &ends.map(|[start, _]| start));
        let ends = self.integers("ends", &ends.map(|[_, end]| end));
        let axes = self.integers("axes", &SPACE.map(|axis| axis as i64));
        self.node("Slice", &[x, &starts, &ends, &axes], Vec::new())
    }

    /// One channel of maps.
    pub fn channel(&mut self, x: &Value, channel: usize) -> Value {
        let starts = self.integers("starts", &[channel as i64]);
        let ends = self.integers("ends", &[channel as i64 + 1]);
        let axes = self.integers("axes", &[CHANNELS as i64]);
        self.node("Slice", &[x, &starts, &ends, &axes], Vec::new())
    }

    /// Maps with so many zeros before and after their rows and columns.
    pub fn pad(&mut self, x: &Value, rows: [usize; 2], columns: [usize; 2]) -> Value {
        self.pad_with(x, 0.0, rows, columns)
    }

    /// The same with another number.
    pub fn pad_with(
        &mut self,
        x: &Value,
        number: f32,
        rows: [usize; 2],
        columns: [usize; 2],
    ) -> Value {
        let [top, bottom] = rows.map(|count| count as i64);
        let [left, right] = columns.map(|count| count as i64);
        let pads = self.integers("pads", &[0, 0, top, left, 0, 0, bottom, right]);
        let number = self.scalar(number);
        let mode = text("mode", "constant");
        self.node("Pad", &[x, &pads, &number], vec![mode])
    }

    /// Values side by side along an axis; of one it is that.
    pub fn concat(&mut self, values: &[Value], axis: usize) -> Value {
        match values {
            [one] => one.clone(),
            _ => {
                let inputs: Vec<&Value> = values.iter().collect();
                self.node("Concat", &inputs, vec![integer("axis", axis)])
            }
        }
    }

    /// `yes` where a flag says so, else `no`.
    pub fn choose(&mut self, flags: &Value, yes: &Value, no: &Value) -> Value {
        self.node("Where", &[flags, yes, no], Vec::new())
    }

    /// As 32-bit floats.
    pub fn floats_of(&mut self, x: &Value) -> Value {
        let to = integer("to", DataType::Float as usize);
        self.node("Cast", &[x], vec![to])
    }

    /// A linear layer over the channels of maps; `weight` `[outputs, inputs]`.
    pub fn linear(
        &mut self,
        name: &str,
        x: &Value,
        weight: &[f32],
        bias: Option<&[f32]>,
        outputs: usize,
    ) -> Value {
        let shape = [outputs, weight.len() / outputs.max(1), 1, 1];
        let weight = self.floats(&format!("{name}.weight"), &shape, weight);
        let bias = bias.map(|bias| self.floats(&format!("{name}.bias"), &[outputs], bias));
        let inputs: Vec<&Value> = [x, &weight].into_iter().chain(&bias).collect();
        self.named_node(name, "Conv", &inputs, Vec::new())
    }
}

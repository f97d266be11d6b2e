//! Teacher weights from `.safetensors` and `.pth` files in the names of torchvision, timm and
//! pytorchcv, brought to canonical names (torchvision's) and shapes, batch normalisation folded in.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader};

use super::architecture::{Architecture, Naming};
use super::{ARCHITECTURES, Teacher};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensor, NamedTensors, TensorFile, check_finite, floats};
use crate::net::network::{Conv, Network};
use crate::net::tensors::{Shapes, TensorSpec, lacks};

/// ε of torchvision's batch normalisations.
const EPSILON: f64 = 1e-5;

/// Reads a teacher from a `.safetensors` or `.pth` file, whichever its contents are, and calls it
/// `name`.
///
/// # Errors
/// A file that cannot be read, is a model or checkpoint, is of neither format, is of no known
/// architecture, or lacks a tensor; each says what to bring instead.
pub fn read_weights(path: &Path, name: &str) -> Result<Teacher> {
    collect(name, Source::open(path)?).map_err(|error| error.in_file(path))
}

/// A teacher from the bytes of a `.safetensors` file; errors call it by its name.
///
/// # Errors
/// As [`read_weights`].
pub(super) fn parse_weights(name: &str, bytes: &'static [u8]) -> Result<Teacher> {
    let path = Path::new(name);
    let file = TensorFile::of_bytes(path, Subject::Weights, bytes)?;
    collect(name, Source::Safetensors(file)).map_err(|error| error.in_file(path))
}

fn invalid(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, Subject::Weights, reason)
}

fn collect(name: &str, mut source: Source) -> Result<Teacher> {
    let shapes = source.shapes();
    let (architecture, naming) = recognise(&shapes).ok_or_else(|| {
        let titles: Vec<&str> = ARCHITECTURES.iter().map(|one| one.title).collect();
        invalid(format!(
            "its tensors are not those of a known teacher ({}) in the names of torchvision, timm or \
             pytorchcv; bring, for example, torchvision's vgg16-397923af.pth",
            titles.join(", ")
        ))
    })?;
    let of_file = |layer: &str| (naming.rename)(layer);
    let widths = |layer: &str| {
        let tensor = format!("{}.weight", of_file(layer));
        let first = shapes.get(&tensor).and_then(|shape| shape.first().copied());
        first.filter(|&width| width > 0).ok_or_else(|| {
            let (title, missing) = (architecture.title, lacks(&tensor));
            invalid(format!("it looks like {title}, but {}", missing.reason()))
        })
    };
    let network: Network = (architecture.describe)(&widths)?;
    let mut tensors = NamedTensors::new();
    for conv in network.convs() {
        let (weight, bias) = layer(conv, &of_file, &shapes, &mut source)?;
        tensors.insert(format!("{}.weight", conv.name), weight);
        tensors.insert(format!("{}.bias", conv.name), bias);
    }
    Teacher::new(name, architecture, tensors)
}

/// A layer's weight and bias, its batch normalisation folded in where the file has one.
fn layer(
    conv: &Conv,
    of_file: &impl Fn(&str) -> String,
    shapes: &Shapes,
    source: &mut Source,
) -> Result<(NamedTensor, NamedTensor)> {
    let name = of_file(&conv.name);
    let mut weight = source.read(&format!("{name}.weight"))?;
    if weight.shape.get(2..) == Some(&[1, 1]) {
        weight.shape.truncate(2);
    }
    // A shape as the file's own length bounds it: nothing larger is allocated after this.
    let spec = TensorSpec::weight(&conv.name, conv.weight_shape());
    spec.check(&weight.shape)?;
    if weight.values.len() != spec.count() {
        return Err(invalid(format!("its tensor '{name}.weight' is not whole")));
    }
    let norm = conv.norm.as_deref().map(of_file);
    let norm = norm.filter(|norm| shapes.contains_key(&format!("{norm}.running_var")));
    let bias_name = format!("{name}.bias");
    let bias = match norm.is_some() && !shapes.contains_key(&bias_name) {
        true => NamedTensor {
            shape: vec![conv.outputs],
            values: vec![0.0; conv.outputs],
        },
        false => source.read(&bias_name)?,
    };
    TensorSpec::zeros(&conv.name, "bias", conv.outputs).check(&bias.shape)?;
    match norm {
        None => Ok((weight, bias)),
        Some(norm) => fold(weight, bias, &norm, source),
    }
}

/// `w γ/√(σ² + ε)` and `β + (b − μ) γ/√(σ² + ε)`.
fn fold(
    mut weight: NamedTensor,
    mut bias: NamedTensor,
    norm: &str,
    source: &mut Source,
) -> Result<(NamedTensor, NamedTensor)> {
    let outputs = bias.values.len();
    let mut row = |part: &str| {
        let name = format!("{norm}.{part}");
        let tensor = source.read(&name)?;
        match tensor.values.len() == outputs {
            true => Ok(tensor.values),
            false => Err(invalid(format!(
                "its tensor '{name}' has {} values where {outputs} are needed",
                tensor.values.len()
            ))),
        }
    };
    let [gamma, beta] = [row("weight")?, row("bias")?];
    let [mean, variance] = [row("running_mean")?, row("running_var")?];
    let inputs = weight.values.len() / outputs.max(1);
    for (output, filter) in weight.values.chunks_exact_mut(inputs.max(1)).enumerate() {
        let [gamma, beta, mean, variance] =
            [&gamma, &beta, &mean, &variance].map(|row| f64::from(row[output]));
        let factor = gamma / (variance + EPSILON).sqrt();
        for value in filter {
            *value = (f64::from(*value) * factor) as f32;
        }
        let value = &mut bias.values[output];
        *value = (beta + (f64::from(*value) - mean) * factor) as f32;
    }
    check_finite(norm, &weight.values)?;
    check_finite(norm, &bias.values)?;
    Ok((weight, bias))
}

/// The architecture and naming of a file.
fn recognise(shapes: &Shapes) -> Option<(&'static Architecture, &'static Naming)> {
    ARCHITECTURES.into_iter().find_map(|architecture| {
        let naming = architecture.namings.iter();
        let told = naming.clone().find(|naming| (naming.told_by)(shapes))?;
        Some((architecture, told))
    })
}

/// A weights file of either format.
enum Source {
    Safetensors(TensorFile),
    Pytorch(PytorchReader),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        if is_pytorch(path)? {
            let reader = PytorchReader::new(path).map_err(|e| {
                let reason = format!("it is not a readable PyTorch file: {e}");
                Error::weights(path, reason).of_kind(ErrorKind::Damaged)
            })?;
            return Ok(Self::Pytorch(reader));
        }
        let file = TensorFile::open(path, Subject::Weights).map_err(|error| {
            match error.subject() == &Subject::Weights {
                true => Error::at(
                    error.kind(),
                    Subject::Weights,
                    path,
                    format!(
                        "{}; teacher weights are .safetensors or .pth files",
                        error.reason()
                    ),
                ),
                false => error,
            }
        })?;
        if file.has_any(&["oddspot.model", "oddspot.checkpoint"]) {
            let reason = "it is a model of this program's, not a teacher's weights";
            return Err(Error::weights(path, reason));
        }
        Ok(Self::Safetensors(file))
    }

    fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        match self {
            Self::Safetensors(file) => file.shapes(),
            Self::Pytorch(reader) => reader
                .tensors()
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.shape().to_vec()))
                .collect(),
        }
    }

    fn read(&mut self, name: &str) -> Result<NamedTensor> {
        match self {
            Self::Safetensors(file) => file.read(name),
            Self::Pytorch(reader) => read_pytorch(reader, name),
        }
    }
}

fn read_pytorch(reader: &PytorchReader, name: &str) -> Result<NamedTensor> {
    let tensor = reader.get(name).ok_or_else(|| lacks(name))?;
    let bytes = tensor.read().map_err(|e| {
        invalid(format!("its tensor '{name}' cannot be read: {e}")).of_kind(ErrorKind::Damaged)
    })?;
    let values = match tensor.dtype() {
        DType::F32 => floats(&bytes, f32::from_le_bytes),
        DType::F64 => floats(&bytes, |b| f64::from_le_bytes(b) as f32),
        DType::F16 => floats(&bytes, |b| f16::from_le_bytes(b).to_f32()),
        DType::BF16 => floats(&bytes, |b| bf16::from_le_bytes(b).to_f32()),
        other => {
            return Err(invalid(format!(
                "its tensor '{name}' is {other:?}, not floats"
            )));
        }
    };
    check_finite(name, &values)?;
    Ok(NamedTensor {
        shape: tensor.shape().to_vec(),
        values,
    })
}

/// Whether a file begins like `torch.save`'s: a ZIP archive, a pickle, or a TAR archive.
fn is_pytorch(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(512).read_to_end(&mut head))
        .map_err(Error::io("read", path))?;
    let tar = head.get(257..262) == Some(b"ustar");
    // A .safetensors file begins with its header's length and then '{'.
    let pickle = head.first() == Some(&0x80) && head.get(8) != Some(&b'{');
    Ok(head.starts_with(b"PK") || pickle || tar)
}

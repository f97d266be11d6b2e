//! Teacher weights from `.safetensors` and `.pth` files in the names of torchvision, timm and
//! pytorchcv, brought to canonical names (torchvision's) and shapes.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use burn::tensor::Device;
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader};

use super::{Architecture, Teacher, squeezenet, vgg};
use crate::error::{Error, Result};
use crate::network::Parameters;
use crate::tensor_file::{
    NamedTensor, NamedTensors, TensorFile, TensorFileError, check_finite, floats,
};

/// Weights in canonical names, of a known architecture.
pub struct TeacherWeights {
    /// What network they belong to.
    pub architecture: Architecture,
    /// The tensors, 1×1 convolutions as `[out, in]`.
    pub tensors: NamedTensors,
}

/// Reads a teacher's weights from a `.safetensors` or `.pth` file, whichever its contents are.
///
/// # Errors
/// A file that cannot be read, is an oddspot model, is of neither format, is of no known
/// architecture, or lacks a tensor; each says what to bring instead.
pub fn read_weights(path: &Path) -> Result<TeacherWeights> {
    collect(path, Source::open(path)?)
}

/// Weights from the bytes of a `.safetensors` file; errors call it `name`.
///
/// # Errors
/// As [`read_weights`].
pub(super) fn parse_weights(name: &str, bytes: &'static [u8]) -> Result<TeacherWeights> {
    let path = Path::new(name);
    let file = TensorFile::of_bytes(path, bytes)
        .map_err(|e| e.explain(|reason| Error::weights(path, reason)))?;
    collect(path, Source::Safetensors(file))
}

fn collect(path: &Path, mut source: Source) -> Result<TeacherWeights> {
    let fail = |reason: String| Error::weights(path, reason);
    let shapes = source.shapes();
    let (architecture, scheme) = recognise(&shapes).ok_or_else(|| {
        fail(
            "its tensors are neither VGG16's nor SqueezeNet 1.0's in the names of torchvision, \
             timm or pytorchcv; bring, for example, torchvision's vgg16-397923af.pth"
                .to_owned(),
        )
    })?;
    let mut tensors = NamedTensors::new();
    for layer in layers(architecture) {
        for part in ["weight", "bias"] {
            let name = format!("{}.{part}", scheme(&layer));
            if !shapes.contains_key(&name) {
                return Err(fail(format!(
                    "it looks like {architecture} but lacks the tensor '{name}'"
                )));
            }
            let mut tensor = source.read(&name).map_err(|e| e.explain(fail))?;
            if tensor.shape.len() == 4 && tensor.shape[2..] == [1, 1] {
                tensor.shape.truncate(2);
            }
            tensors.insert(format!("{layer}.{part}"), tensor);
        }
    }
    Teacher::new(
        architecture,
        &Parameters::from_tensors(&tensors, &Device::flex()),
    )
    .map_err(fail)?;
    Ok(TeacherWeights {
        architecture,
        tensors,
    })
}

/// Canonical names of the layers that a teacher needs.
fn layers(architecture: Architecture) -> Vec<String> {
    match architecture {
        Architecture::Vgg16 => vgg::STAGES
            .concat()
            .iter()
            .map(|index| format!("features.{index}"))
            .collect(),
        Architecture::SqueezeNet => {
            let fires = squeezenet::FIRES.concat().into_iter().flat_map(|index| {
                ["squeeze", "expand1x1", "expand3x3"].map(|part| format!("features.{index}.{part}"))
            });
            std::iter::once("features.0".to_owned())
                .chain(fires)
                .collect()
        }
    }
}

/// From a canonical layer name to the one of a naming scheme.
type Scheme = fn(&str) -> String;

/// The architecture and naming scheme of a file, told by its first convolution.
fn recognise(shapes: &BTreeMap<String, Vec<usize>>) -> Option<(Architecture, Scheme)> {
    let first = |name: &str, kernel: usize| {
        shapes
            .get(name)
            .is_some_and(|s| s.len() == 4 && s[1..] == [3, kernel, kernel])
    };
    let torchvision: Scheme = str::to_owned;
    if first("features.0.weight", 3) {
        Some((Architecture::Vgg16, torchvision))
    } else if first("features.0.weight", 7) {
        Some((Architecture::SqueezeNet, torchvision))
    } else if first("features.stage1.unit1.conv.weight", 3) {
        Some((Architecture::Vgg16, pytorchcv_vgg))
    } else if first("features.init_block.conv.weight", 7) {
        Some((Architecture::SqueezeNet, pytorchcv_squeezenet))
    } else {
        None
    }
}

/// `features.7` → `features.stage2.unit2.conv`.
fn pytorchcv_vgg(layer: &str) -> String {
    let (stage, unit) = position(&vgg::STAGES, layer);
    format!("features.stage{stage}.unit{unit}.conv")
}

/// `features.5.squeeze` → `features.stage1.unit3.squeeze.conv`.
fn pytorchcv_squeezenet(layer: &str) -> String {
    match layer.rsplit_once('.') {
        Some((fire, part)) if fire != "features" => {
            let (stage, unit) = position(&squeezenet::FIRES, fire);
            format!("features.stage{stage}.unit{unit}.{part}.conv")
        }
        _ => "features.init_block.conv".to_owned(),
    }
}

/// Stage and unit, counted from 1, of a layer named `features.<index>`.
fn position(stages: &[&[usize]], layer: &str) -> (usize, usize) {
    let index = layer.rsplit('.').next().and_then(|i| i.parse().ok());
    stages
        .iter()
        .enumerate()
        .find_map(|(stage, indices)| {
            let unit = indices.iter().position(|&i| Some(i) == index)?;
            Some((stage + 1, unit + 1))
        })
        .unwrap_or_default()
}

/// A weights file of either format.
enum Source {
    Safetensors(TensorFile),
    Pytorch(PytorchReader),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::weights(path, reason);
        if is_pytorch(path)? {
            let reader = PytorchReader::new(path)
                .map_err(|e| fail(format!("it is not a readable PyTorch file: {e}")))?;
            return Ok(Self::Pytorch(reader));
        }
        let file = TensorFile::open(path).map_err(|e| {
            e.explain(|reason| {
                fail(format!(
                    "{reason}; teacher weights are .safetensors or .pth files"
                ))
            })
        })?;
        if file.is_model() {
            return Err(fail(
                "it is an oddspot model, not a teacher's weights; pass it to `oddspot detect`"
                    .to_owned(),
            ));
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

    fn read(&mut self, name: &str) -> Result<NamedTensor, TensorFileError> {
        match self {
            Self::Safetensors(file) => file.read(name),
            Self::Pytorch(reader) => Ok(read_pytorch(reader, name)?),
        }
    }
}

fn read_pytorch(reader: &PytorchReader, name: &str) -> Result<NamedTensor, String> {
    let tensor = reader
        .get(name)
        .ok_or_else(|| format!("it lacks the tensor '{name}'"))?;
    let bytes = tensor
        .read()
        .map_err(|e| format!("its tensor '{name}' cannot be read: {e}"))?;
    let values = match tensor.dtype() {
        DType::F32 => floats(&bytes, f32::from_le_bytes),
        DType::F64 => floats(&bytes, |b| f64::from_le_bytes(b) as f32),
        DType::F16 => floats(&bytes, |b| f16::from_le_bytes(b).to_f32()),
        DType::BF16 => floats(&bytes, |b| bf16::from_le_bytes(b).to_f32()),
        other => return Err(format!("its tensor '{name}' is {other:?}, not floats")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_pytorchcv() {
        assert_eq!(pytorchcv_vgg("features.0"), "features.stage1.unit1.conv");
        assert_eq!(pytorchcv_vgg("features.21"), "features.stage4.unit3.conv");
        assert_eq!(
            pytorchcv_squeezenet("features.0"),
            "features.init_block.conv"
        );
        assert_eq!(
            pytorchcv_squeezenet("features.10.expand3x3"),
            "features.stage2.unit4.expand3x3.conv"
        );
    }
}

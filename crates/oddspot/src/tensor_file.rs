//! Named tensors in `.safetensors` files, read as hostile input: the header is capped and
//! checked against the file's length before anything is allocated for its contents.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorView};

use crate::error::{Error, Result};

/// A header may take at most this many bytes.
pub const MAX_HEADER: u64 = 4 << 20;

/// One tensor: its shape and its values, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Sizes of the axes, slowest first.
    pub shape: Vec<usize>,
    /// As many values as the product of `shape`.
    pub values: Vec<f32>,
}

/// Tensors by name, in the order of their names.
pub type NamedTensors = BTreeMap<String, NamedTensor>;

/// Number format of stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
}

/// A tensor as it goes into a file: raw bytes with their type and shape.
pub struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    /// A tensor of floats in the given precision.
    pub fn floats(tensor: &NamedTensor, precision: Precision) -> Self {
        let (dtype, bytes) = match precision {
            Precision::F32 => (
                Dtype::F32,
                tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ),
            Precision::F16 => (
                Dtype::F16,
                tensor
                    .values
                    .iter()
                    .flat_map(|&v| f16::from_f32(v).to_le_bytes())
                    .collect(),
            ),
        };
        Self {
            dtype,
            shape: tensor.shape.clone(),
            bytes,
        }
    }

    /// Opaque bytes.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self {
            dtype: Dtype::U8,
            shape: vec![bytes.len()],
            bytes,
        }
    }
}

/// Serialises tensors and text metadata as one `.safetensors` file's bytes. The same input
/// gives the same bytes.
///
/// # Errors
/// As text, if the format refuses a tensor.
pub fn serialize(
    tensors: &BTreeMap<String, Stored>,
    metadata_key: &str,
    metadata: String,
) -> std::result::Result<Vec<u8>, String> {
    let views = tensors
        .iter()
        .map(|(name, t)| Ok((name, TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|e| e.to_string())?;
    // One entry only: the crate keeps metadata in a hash map, whose order is not fixed.
    let metadata = HashMap::from([(metadata_key.to_owned(), metadata)]);
    safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())
}

/// An open `.safetensors` file whose header has been read and checked.
pub struct TensorFile {
    path: PathBuf,
    file: File,
    data_start: u64,
    header: Metadata,
}

impl TensorFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// A sentence that says what is wrong: not a `.safetensors` file, truncated, a header past
    /// [`MAX_HEADER`], sizes that do not add up to the file's length. The caller wraps it with
    /// what kind of file it expected.
    pub fn open(path: &Path) -> Result<std::result::Result<Self, String>> {
        let mut file = File::open(path).map_err(Error::io("open", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        let mut prefix = [0; 8];
        if length < 8 {
            return Ok(Err(format!(
                "it is only {length} bytes long: the file is truncated or empty"
            )));
        }
        file.read_exact(&mut prefix)
            .map_err(Error::io("read", path))?;
        let header_length = u64::from_le_bytes(prefix);
        if header_length > MAX_HEADER {
            return Ok(Err(format!(
                "its header claims {header_length} bytes, past the limit of {MAX_HEADER}: it is \
                 not a .safetensors file, or a damaged one"
            )));
        }
        if 8 + header_length > length {
            return Ok(Err(
                "it ends inside its header: the file is truncated; copy it again".to_owned(),
            ));
        }
        let mut head = Vec::new();
        (&mut file)
            .take(header_length)
            .read_to_end(&mut head)
            .map_err(Error::io("read", path))?;
        // Parsing checks that shapes, types and offsets fit together.
        let header: Metadata = match serde_json::from_slice(&head) {
            Ok(header) => header,
            Err(e) => {
                return Ok(Err(format!("its header is not valid safetensors: {e}")));
            }
        };
        let data_start = 8 + header_length;
        let expected = data_start + header.data_len() as u64;
        if expected != length {
            return Ok(Err(format!(
                "it is {length} bytes long where its header says {expected}: the file is \
                 truncated or damaged; copy it again"
            )));
        }
        Ok(Ok(Self {
            path: path.to_owned(),
            file,
            data_start,
            header,
        }))
    }

    /// A text of the header's metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.header
            .metadata()
            .as_ref()?
            .get(key)
            .map(String::as_str)
    }

    /// Every tensor's name and shape.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.header
            .tensors()
            .into_iter()
            .map(|(name, info)| (name, info.shape.clone()))
            .collect()
    }

    /// Reads one tensor's bytes as they are stored.
    fn read_raw(
        &mut self,
        name: &str,
    ) -> Result<std::result::Result<(Dtype, Vec<usize>, Vec<u8>), String>> {
        let Some(info) = self.header.info(name) else {
            return Ok(Err(format!("it lacks the tensor '{name}'")));
        };
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        self.file
            .seek(SeekFrom::Start(self.data_start + start as u64))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(Error::io("read", &self.path))?;
        Ok(Ok((info.dtype, info.shape.clone(), bytes)))
    }

    /// Reads a tensor stored by [`Stored::bytes`].
    ///
    /// # Errors
    /// The inner error says which tensor is missing or of another type.
    pub fn read_bytes(&mut self, name: &str) -> Result<std::result::Result<Vec<u8>, String>> {
        Ok(self.read_raw(name)?.and_then(|(dtype, _, bytes)| {
            if dtype == Dtype::U8 {
                Ok(bytes)
            } else {
                Err(format!("its tensor '{name}' is not made of bytes"))
            }
        }))
    }

    /// Reads a float tensor of any precision as 32-bit floats.
    ///
    /// # Errors
    /// The inner error says which tensor is missing, not of floats, or has values that are
    /// not finite.
    pub fn read(&mut self, name: &str) -> Result<std::result::Result<NamedTensor, String>> {
        let raw = self.read_raw(name)?;
        Ok(raw.and_then(|(dtype, shape, bytes)| {
            let values: Vec<f32> = match dtype {
                Dtype::F32 => floats(&bytes, f32::from_le_bytes),
                Dtype::F64 => floats(&bytes, |b| f64::from_le_bytes(b) as f32),
                Dtype::F16 => floats(&bytes, |b| f16::from_le_bytes(b).to_f32()),
                Dtype::BF16 => floats(&bytes, |b| bf16::from_le_bytes(b).to_f32()),
                other => return Err(format!("its tensor '{name}' is {other:?}, not floats")),
            };
            check_finite(name, &values)?;
            Ok(NamedTensor { shape, values })
        }))
    }
}

fn floats<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|c| value(*c)).collect()
}

/// Refuses NaN and infinities, which would silently spread to every score.
///
/// # Errors
/// A sentence that names the tensor.
pub fn check_finite(name: &str, values: &[f32]) -> std::result::Result<(), String> {
    match values.iter().find(|v| !v.is_finite()) {
        Some(value) => Err(format!(
            "its tensor '{name}' holds {value}: the file is damaged or its training diverged"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> BTreeMap<String, Stored> {
        let tensor = NamedTensor {
            shape: vec![2, 3],
            values: vec![0.0, 1.0, -2.5, 3.0, 0.5, 1024.0],
        };
        BTreeMap::from([
            ("a".to_owned(), Stored::floats(&tensor, Precision::F32)),
            ("b".to_owned(), Stored::floats(&tensor, Precision::F16)),
            ("c".to_owned(), Stored::bytes(vec![1, 2, 3])),
        ])
    }

    fn open(bytes: &[u8]) -> std::result::Result<TensorFile, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        TensorFile::open(file.path()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = serialize(&sample(), "key", "text".to_owned()).unwrap();
        assert_eq!(
            bytes,
            serialize(&sample(), "key", "text".to_owned()).unwrap()
        );
        let mut file = open(&bytes).unwrap();
        assert_eq!(file.metadata("key"), Some("text"));
        assert_eq!(file.metadata("other"), None);
        let a = file.read("a").unwrap().unwrap();
        assert_eq!(a, file.read("b").unwrap().unwrap());
        assert_eq!(a.values[2], -2.5);
        assert_eq!(file.read_bytes("c").unwrap().unwrap(), [1, 2, 3]);
        assert!(file.read("d").unwrap().unwrap_err().contains("'d'"));
        assert!(file.read("c").unwrap().is_err());
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = serialize(&sample(), "key", "text".to_owned()).unwrap();
        for length in 0..bytes.len() {
            assert!(open(&bytes[..length]).is_err(), "{length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(open(&longer).is_err());
    }

    #[test]
    fn a_giant_header_is_refused_unread() {
        let mut bytes = (MAX_HEADER + 1).to_le_bytes().to_vec();
        bytes.extend_from_slice(b"{}");
        assert!(open(&bytes).err().unwrap().contains("limit"));
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(open(&bytes).is_err());
    }

    #[test]
    fn nan_is_refused() {
        let tensor = NamedTensor {
            shape: vec![1],
            values: vec![f32::NAN],
        };
        let tensors = BTreeMap::from([("x".to_owned(), Stored::floats(&tensor, Precision::F32))]);
        let mut file = open(&serialize(&tensors, "k", String::new()).unwrap()).unwrap();
        assert!(file.read("x").unwrap().unwrap_err().contains("NaN"));
    }
}

//! Named tensors in `.safetensors` files, read as hostile input: the header is capped and
//! checked against the file's length before anything is allocated for its contents.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorView};

use crate::error::{Error, ErrorKind, Result, Subject};

/// A header may take at most this many bytes: room for the records of half a million images.
pub const MAX_HEADER: u64 = 64 << 20;

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

/// A tensor of 8-bit numbers: its shape and its values, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedTensor {
    /// Sizes of the axes, slowest first.
    pub shape: Vec<usize>,
    /// As many values as the product of `shape`.
    pub values: Vec<i8>,
}

/// Tensors of 8-bit numbers by name, in the order of their names.
pub type PackedTensors = BTreeMap<String, PackedTensor>;

/// A tensor as it goes into a file: raw bytes with their type and shape.
pub struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    /// A tensor of 32-bit floats.
    pub fn floats(tensor: &NamedTensor) -> Self {
        Self {
            dtype: Dtype::F32,
            shape: tensor.shape.clone(),
            bytes: tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }

    /// A tensor of 16-bit floats, each the nearest.
    pub fn halves(tensor: &NamedTensor) -> Self {
        Self {
            dtype: Dtype::F16,
            shape: tensor.shape.clone(),
            bytes: (tensor.values.iter())
                .flat_map(|&v| f16::from_f32(v).to_le_bytes())
                .collect(),
        }
    }

    /// A tensor of 8-bit numbers.
    pub fn packed(tensor: &PackedTensor) -> Self {
        Self {
            dtype: Dtype::I8,
            shape: tensor.shape.clone(),
            bytes: tensor.values.iter().map(|&v| v as u8).collect(),
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
/// A tensor that the format refuses, or a header that would pass [`MAX_HEADER`].
pub fn serialize(
    tensors: &BTreeMap<String, Stored>,
    metadata_key: &str,
    metadata: String,
) -> Result<Vec<u8>> {
    let refused = |e: safetensors::SafeTensorError| Error::internal(e.to_string());
    let views = tensors
        .iter()
        .map(|(name, t)| Ok((name, TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(refused)?;
    // One entry only: the crate keeps metadata in a hash map, whose order is not fixed.
    let metadata = HashMap::from([(metadata_key.to_owned(), metadata)]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(refused)?;
    match bytes.first_chunk() {
        Some(&length) if u64::from_le_bytes(length) <= MAX_HEADER => Ok(bytes),
        _ => Err(Error::new(
            ErrorKind::TooLarge,
            Subject::Training,
            format!(
                "the file's header would pass the limit of {MAX_HEADER} bytes; train on fewer \
                 images"
            ),
        )),
    }
}

/// A file on the disk or in the program.
trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// An open `.safetensors` file whose header has been read and checked.
pub struct TensorFile {
    path: PathBuf,
    subject: Subject,
    file: Box<dyn Source + Send>,
    data_start: u64,
    header: Metadata,
}

impl TensorFile {
    /// Opens a file and reads its header; errors are about the subject.
    ///
    /// # Errors
    /// Not a `.safetensors` file, truncated, a header past [`MAX_HEADER`], sizes that do not add
    /// up to the file's length; a file that cannot be read.
    pub fn open(path: &Path, subject: Subject) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        Self::read_header(path, subject, Box::new(file), length)
    }

    /// A file whose bytes are in memory; errors call it `path`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_bytes(
        path: &Path,
        subject: Subject,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Self> {
        let length = bytes.as_ref().len() as u64;
        Self::read_header(path, subject, Box::new(Cursor::new(bytes)), length)
    }

    fn read_header(
        path: &Path,
        subject: Subject,
        mut file: Box<dyn Source + Send>,
        length: u64,
    ) -> Result<Self> {
        let fail = |kind, reason: String| Error::at(kind, subject.clone(), path, reason);
        let mut prefix = [0; 8];
        if length < 8 {
            return Err(fail(
                ErrorKind::Damaged,
                format!("it is only {length} bytes long: the file is truncated or empty"),
            ));
        }
        file.read_exact(&mut prefix)
            .map_err(Error::io("read", path))?;
        let header_length = u64::from_le_bytes(prefix);
        if header_length > MAX_HEADER {
            return Err(fail(
                ErrorKind::Invalid,
                format!(
                    "it is not a .safetensors file, or a damaged one (its header would pass the limit \
                     of {MAX_HEADER} bytes)"
                ),
            ));
        }
        if 8 + header_length > length {
            return Err(fail(
                ErrorKind::Damaged,
                "it ends inside its header: the file is truncated; copy it again".to_owned(),
            ));
        }
        let mut head = Vec::new();
        (&mut file)
            .take(header_length)
            .read_to_end(&mut head)
            .map_err(Error::io("read", path))?;
        // Parsing checks that shapes, types and offsets fit together.
        let header: Metadata = serde_json::from_slice(&head).map_err(|e| {
            let reason = format!("its header is damaged: copy it again, or make it anew ({e})");
            fail(ErrorKind::Damaged, reason)
        })?;
        let data_start = 8 + header_length;
        let expected = data_start.saturating_add(header.data_len() as u64);
        if expected != length {
            return Err(fail(
                ErrorKind::Damaged,
                format!(
                    "it is {length} bytes long where its header says {expected}: the file is \
                     truncated or damaged; copy it again"
                ),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            subject,
            file,
            data_start,
            header,
        })
    }

    /// An error about this file.
    pub fn error(&self, kind: ErrorKind, reason: impl Into<String>) -> Error {
        Error::at(kind, self.subject.clone(), &self.path, reason)
    }

    /// A text of the header's metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.header
            .metadata()
            .as_ref()?
            .get(key)
            .map(String::as_str)
    }

    /// Whether the header's metadata has any of these keys.
    pub fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.metadata(key).is_some())
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
    ///
    /// # Errors
    /// A tensor that is missing, or a file that cannot be read.
    pub fn read_stored(&mut self, name: &str) -> Result<Stored> {
        let Some(info) = self.header.info(name) else {
            return Err(self.error(ErrorKind::Invalid, format!("it lacks the tensor '{name}'")));
        };
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        self.file
            .seek(SeekFrom::Start(self.data_start + start as u64))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(Error::io("read", &self.path))?;
        Ok(Stored {
            dtype: info.dtype,
            shape: info.shape.clone(),
            bytes,
        })
    }

    /// Reads a float tensor of any precision as 32-bit floats.
    ///
    /// # Errors
    /// A tensor that is missing, not of floats, or has values that are not finite, or a file
    /// that cannot be read.
    pub fn read(&mut self, name: &str) -> Result<NamedTensor> {
        let stored = self.read_stored(name)?;
        stored
            .values(name)
            .map_err(|error| self.error(error.kind(), error.reason()))
    }
}

impl Stored {
    /// The type, shape and bytes of a tensor, as a hash takes them.
    pub fn hash_into(&self, name: &str, hash: &mut impl sha2::Digest) {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(format!("{:?}", self.dtype).as_bytes());
        hash.update((self.shape.len() as u64).to_le_bytes());
        for &axis in &self.shape {
            hash.update((axis as u64).to_le_bytes());
        }
        hash.update(&self.bytes);
    }

    /// The raw bytes of a tensor stored by [`Stored::bytes`]; None of any other.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        (self.dtype == Dtype::U8).then_some(self.bytes)
    }

    /// A tensor stored by [`Stored::packed`]; None of any other.
    pub fn to_packed(&self) -> Option<PackedTensor> {
        (self.dtype == Dtype::I8).then(|| PackedTensor {
            shape: self.shape.clone(),
            values: self.bytes.iter().map(|&v| v as i8).collect(),
        })
    }

    /// The values of a float tensor of any precision; errors call it `name`.
    ///
    /// # Errors
    /// A tensor that is not of floats, or has values that are not finite.
    pub fn values(&self, name: &str) -> Result<NamedTensor> {
        let bytes = &self.bytes;
        let values: Vec<f32> = match self.dtype {
            Dtype::F32 => floats(bytes, f32::from_le_bytes),
            Dtype::F64 => floats(bytes, |b| f64::from_le_bytes(b) as f32),
            Dtype::F16 => floats(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Dtype::BF16 => floats(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            other => {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    Subject::Weights,
                    format!("its tensor '{name}' is {other:?}, not floats"),
                ));
            }
        };
        check_finite(name, &values)?;
        Ok(NamedTensor {
            shape: self.shape.clone(),
            values,
        })
    }
}

/// Little-endian numbers of `N` bytes as 32-bit floats.
pub(crate) fn floats<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|c| value(*c)).collect()
}

/// Refuses NaN and infinities, which would silently spread to every score.
///
/// # Errors
/// The tensor's name and the value.
pub fn check_finite(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().find(|v| !v.is_finite()) {
        Some(value) => Err(Error::new(
            ErrorKind::Damaged,
            Subject::Weights,
            format!(
                "its tensor '{name}' holds {value}: the file is damaged or its training diverged"
            ),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;

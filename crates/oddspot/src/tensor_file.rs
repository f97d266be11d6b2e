//! Named tensors in `.safetensors` files, read as hostile input: the header is capped and
//! checked against the file's length before anything is allocated for its contents.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorView};
use serde::Deserialize;

use crate::error::{Error, Result};

/// A header may take at most this many bytes: room for the records of half a million images.
pub const MAX_HEADER: u64 = 64 << 20;

/// Version of the file format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 3;
/// Metadata key of a model.
pub const MODEL_KEY: &str = "oddspot.model";
/// Metadata key of a checkpoint.
pub const CHECKPOINT_KEY: &str = "oddspot.checkpoint";

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
/// A sentence, if the format refuses a tensor or the header would pass [`MAX_HEADER`].
pub fn serialize(
    tensors: &BTreeMap<String, Stored>,
    metadata_key: &str,
    metadata: String,
) -> Result<Vec<u8>, String> {
    let views = tensors
        .iter()
        .map(|(name, t)| Ok((name, TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|e| e.to_string())?;
    // One entry only: the crate keeps metadata in a hash map, whose order is not fixed.
    let metadata = HashMap::from([(metadata_key.to_owned(), metadata)]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())?;
    match bytes.first_chunk() {
        Some(&length) if u64::from_le_bytes(length) <= MAX_HEADER => Ok(bytes),
        _ => Err(format!(
            "its header would pass the limit of {MAX_HEADER} bytes; train on fewer images"
        )),
    }
}

/// Why a tensor file cannot be used: the system refused, or its contents are at fault.
#[derive(Debug)]
pub enum TensorFileError {
    /// The operating system refused to open or read it.
    System(Error),
    /// What is wrong with its contents, as a sentence about "it".
    Contents(String),
}

impl TensorFileError {
    /// The library's error, contents wrapped with what kind of file was expected.
    pub fn explain(self, wrap: impl FnOnce(String) -> Error) -> Error {
        match self {
            Self::System(error) => error,
            Self::Contents(reason) => wrap(reason),
        }
    }
}

impl From<Error> for TensorFileError {
    fn from(error: Error) -> Self {
        Self::System(error)
    }
}

impl From<String> for TensorFileError {
    fn from(reason: String) -> Self {
        Self::Contents(reason)
    }
}

/// A file on the disk or in the program.
trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// An open `.safetensors` file whose header has been read and checked.
pub struct TensorFile {
    path: PathBuf,
    file: Box<dyn Source + Send>,
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
    pub fn open(path: &Path) -> Result<Self, TensorFileError> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        Self::read_header(path, Box::new(file), length)
    }

    /// A file whose bytes the program holds; errors call it `path`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn of_bytes(path: &Path, bytes: &'static [u8]) -> Result<Self, TensorFileError> {
        Self::read_header(path, Box::new(Cursor::new(bytes)), bytes.len() as u64)
    }

    fn read_header(
        path: &Path,
        mut file: Box<dyn Source + Send>,
        length: u64,
    ) -> Result<Self, TensorFileError> {
        let mut prefix = [0; 8];
        if length < 8 {
            return Err(TensorFileError::Contents(format!(
                "it is only {length} bytes long: the file is truncated or empty"
            )));
        }
        file.read_exact(&mut prefix)
            .map_err(Error::io("read", path))?;
        let header_length = u64::from_le_bytes(prefix);
        if header_length > MAX_HEADER {
            return Err(TensorFileError::Contents(format!(
                "it is not a .safetensors file, or a damaged one: read as one, its header would \
                 have {header_length} bytes, past the limit of {MAX_HEADER}"
            )));
        }
        if 8 + header_length > length {
            return Err(TensorFileError::Contents(
                "it ends inside its header: the file is truncated; copy it again".to_owned(),
            ));
        }
        let mut head = Vec::new();
        (&mut file)
            .take(header_length)
            .read_to_end(&mut head)
            .map_err(Error::io("read", path))?;
        // Parsing checks that shapes, types and offsets fit together.
        let header: Metadata = serde_json::from_slice(&head)
            .map_err(|e| format!("its header is not valid safetensors: {e}"))?;
        let data_start = 8 + header_length;
        let expected = data_start + header.data_len() as u64;
        if expected != length {
            return Err(TensorFileError::Contents(format!(
                "it is {length} bytes long where its header says {expected}: the file is \
                 truncated or damaged; copy it again"
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            data_start,
            header,
        })
    }

    /// A text of the header's metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.header
            .metadata()
            .as_ref()?
            .get(key)
            .map(String::as_str)
    }

    /// Whether it is a model or checkpoint of oddspot.
    pub fn is_model(&self) -> bool {
        [MODEL_KEY, CHECKPOINT_KEY]
            .iter()
            .any(|key| self.metadata(key).is_some())
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
    fn read_raw(&mut self, name: &str) -> Result<Stored, TensorFileError> {
        let info = self
            .header
            .info(name)
            .ok_or_else(|| format!("it lacks the tensor '{name}'"))?;
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

    /// Reads a tensor stored by [`Stored::bytes`].
    ///
    /// # Errors
    /// A tensor that is missing or of another type, or a file that cannot be read.
    pub fn read_bytes(&mut self, name: &str) -> Result<Vec<u8>, TensorFileError> {
        let stored = self.read_raw(name)?;
        if stored.dtype == Dtype::U8 {
            Ok(stored.bytes)
        } else {
            Err(format!("its tensor '{name}' is not made of bytes").into())
        }
    }

    /// Reads a float tensor of any precision as 32-bit floats.
    ///
    /// # Errors
    /// A tensor that is missing, not of floats, or has values that are not finite, or a file
    /// that cannot be read.
    pub fn read(&mut self, name: &str) -> Result<NamedTensor, TensorFileError> {
        let Stored {
            dtype,
            shape,
            bytes,
        } = self.read_raw(name)?;
        let values: Vec<f32> = match dtype {
            Dtype::F32 => floats(&bytes, f32::from_le_bytes),
            Dtype::F64 => floats(&bytes, |b| f64::from_le_bytes(b) as f32),
            Dtype::F16 => floats(&bytes, |b| f16::from_le_bytes(b).to_f32()),
            Dtype::BF16 => floats(&bytes, |b| bf16::from_le_bytes(b).to_f32()),
            other => return Err(format!("its tensor '{name}' is {other:?}, not floats").into()),
        };
        check_finite(name, &values)?;
        Ok(NamedTensor { shape, values })
    }
}

/// Refuses a header of a newer format before the rest of it is understood.
pub(crate) fn check_format(text: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version =
        serde_json::from_str(text).map_err(|e| format!("its header does not parse: {e}"))?;
    if version.format > FORMAT {
        return Err(format!(
            "it is of format {}, and this oddspot ({}) reads up to {FORMAT}: install a newer \
             oddspot",
            version.format,
            env!("CARGO_PKG_VERSION")
        ));
    }
    Ok(())
}

/// Little-endian numbers of `N` bytes as 32-bit floats.
pub(crate) fn floats<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|c| value(*c)).collect()
}

/// Refuses NaN and infinities, which would silently spread to every score.
///
/// # Errors
/// A sentence that names the tensor.
pub fn check_finite(name: &str, values: &[f32]) -> Result<(), String> {
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
            ("a".to_owned(), Stored::floats(&tensor)),
            ("b".to_owned(), Stored::halves(&tensor)),
            ("c".to_owned(), Stored::bytes(vec![1, 2, 3])),
        ])
    }

    fn open(bytes: &[u8]) -> Result<TensorFile, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        TensorFile::open(file.path()).map_err(reason)
    }

    fn reason(error: TensorFileError) -> String {
        match error {
            TensorFileError::System(error) => panic!("{error}"),
            TensorFileError::Contents(reason) => reason,
        }
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
        let a = file.read("a").unwrap();
        assert_eq!(a, file.read("b").unwrap());
        assert_eq!(a.values[2], -2.5);
        assert_eq!(file.read_bytes("c").unwrap(), [1, 2, 3]);
        assert!(reason(file.read("d").unwrap_err()).contains("'d'"));
        assert!(file.read("c").is_err());
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
    fn a_header_that_could_not_be_read_again_is_not_written() {
        let text = "x".repeat(MAX_HEADER as usize);
        assert!(
            serialize(&sample(), "key", text)
                .unwrap_err()
                .contains("limit")
        );
    }

    #[test]
    fn nan_is_refused() {
        let tensor = NamedTensor {
            shape: vec![1],
            values: vec![f32::NAN],
        };
        let tensors = BTreeMap::from([("x".to_owned(), Stored::floats(&tensor))]);
        let mut file = open(&serialize(&tensors, "k", String::new()).unwrap()).unwrap();
        assert!(reason(file.read("x").unwrap_err()).contains("NaN"));
    }
}

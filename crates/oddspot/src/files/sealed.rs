//! Files of tensors under a seal: a SHA-256 over the header and every tensor, so that no bit of one
//! can change unnoticed.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::digest::hex;
use super::tensor_file::{NamedTensors, PackedTensors, Stored, TensorFile, serialize};
use crate::error::{Error, ErrorKind, Result};

/// The one text of a sealed file's metadata.
#[derive(Serialize, Deserialize)]
struct Seal<'a> {
    /// Version of the file's format.
    format: u32,
    /// Over the header's text and all tensors, as hexadecimal digits.
    sha256: String,
    #[serde(borrow)]
    header: &'a RawValue,
}

/// Just the version, whatever else a format had.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The bytes of a sealed file. The same input gives the same bytes.
///
/// # Errors
/// A header that cannot be written, or would be too long.
pub fn seal(
    key: &str,
    format: u32,
    header: &impl Serialize,
    tensors: &BTreeMap<String, Stored>,
) -> Result<Vec<u8>> {
    let internal = |e: serde_json::Error| Error::internal(e.to_string());
    let header = serde_json::value::to_raw_value(header).map_err(internal)?;
    let mut hash = start(&header);
    for (name, tensor) in tensors {
        tensor.hash_into(name, &mut hash);
    }
    let seal = Seal {
        format,
        sha256: hex(&hash.finalize()),
        header: &header,
    };
    serialize(
        tensors,
        key,
        serde_json::to_string(&seal).map_err(internal)?,
    )
}

fn start(header: &RawValue) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update((header.get().len() as u64).to_le_bytes());
    hash.update(header.get());
    hash
}

/// What a sealed file holds.
#[derive(Debug, PartialEq)]
pub struct Opened<H> {
    /// Its header.
    pub header: H,
    /// Its tensors of floats.
    pub tensors: NamedTensors,
    /// Its tensors of 8-bit numbers.
    pub packed: PackedTensors,
    /// Its raw bytes, by name.
    pub raw: BTreeMap<String, Vec<u8>>,
}

/// A sealed file's header, of which it is not known yet whether the seal holds.
pub struct Sealed<H> {
    /// The header.
    pub header: H,
    sha256: String,
    hash: Sha256,
}

impl<H: DeserializeOwned> Sealed<H> {
    /// Reads the header of a file that has one under `key`.
    ///
    /// # Errors
    /// Another version of the format, or a header that does not parse.
    pub fn read(file: &TensorFile, key: &str, format: u32) -> Result<Self> {
        let text = file.metadata(key).unwrap_or_default();
        let parse = |e: serde_json::Error| {
            let reason = format!("its header is damaged: copy it again, or make it anew ({e})");
            file.error(ErrorKind::Damaged, reason)
        };
        let version: Version = serde_json::from_str(text).map_err(parse)?;
        if version.format != format {
            let what = match version.format > format {
                true => "a newer version of this program wrote it",
                false => "it was written before this version; train it anew",
            };
            let version = version.format;
            return Err(file.error(
                ErrorKind::Mismatch,
                format!("it is of format {version}, and this program reads {format}: {what}"),
            ));
        }
        let seal: Seal = serde_json::from_str(text).map_err(parse)?;
        Ok(Self {
            header: serde_json::from_str(seal.header.get()).map_err(parse)?,
            hash: start(seal.header),
            sha256: seal.sha256,
        })
    }

    /// Reads every tensor and holds all that was read against the seal. Tensors of 8-bit numbers come
    /// apart, and so do those of raw bytes, by their names in `bytes`.
    ///
    /// # Errors
    /// A file that cannot be read, or is not as it was written.
    pub fn open(mut self, file: &mut TensorFile, bytes: &[&str]) -> Result<Opened<H>> {
        let mut tensors = NamedTensors::new();
        let mut packed = PackedTensors::new();
        let mut raw = BTreeMap::new();
        for name in file.shapes().into_keys() {
            let stored = file.read_stored(&name)?;
            stored.hash_into(&name, &mut self.hash);
            if bytes.contains(&name.as_str()) {
                raw.insert(name, stored.into_bytes().unwrap_or_default());
            } else if let Some(tensor) = stored.to_packed() {
                packed.insert(name, tensor);
            } else {
                let tensor = stored.values(&name);
                let tensor = tensor.map_err(|e| file.error(e.kind(), e.reason()))?;
                tensors.insert(name, tensor);
            }
        }
        if hex(&self.hash.finalize()) != self.sha256 {
            return Err(file.error(
                ErrorKind::Damaged,
                "its contents are not those that were written (their SHA-256 is another): copy it \
                 again, or make it anew",
            ));
        }
        Ok(Opened {
            header: self.header,
            tensors,
            packed,
            raw,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::error::Subject;
    use crate::files::{NamedTensor, PackedTensor};

    const KEY: &str = "key";

    fn sample() -> Vec<u8> {
        let tensor = NamedTensor {
            shape: vec![2, 2],
            values: vec![1.0, -2.0, 0.25, 3.0],
        };
        let tensors = BTreeMap::from([
            ("a".to_owned(), Stored::floats(&tensor)),
            ("rows".to_owned(), Stored::packed(&rows())),
            ("state".to_owned(), Stored::bytes(vec![1, 2, 3])),
        ]);
        seal(KEY, 4, &("text", 0.1), &tensors).unwrap()
    }

    fn rows() -> PackedTensor {
        PackedTensor {
            shape: vec![3],
            values: vec![-128, 0, 127],
        }
    }

    fn open(bytes: Vec<u8>) -> Result<Opened<(String, f64)>> {
        let mut file = TensorFile::of_bytes(Path::new("x"), Subject::Model, bytes)?;
        Sealed::read(&file, KEY, 4)?.open(&mut file, &["state"])
    }

    #[test]
    fn what_is_sealed_is_read_back() {
        let found = open(sample()).unwrap();
        assert_eq!(found.header, ("text".to_owned(), 0.1));
        assert_eq!(found.tensors["a"].values, [1.0, -2.0, 0.25, 3.0]);
        assert_eq!(found.packed["rows"], rows());
        assert_eq!(found.raw["state"], [1, 2, 3]);
    }

    #[test]
    fn every_bit_is_under_the_seal() {
        let whole = sample();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                // Spaces around the metadata say nothing; everything else is refused.
                if let Ok(found) = open(bytes) {
                    let same = open(whole.clone()).unwrap();
                    assert_eq!(found, same, "byte {at}, bit {bit}");
                }
            }
        }
    }

    #[test]
    fn other_versions_are_refused_in_one_sentence() {
        let tensors = BTreeMap::new();
        for (format, word) in [(3, "before"), (5, "newer")] {
            let bytes = seal(KEY, format, &("", 0.0), &tensors).unwrap();
            let error = open(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert!(error.reason().contains(word), "{error}");
        }
    }
}

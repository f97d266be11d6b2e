//! Tensor files, whole and damaged.

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

fn open(bytes: &[u8]) -> Result<TensorFile> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    TensorFile::open(file.path(), Subject::Model)
}

fn reason(error: Error) -> String {
    error.reason().to_owned()
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
    assert_eq!(
        file.read_stored("c").unwrap().into_bytes().unwrap(),
        [1, 2, 3]
    );
    assert!(file.read_stored("a").unwrap().into_bytes().is_none());
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
    assert!(open(&bytes).err().unwrap().reason().contains("limit"));
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(open(&bytes).is_err());
}

#[test]
fn a_header_that_could_not_be_read_again_is_not_written() {
    let text = "x".repeat(MAX_HEADER as usize);
    assert!(
        serialize(&sample(), "key", text)
            .unwrap_err()
            .reason()
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

//! What a data set consists of, as one hash: whether measures are of the same images.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Dataset, Label, Sample};
use crate::error::{Error, Result};
use crate::files::digest::hex;

impl Dataset {
    /// SHA-256 over the paths (from the data set's folder), sizes, labels and parts of all images
    /// and masks. Contents are not read: an image that was replaced by another of equally many
    /// bytes is not noticed.
    ///
    /// # Errors
    /// A file that is gone.
    pub fn contents(&self) -> Result<String> {
        let mut hasher = Sha256::new();
        let parts = [
            ("train", &self.train),
            ("held out", &self.held_out),
            ("test", &self.test),
        ];
        for (part, samples) in parts {
            for sample in samples {
                let label = match &sample.label {
                    Label::Good => "good",
                    Label::Defect(name) => name,
                };
                hasher.update(format!("{part}\0{label}\0"));
                let Sample { image, masks, .. } = sample;
                for file in std::iter::once(image).chain(masks) {
                    hasher.update(self.entry(file)?);
                }
            }
        }
        Ok(hex(&hasher.finalize()))
    }

    fn entry(&self, file: &Path) -> Result<String> {
        let size = std::fs::metadata(file)
            .map_err(Error::io("read", file))?
            .len();
        let name = file.strip_prefix(&self.root).unwrap_or(file);
        let name = name.to_string_lossy().replace('\\', "/");
        Ok(format!("{name}\0{size}\0"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn a_file_more_or_of_another_size_makes_it_another_data_set() {
        let root = tree(&[
            "train/good/0.png",
            "test/cut/0.png",
            "ground_truth/cut/0.png",
        ]);
        let contents = || Dataset::open(root.path()).unwrap().contents().unwrap();
        let first = contents();
        assert_eq!(first, contents());
        std::fs::write(root.path().join("ground_truth/cut/0.png"), "x").unwrap();
        let second = contents();
        assert_ne!(first, second);
        std::fs::write(root.path().join("train/good/1.png"), "").unwrap();
        assert_ne!(second, contents());
    }
}

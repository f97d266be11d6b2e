//! The ImageNet weights that torchvision offers.

use oddspot::net::teachers::{Architecture, RESNET18, SQUEEZENET, VGG16, WIDE_RESNET50_2};

/// A file of weights.
#[derive(Debug)]
pub struct Source {
    /// Its network, as torchvision calls it.
    pub name: &'static str,
    /// The same as a teacher.
    pub architecture: &'static Architecture,
    /// The file's name.
    pub file: &'static str,
    /// The beginning of its SHA-256, as torchvision has it in the file's name, or all of it.
    pub sha256: &'static str,
}

/// All of them that are of known architectures.
pub static SOURCES: [Source; 4] = [
    Source {
        name: "vgg16",
        architecture: &VGG16,
        file: "vgg16-397923af.pth",
        sha256: "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    },
    Source {
        name: "squeezenet1_0",
        architecture: &SQUEEZENET,
        file: "squeezenet1_0-b66bff10.pth",
        sha256: "b66bff10",
    },
    Source {
        name: "resnet18",
        architecture: &RESNET18,
        file: "resnet18-f37072fd.pth",
        sha256: "f37072fd",
    },
    Source {
        name: "wide_resnet50_2",
        architecture: &WIDE_RESNET50_2,
        file: "wide_resnet50_2-95faca4d.pth",
        sha256: "95faca4d",
    },
];

impl Source {
    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SOURCES.iter().find(|source| source.name == name)
    }

    /// Where torchvision has it.
    pub fn url(&self) -> String {
        format!("https://download.pytorch.org/models/{}", self.file)
    }

    /// How to come by it, as the beginning of a sentence.
    pub fn way(&self) -> String {
        let (file, import) = (self.file, self.import());
        let bring = format!("bring torchvision's {file} and run `{import}`");
        match cfg!(feature = "fetch") {
            true => format!("run `oddspot teacher fetch {}`, or {bring}", self.name),
            false => bring,
        }
    }

    /// The command that imports it from a file under its name.
    pub fn import(&self) -> String {
        let file = self.file;
        match self.architecture.name == self.name {
            true => format!("oddspot teacher import {file}"),
            false => format!("oddspot teacher import {file} --name {}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use oddspot::net::teachers::ARCHITECTURES;

    use super::*;

    #[test]
    fn every_architecture_has_a_source_and_every_hash_is_in_the_files_name() {
        for architecture in ARCHITECTURES {
            assert!(
                SOURCES
                    .iter()
                    .any(|source| source.architecture == architecture)
            );
        }
        for source in &SOURCES {
            let begins = source.sha256.get(..8).unwrap();
            assert_eq!(source.file, format!("{}-{begins}.pth", source.name));
        }
    }
}

//! Where named teachers live: the built-in and the random one in the program, imported ones in
//! the user's cache directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;

use super::{Architecture, TeacherIdentity, TeacherWeights, hash, import, vgg};
use crate::atomic;
use crate::error::{Error, Result};
use crate::network::{Conv3x3, Parameters, named_tensors};
use crate::tensor_file::{NamedTensors, Stored, serialize};

/// Name of the teacher that the program brings along: VGG16's shape with 16, 32, 96 and
/// 192 channels, pretrained on images that formulas make (`docs/builtin-teacher.md`).
pub const BUILTIN: &str = "builtin";

/// Name of the built-in teacher's network with He weights of a fixed seed. It has seen nothing:
/// `e_rec` says little with it, `e_pos` hardly suffers. For comparison.
pub const RANDOM: &str = "random";

/// Teachers that need no file.
pub const IN_THE_PROGRAM: [&str; 2] = [BUILTIN, RANDOM];

/// Channels of the four stages of the teachers in the program.
const WIDTHS: [usize; 4] = [16, 32, 96, 192];

/// As `oddspot pretrain` wrote it.
const BUILTIN_FILE: &[u8] = include_bytes!("../../weights/builtin.safetensors");

/// torchvision's file of VGG16 weights.
pub const VGG16_FILE: &str = "vgg16-397923af.pth";

/// torchvision's file of SqueezeNet 1.0 weights.
pub const SQUEEZENET_FILE: &str = "squeezenet1_0-b66bff10.pth";

/// A folder of imported teachers, one `<name>.safetensors` each.
#[derive(Clone, Debug)]
pub struct Library {
    folder: PathBuf,
}

impl Library {
    /// The library in a folder, which need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Names of the imported teachers, sorted, with their files.
    ///
    /// # Errors
    /// A folder that exists but cannot be read.
    pub fn list(&self) -> Result<Vec<(String, PathBuf)>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))?;
        let mut found: Vec<(String, PathBuf)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_stem()?.to_str()?.to_owned();
                (path.extension()? == "safetensors").then_some((name, path))
            })
            .collect();
        found.sort();
        Ok(found)
    }

    /// Weights and identity of a teacher asked for by name or by the path of a weights file.
    ///
    /// # Errors
    /// [`Error::TeacherMissing`] for a name that is not installed; an unusable file.
    pub fn find(&self, name: &str) -> Result<(TeacherWeights, TeacherIdentity)> {
        let (weights, name) = if name == BUILTIN {
            (
                import::parse_weights(BUILTIN, BUILTIN_FILE)?,
                BUILTIN.to_owned(),
            )
        } else if name == RANDOM {
            (random()?, RANDOM.to_owned())
        } else if looks_like_path(name) {
            let path = Path::new(name);
            let file = path
                .file_name()
                .map_or(name.into(), |f| f.to_string_lossy());
            (import::read_weights(path)?, file.into_owned())
        } else {
            let path = self.path_of(name);
            if !path.exists() {
                return Err(self.missing(name));
            }
            (import::read_weights(&path)?, name.to_owned())
        };
        let identity = TeacherIdentity {
            name,
            architecture: weights.architecture,
            sha256: hash(&weights.tensors),
        };
        Ok((weights, identity))
    }

    /// The weights that a model saved without them was trained with: the imported teacher of
    /// the same SHA-256 under whatever name, or else the teacher as it was asked for then.
    ///
    /// # Errors
    /// [`Error::TeacherMissing`] where neither is the one.
    pub fn find_identical(
        &self,
        identity: &TeacherIdentity,
        asked_for: &str,
    ) -> Result<NamedTensors> {
        let imported = self.list()?.into_iter().map(|(name, _)| name);
        for name in imported.chain([asked_for.to_owned()]) {
            match self.find(&name) {
                Ok((weights, found)) if found.sha256 == identity.sha256 => {
                    return Ok(weights.tensors);
                }
                // An unusable file beside the right one is no reason to stop.
                _ => {}
            }
        }
        Err(self.missing(&identity.name))
    }

    /// Checks a weights file, converts it and puts it into the library under `name`, or under
    /// its architecture's name. Returns its identity and the file written.
    ///
    /// # Errors
    /// An unusable file, a name that cannot be a file's, or a folder that cannot be written.
    pub fn import(&self, file: &Path, name: Option<&str>) -> Result<(TeacherIdentity, PathBuf)> {
        let weights = import::read_weights(file)?;
        let name = name.map_or_else(|| weights.architecture.to_string(), str::to_owned);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let taken = IN_THE_PROGRAM.contains(&&*name);
        if name.is_empty() || taken || !name.chars().all(allowed) {
            return Err(Error::Config {
                field: "--name",
                option: None,
                reason: format!(
                    "'{name}': use letters, digits, '-' and '_', and not '{BUILTIN}' or \
                     '{RANDOM}', which are taken"
                ),
            });
        }
        std::fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        let path = self.path_of(&name);
        let stored: BTreeMap<String, Stored> = weights
            .tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), Stored::floats(tensor)))
            .collect();
        let bytes = serialize(&stored, "oddspot.teacher", weights.architecture.to_string())
            .map_err(|reason| Error::weights(&path, reason))?;
        atomic::write_bytes(&path, &bytes)?;
        let identity = TeacherIdentity {
            name,
            architecture: weights.architecture,
            sha256: hash(&weights.tensors),
        };
        Ok((identity, path))
    }

    /// A file for what is not a teacher yet, in the library's folder, which is made.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn scratch(&self, file: &str) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        Ok(self.folder.join(file))
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.safetensors"))
    }

    fn missing(&self, name: &str) -> Error {
        let brought = |file: &str, option: &str| {
            format!(
                "bring torchvision's {file} and run `oddspot teacher import {file}{option}`, or"
            )
        };
        let way = match name {
            "vgg16" => format!(
                "run `oddspot teacher fetch vgg16`, or {}",
                brought(VGG16_FILE, "")
            ),
            "squeezenet1_0" => format!(
                "run `oddspot teacher fetch squeezenet1_0`, or {}",
                brought(SQUEEZENET_FILE, " --name squeezenet1_0")
            ),
            "squeezenet" => brought(SQUEEZENET_FILE, ""),
            name => format!(
                "bring its .pth or .safetensors file and run `oddspot teacher import FILE --name \
                 {name}`, or"
            ),
        };
        Error::TeacherMissing {
            name: name.to_owned(),
            help: format!(
                "{way} give the path of a weights file, or use --teacher {BUILTIN} (looked in {})",
                self.folder.display()
            ),
        }
    }
}

fn looks_like_path(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

/// The built-in teacher's network with He weights from a fixed seed.
fn random() -> Result<TeacherWeights> {
    const SEED: u64 = 0;
    let device = Device::flex();
    let parameters = Parameters::he(SEED, &device);
    let mut tensors = NamedTensors::new();
    let mut channels = 3;
    for (stage, indices) in vgg::STAGES.iter().enumerate() {
        for index in *indices {
            let name = format!("features.{index}");
            let width = WIDTHS[stage];
            let conv: Conv3x3 = parameters
                .conv3x3(&name, channels, width)
                .map_err(|reason| Error::weights(RANDOM, reason))?;
            for (part, tensor) in named_tensors(&conv) {
                tensors.insert(format!("{name}.{part}"), tensor);
            }
            channels = width;
        }
    }
    Ok(TeacherWeights {
        architecture: Architecture::Vgg16,
        tensors,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> (TeacherWeights, TeacherIdentity) {
        Library::at("nowhere").find(name).unwrap()
    }

    /// Multiply-adds of an image's pixel, by the convolutions' shapes.
    fn cost(widths: [usize; 4]) -> f64 {
        let mut inputs = 3;
        let mut sum = 0.0;
        for (stage, (indices, outputs)) in vgg::STAGES.iter().zip(widths).enumerate() {
            for _ in *indices {
                sum += (9 * inputs * outputs) as f64 / f64::from(1 << (2 * stage));
                inputs = outputs;
            }
        }
        sum
    }

    #[test]
    fn the_builtin_teacher_is_small_cheap_and_not_the_random_one() {
        let (weights, identity) = find(BUILTIN);
        assert!(BUILTIN_FILE.len() <= 12_000_000, "{}", BUILTIN_FILE.len());
        assert_eq!(identity.name, BUILTIN);
        let outputs = |index: usize| weights.tensors[&format!("features.{index}.bias")].shape[0];
        let widths = [2, 7, 14, 21].map(outputs);
        assert_eq!(widths, WIDTHS);
        let share = cost(widths) / cost([64, 128, 256, 512]);
        assert!(share <= 0.25, "{share}");
        let (random, other) = find(RANDOM);
        assert_ne!(identity.sha256, other.sha256);
        let shapes = |weights: &TeacherWeights| -> Vec<_> {
            let tensors = weights.tensors.iter();
            tensors
                .map(|(name, tensor)| (name.clone(), tensor.shape.clone()))
                .collect()
        };
        assert_eq!(shapes(&weights), shapes(&random));
    }

    #[test]
    fn its_card_is_of_these_weights() {
        let card = include_str!("../../../../docs/builtin-teacher.md");
        let (_, identity) = find(BUILTIN);
        assert!(card.contains(&identity.sha256), "{}", identity.sha256);
    }
}

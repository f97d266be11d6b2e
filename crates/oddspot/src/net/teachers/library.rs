//! Where named teachers live: the built-in and the random one in the program, imported ones in
//! the user's cache directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Teacher, TeacherIdentity, VGG16, import, of_stages, vgg16};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::cache::cache_folder;
use crate::files::{Stored, atomic, serialize};
use crate::net::tensors::Layout;

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
const BUILTIN_FILE: &[u8] = include_bytes!("../../../weights/builtin.safetensors");

/// A folder of imported teachers, one `<name>.safetensors` each.
#[derive(Clone, Debug)]
pub struct Library {
    /// None where there are only the teachers in the program.
    folder: Option<PathBuf>,
}

impl Library {
    /// The library in a folder, which need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
        }
    }

    /// That of the user: `teachers` in the [folder](cache_folder) for what can be brought again; None where no home
    /// directory is known.
    pub fn of_user() -> Option<Self> {
        Some(Self::at(cache_folder()?.join("teachers")))
    }

    /// The teachers in the program, and those asked for by path.
    pub fn in_the_program() -> Self {
        Self { folder: None }
    }

    /// Names of the imported teachers, sorted, with their files.
    ///
    /// # Errors
    /// A folder that exists but cannot be read.
    pub fn list(&self) -> Result<Vec<(String, PathBuf)>> {
        let Some(folder) = self.folder.as_ref().filter(|folder| folder.exists()) else {
            return Ok(Vec::new());
        };
        let entries = std::fs::read_dir(folder).map_err(Error::io("read", folder))?;
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

    /// A teacher asked for by name or by the path of a weights file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a name that is not installed; an unusable file.
    pub fn find(&self, name: &str) -> Result<Teacher> {
        match name {
            BUILTIN => import::parse_weights(BUILTIN, BUILTIN_FILE),
            RANDOM => random(),
            path if looks_like_path(path) => {
                let path = Path::new(name);
                let file = path.file_name();
                let file = file.map_or(name.into(), |f| f.to_string_lossy());
                import::read_weights(path, &file)
            }
            name => {
                let path = self.path_of(name).filter(|path| path.exists());
                let path = path.ok_or_else(|| self.missing(name))?;
                import::read_weights(&path, name)
            }
        }
    }

    /// The teacher that a model saved without it was trained with: the imported one of the same
    /// SHA-256 under whatever name, or else the teacher as it was asked for then.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where neither is the one.
    pub fn find_identical(&self, identity: &TeacherIdentity, asked_for: &str) -> Result<Teacher> {
        let is_it = |found: &Teacher| found.identity.sha256 == identity.sha256;
        if IN_THE_PROGRAM.contains(&asked_for)
            && let Some(found) = self.find(asked_for).ok().filter(is_it)
        {
            return Ok(found);
        }
        for (name, _) in self.list()? {
            // An unusable file beside the right one is no reason to stop.
            if let Some(found) = self.find(&name).ok().filter(is_it) {
                return Ok(found);
            }
        }
        match self.find(asked_for) {
            Ok(found) if is_it(&found) => Ok(found),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Err(self.missing(&identity.name)),
        }
    }

    /// Checks a weights file, converts it and puts it into the library under `name`, or under
    /// its architecture's name. Returns its identity and the file written.
    ///
    /// # Errors
    /// An unusable file, a name that cannot be a file's, or a folder that cannot be written.
    pub fn import(&self, file: &Path, name: Option<&str>) -> Result<(TeacherIdentity, PathBuf)> {
        let mut teacher = import::read_weights(file, "")?;
        let name = name.unwrap_or(teacher.identity.architecture.name);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || IN_THE_PROGRAM.contains(&name) || !name.chars().all(allowed) {
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Teacher(name.to_owned()),
                format!(
                    "a name has letters, digits, '-' and '_', and is not '{BUILTIN}' or '{RANDOM}', \
                     which are taken"
                ),
            ));
        }
        name.clone_into(&mut teacher.identity.name);
        let path = self.scratch(&format!("{name}.safetensors"))?;
        let stored: BTreeMap<String, Stored> = (teacher.weights.iter())
            .map(|(name, tensor)| (name.clone(), Stored::floats(tensor)))
            .collect();
        let architecture = teacher.identity.architecture.to_string();
        let bytes = serialize(&stored, "oddspot.teacher", architecture)
            .map_err(|error| error.in_file(&path))?;
        atomic::write_bytes(&path, &bytes)?;
        Ok((teacher.identity, path))
    }

    /// A file for what is not a teacher yet, in the library's folder, which is made.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn scratch(&self, file: &str) -> Result<PathBuf> {
        let folder = self.folder.as_ref().ok_or_else(|| self.missing(file))?;
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        Ok(folder.join(file))
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(format!("{name}.safetensors")))
    }

    fn missing(&self, name: &str) -> Error {
        Error::new(
            ErrorKind::NotFound,
            Subject::Teacher(name.to_owned()),
            match &self.folder {
                Some(folder) => format!("it is not installed (looked in {})", folder.display()),
                None => "it is not in the program, and no folder of teachers was named".to_owned(),
            },
        )
    }
}

fn looks_like_path(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

/// The built-in teacher's network with He weights from a fixed seed.
fn random() -> Result<Teacher> {
    const SEED: u64 = 0;
    let layout = Layout::of(vgg16(&of_stages(WIDTHS))?.tensors());
    Teacher::new(RANDOM, &VGG16, layout.tensors(&layout.fresh(SEED)))
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::network::{Layer, Network, Op};
    use crate::net::tensors::shapes_of;

    fn find(name: &str) -> Teacher {
        Library::at("nowhere").find(name).unwrap()
    }

    /// Multiply-adds of an image's pixel.
    fn cost(network: &Network) -> f64 {
        let of_layer = |(layer, value): (&Layer, usize)| match &layer.op {
            Op::Conv(conv) => {
                let adds = conv.kernel * conv.kernel * conv.inputs * conv.outputs;
                adds as f64 / network.stride_of(value).pow(2) as f64
            }
            _ => 0.0,
        };
        network.layers().iter().zip(1..).map(of_layer).sum()
    }

    #[test]
    fn the_builtin_teacher_is_small_cheap_and_not_the_random_one() {
        let builtin = find(BUILTIN);
        assert!(BUILTIN_FILE.len() <= 12_000_000, "{}", BUILTIN_FILE.len());
        assert_eq!(builtin.identity.name, BUILTIN);
        assert_eq!(builtin.network, vgg16(&of_stages(WIDTHS)).unwrap());
        let whole = vgg16(&of_stages([64, 128, 256, 512])).unwrap();
        let share = cost(&builtin.network) / cost(&whole);
        assert!(share <= 0.25, "{share}");
        let random = find(RANDOM);
        assert_ne!(builtin.identity.sha256, random.identity.sha256);
        assert_eq!(shapes_of(&builtin.weights), shapes_of(&random.weights));
    }

    #[test]
    fn its_card_is_of_these_weights() {
        let card = include_str!("../../../../../docs/builtin-teacher.md");
        let sha256 = find(BUILTIN).identity.sha256;
        assert!(card.contains(&sha256), "{sha256}");
    }

    #[test]
    fn a_name_that_is_not_installed_is_not_found() {
        let error = Library::at("nowhere").find("vgg16").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.subject(), &Subject::Teacher("vgg16".to_owned()));
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}

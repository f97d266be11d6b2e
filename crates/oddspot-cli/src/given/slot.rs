//! What commands take, and at which place.

use std::path::{Path, PathBuf};

use oddspot::datasets::has_images;

use super::found::Found;

/// A place of a command's arguments that takes a path.
pub struct Slot {
    /// The argument's name in the parser.
    pub id: &'static str,
    /// The names of its option, the one to type first; none of a place without one.
    pub options: &'static [&'static str],
    pub takes: Takes,
    /// What stands for it where nothing that was given fits.
    pub stands: &'static str,
    /// Whether the command does nothing without it.
    pub needed: bool,
}

/// What a place takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Model,
    /// Images, folders of them, or data sets.
    Images,
    /// A list of known images, or a folder of results that has one.
    Known,
    /// A folder that images come into.
    Folder,
    Export,
    /// A file for a model.
    NewModel,
    /// A file for an export.
    NewExport,
    /// A folder for results.
    NewFolder,
}

impl Takes {
    /// Whether what lies at a path cannot be meant.
    pub fn refuses(self, found: Found, path: &Path) -> bool {
        use Found::{Export, Folder, List, Model, Picture, Results};
        let of_images = || path.is_dir() && has_images(path);
        match self {
            Self::Model => matches!(found, Folder | Results | Picture | List | Export),
            Self::Images => matches!(found, Model | Export),
            Self::Known => matches!(found, Model | Export | Picture | Folder),
            Self::Folder => matches!(found, Model | Export | Picture | List),
            Self::Export => matches!(found, Model | Picture | List | Folder | Results),
            Self::NewModel => matches!(found, Picture | List) || of_images(),
            Self::NewExport => matches!(found, Model | Picture | List) || of_images(),
            Self::NewFolder => matches!(found, Model | Export | Picture | List),
        }
    }

    /// Whether it is what is meant.
    pub fn suits(self, found: Found) -> bool {
        use Found::{Export, Folder, List, Model, Nothing, Picture, Results};
        match self {
            Self::Model => found == Model,
            Self::Images => matches!(found, Folder | Results | Picture),
            Self::Known => matches!(found, List | Results),
            Self::Folder => found == Folder,
            Self::Export => found == Export,
            Self::NewModel => matches!(found, Model | Nothing),
            Self::NewExport => matches!(found, Export | Nothing),
            Self::NewFolder => matches!(found, Results | Folder | Nothing),
        }
    }

    /// A new file's name in the place of one that cannot be written there, beside it.
    pub fn beside(self, refused: &Path, found: Found) -> Option<PathBuf> {
        let ending = match self {
            Self::NewModel => "oddspot",
            Self::NewExport => "onnx",
            _ => return None,
        };
        match found {
            Found::Model => Some(refused.with_extension(ending)),
            Found::Folder | Found::Results => {
                let mut name = refused.file_name()?.to_owned();
                name.push(".");
                name.push(ending);
                Some(refused.with_file_name(name))
            }
            _ => None,
        }
    }
}

/// A command that takes paths.
pub struct Usage {
    /// Its name.
    pub command: &'static str,
    /// What it takes, in words.
    pub takes: &'static str,
    /// The places, in the order in which they are typed.
    pub slots: &'static [Slot],
    /// Whether a file that is there already needs --replace.
    pub replaces: bool,
}

const fn place(id: &'static str, takes: Takes, stands: &'static str) -> Slot {
    Slot {
        id,
        options: &[],
        takes,
        stands,
        needed: true,
    }
}

const fn option(
    id: &'static str,
    options: &'static [&'static str],
    takes: Takes,
    stands: &'static str,
) -> Slot {
    Slot {
        options,
        ..place(id, takes, stands)
    }
}

const fn perhaps(slot: Slot) -> Slot {
    Slot {
        needed: false,
        ..slot
    }
}

const MODEL: Slot = place("model", Takes::Model, "MODEL");
const OUTPUT: &[&str] = &["-o", "--output"];
const CHANGED: &[Slot] = &[
    MODEL,
    place("good", Takes::Images, "GOOD"),
    perhaps(option("bad", &["--bad"], Takes::Images, "BAD")),
    perhaps(option("output", OUTPUT, Takes::NewModel, "NEW_MODEL")),
];

/// The commands.
pub const USAGES: &[Usage] = &[
    Usage {
        command: "train",
        takes: "good images and, by -o, a file for the model",
        slots: &[
            place("data", Takes::Images, "GOOD"),
            option("output", OUTPUT, Takes::NewModel, "MODEL"),
        ],
        replaces: true,
    },
    Usage {
        command: "audit",
        takes: "good images",
        slots: &[place("data", Takes::Images, "GOOD")],
        replaces: false,
    },
    Usage {
        command: "detect",
        takes: "a model, then images",
        slots: &[MODEL, place("images", Takes::Images, "IMAGES")],
        replaces: false,
    },
    Usage {
        command: "watch",
        takes: "the folder that images come into, by -m a model and by -o a folder for results",
        slots: &[
            place("folder", Takes::Folder, "FOLDER"),
            option("model", &["-m", "--model"], Takes::Model, "MODEL"),
            option("output", OUTPUT, Takes::NewFolder, "RESULTS"),
        ],
        replaces: false,
    },
    Usage {
        command: "serve",
        takes: "a model by --model and the folder that images come into by --folder",
        slots: &[
            perhaps(option("model", &["--model"], Takes::Model, "MODEL")),
            perhaps(option("folder", &["--folder"], Takes::Folder, "FOLDER")),
        ],
        replaces: false,
    },
    Usage {
        command: "extend",
        takes: "a model, then good images",
        slots: CHANGED,
        replaces: false,
    },
    Usage {
        command: "calibrate",
        takes: "a model, then good images",
        slots: CHANGED,
        replaces: false,
    },
    Usage {
        command: "verify",
        takes: "a model, then a list of known images such as results.jsonl of `detect`",
        slots: &[
            MODEL,
            perhaps(place("golden", Takes::Known, "RESULTS.jsonl")),
        ],
        replaces: false,
    },
    Usage {
        command: "export",
        takes: "a model and, by -o, a file for the export",
        slots: &[
            MODEL,
            option("output", OUTPUT, Takes::NewExport, "FILE.onnx"),
        ],
        replaces: true,
    },
    Usage {
        command: "verify-export",
        takes: "a model, its export, then images",
        slots: &[
            MODEL,
            place("export", Takes::Export, "FILE.onnx"),
            place("images", Takes::Images, "IMAGES"),
        ],
        replaces: false,
    },
    Usage {
        command: "evaluate",
        takes: "a model, then a labelled data set",
        slots: &[MODEL, place("data", Takes::Images, "DATA_SET")],
        replaces: false,
    },
    Usage {
        command: "inspect",
        takes: "a model",
        slots: &[MODEL],
        replaces: false,
    },
];

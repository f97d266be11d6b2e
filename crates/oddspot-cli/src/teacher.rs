//! `oddspot teacher`: which teachers there are, and bringing one in from a file or the network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use oddspot::teacher::{
    Architecture, IN_THE_PROGRAM, Library, SQUEEZENET_FILE, VGG16_FILE, read_weights,
};

use crate::fetch::{Fetched, fetch};
use crate::interrupt::{INTERRUPTED, Interrupt};
use crate::runtime::teacher_library;

/// Arguments of `oddspot teacher`.
#[derive(Args)]
pub struct TeacherArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Teachers that --teacher knows by name
    List,
    /// Check a weights file and keep it for use by name
    Import {
        /// .safetensors or .pth file of VGG16 or SqueezeNet 1.0, in the names of torchvision,
        /// timm or pytorchcv
        file: PathBuf,
        /// Name to keep it under [default: vgg16 or squeezenet]
        #[arg(long)]
        name: Option<String>,
    },
    /// Fetch torchvision's ImageNet weights, check them and keep them for use by name
    Fetch {
        /// vgg16 (528 MiB) or squeezenet1_0 (5 MiB)
        #[arg(value_parser = source)]
        teacher: &'static Source,
        /// Fetch from here instead, such as a mirror
        #[arg(long)]
        url: Option<String>,
        /// Beginning of the file's SHA-256, if it is another than torchvision's
        #[arg(long, requires = "url", value_name = "HEX", value_parser = hexadecimal)]
        sha256: Option<String>,
    },
}

/// Weights that torchvision offers.
#[derive(Debug)]
pub struct Source {
    name: &'static str,
    architecture: Architecture,
    file: &'static str,
    /// Beginning of the file's SHA-256; for SqueezeNet that which is part of torchvision's name of
    /// it.
    sha256: &'static str,
}

const SOURCES: [Source; 2] = [
    Source {
        name: "vgg16",
        architecture: Architecture::Vgg16,
        file: VGG16_FILE,
        sha256: "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    },
    Source {
        name: "squeezenet1_0",
        architecture: Architecture::SqueezeNet,
        file: SQUEEZENET_FILE,
        sha256: "b66bff10",
    },
];

fn source(name: &str) -> Result<&'static Source, String> {
    let mut known = SOURCES.iter();
    known.find(|source| source.name == name).ok_or_else(|| {
        let names = SOURCES.map(|source| source.name).join(" or ");
        format!("give {names}")
    })
}

fn hexadecimal(text: &str) -> Result<String, String> {
    let digits = text.chars().all(|c| c.is_ascii_hexdigit());
    if !digits || !(8..=64).contains(&text.len()) {
        return Err("give 8 to 64 hexadecimal digits".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

/// Lists, imports or fetches.
pub fn run(args: &TeacherArgs) -> Result<ExitCode> {
    let library = teacher_library()?;
    match &args.action {
        Action::List => {
            let mut names = IN_THE_PROGRAM.map(str::to_owned).to_vec();
            names.extend(library.list()?.into_iter().map(|(name, _)| name));
            for name in &names {
                match library.find(name) {
                    Ok((_, identity)) => say!(
                        "{name:16} built like {:10} SHA-256 {}",
                        identity.architecture.to_string(),
                        identity.sha256
                    ),
                    Err(error) => say!("{name:16} unusable: {error}"),
                }
            }
            if !names.iter().any(|name| name == "vgg16") {
                say!(
                    "the paper's teacher, vgg16, is not installed: run `oddspot teacher fetch \
                     vgg16`, or bring torchvision's {VGG16_FILE} and run `oddspot teacher import \
                     {VGG16_FILE}`"
                );
            }
        }
        Action::Import { file, name } => {
            import(&library, file, name.as_deref())?;
        }
        Action::Fetch {
            teacher,
            url,
            sha256,
        } => {
            let interrupt = Interrupt::install()?;
            let torchvision = format!("https://download.pytorch.org/models/{}", teacher.file);
            let url = url.as_ref().unwrap_or(&torchvision);
            let sha256 = sha256.as_deref().unwrap_or(teacher.sha256);
            let part = library.scratch(&format!("{}.part", teacher.file))?;
            if fetch(url, &part, sha256, &interrupt)? == Fetched::Interrupted {
                tell!(
                    "interrupted; what was fetched is kept in {}, and the same command goes on",
                    part.display()
                );
                return Ok(ExitCode::from(INTERRUPTED));
            }
            let found = read_weights(&part)?.architecture;
            ensure!(
                found == teacher.architecture,
                "{} is a {found}, not a {}: fetch it under its own name, or import it",
                part.display(),
                teacher.architecture
            );
            import(&library, &part, Some(teacher.name))?;
            std::fs::remove_file(&part).ok();
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn import(library: &Library, file: &Path, name: Option<&str>) -> Result<()> {
    let (identity, path) = library.import(file, name)?;
    say!(
        "{} (built like {}), SHA-256 {}",
        identity.name,
        identity.architecture,
        identity.sha256
    );
    say!(
        "kept as {}; use it with --teacher {}",
        path.display(),
        identity.name
    );
    Ok(())
}

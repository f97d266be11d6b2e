//! `oddspot teacher`: which teachers there are, and bringing one in.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use oddspot::teacher::{IN_THE_PROGRAM, VGG16_FILE};

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
}

/// Lists or imports.
pub fn run(args: &TeacherArgs) -> Result<ExitCode> {
    let library = teacher_library()?;
    match &args.action {
        Action::List => {
            let mut names = IN_THE_PROGRAM.map(str::to_owned).to_vec();
            names.extend(library.list()?.into_iter().map(|(name, _)| name));
            for name in &names {
                match library.find(name) {
                    Ok((_, identity)) => say!(
                        "{name:16} {:10} SHA-256 {}",
                        identity.architecture.to_string(),
                        identity.sha256
                    ),
                    Err(error) => say!("{name:16} unusable: {error}"),
                }
            }
            if !names.iter().any(|name| name == "vgg16") {
                say!(
                    "the paper's teacher, vgg16, is not installed: bring torchvision's \
                     {VGG16_FILE} and run `oddspot teacher import {VGG16_FILE}`"
                );
            }
        }
        Action::Import { file, name } => {
            let (identity, path) = library.import(file, name.as_deref())?;
            say!(
                "{} ({}), SHA-256 {}",
                identity.name,
                identity.architecture,
                identity.sha256
            );
            say!(
                "kept as {}; use it with --teacher {}",
                path.display(),
                identity.name
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

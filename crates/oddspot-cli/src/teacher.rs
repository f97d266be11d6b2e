//! `oddspot teacher`: which teachers there are, and bringing one in from a file or the network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
#[cfg(not(feature = "fetch"))]
use anyhow::bail;
#[cfg(feature = "fetch")]
use anyhow::ensure;
use clap::{Args, Subcommand};
use oddspot::files::atomic;
#[cfg(feature = "fetch")]
use oddspot::net::teachers::read_weights;
use oddspot::net::teachers::{ARCHITECTURES, IN_THE_PROGRAM, Library};

#[cfg(feature = "fetch")]
use crate::fetch::{Fetched, fetch};
#[cfg(feature = "fetch")]
use crate::interrupt::{INTERRUPTED, Interrupt};
#[cfg(feature = "fetch")]
use crate::output::Claim;
use crate::runtime::{imported_teachers, teacher_library};
use crate::torchvision::{SOURCES, Source};
use crate::voice::Voice;

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
        /// .safetensors or .pth file of VGG16, SqueezeNet 1.0, ResNet-18 or WideResNet-50-2, in the
        /// names of torchvision, timm or pytorchcv
        file: PathBuf,
        /// Name to keep it under [default: vgg16, squeezenet, resnet18 or wide_resnet50_2]
        #[arg(long)]
        name: Option<String>,
    },
    /// Fetch torchvision's ImageNet weights, check them and keep them for use by name (in programs built
    /// with --features fetch)
    Fetch {
        /// vgg16 (528 MiB), squeezenet1_0 (5 MiB), resnet18 (45 MiB) or wide_resnet50_2 (132 MiB)
        #[arg(value_parser = source)]
        teacher: &'static Source,
        /// Fetch from here instead, such as a mirror
        #[arg(long)]
        url: Option<String>,
        /// Beginning of the file's SHA-256, if it is another than torchvision's
        #[arg(long, requires = "url", value_name = "HEX", value_parser = hexadecimal)]
        sha256: Option<String>,
        /// How much is told
        #[command(flatten)]
        voice: Voice,
    },
}

fn source(name: &str) -> Result<&'static Source, String> {
    Source::named(name).ok_or_else(|| {
        let names = SOURCES.each_ref().map(|source| source.name);
        format!("give one of {}", names.join(", "))
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
    if let Action::List = args.action {
        list(&teacher_library())?;
        return Ok(ExitCode::SUCCESS);
    }
    let library = imported_teachers()?;
    match &args.action {
        Action::List => Ok(()),
        Action::Import { file, name } => import(&library, file, name.as_deref()),
        Action::Fetch {
            teacher,
            url,
            sha256,
            voice,
        } => {
            return fetch_from(
                &library,
                teacher,
                (url.as_deref(), sha256.as_deref()),
                *voice,
            );
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn list(library: &Library) -> Result<()> {
    let mut names = IN_THE_PROGRAM.map(str::to_owned).to_vec();
    names.extend(library.list()?.into_iter().map(|(name, _)| name));
    let widths = ARCHITECTURES.iter().map(|one| one.name.len());
    let width = widths.max().unwrap_or(0);
    for name in &names {
        match library.find(name) {
            Ok(teacher) => say!(
                "{name:16} built like {:width$} SHA-256 {}",
                teacher.identity.architecture,
                teacher.identity.sha256
            ),
            Err(error) => say!("{name:16} unusable: {error}"),
        }
    }
    if let Some(source) = Source::named("vgg16")
        && !names.iter().any(|name| name == source.name)
    {
        say!(
            "the paper's teacher, {}, is not installed: {}",
            source.name,
            source.way()
        );
    }
    Ok(())
}

fn import(library: &Library, file: &Path, name: Option<&str>) -> Result<()> {
    let before = library.list()?;
    let (identity, path) = library.import(file, name)?;
    if before.iter().any(|(_, there)| *there == path) {
        tell!("the teacher of that name before was replaced");
    }
    // An import that was killed may have left hundreds of megabytes.
    atomic::remove_leftovers(&path);
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

/// Without the network's code there is the file to bring.
#[cfg(not(feature = "fetch"))]
fn fetch_from(
    _library: &Library,
    teacher: &Source,
    _from: (Option<&str>, Option<&str>),
    _voice: Voice,
) -> Result<ExitCode> {
    bail!(
        "this program was built without access to networks: bring {} (its SHA-256 begins with {:.8}) \
         and run `{}`, or build it with --features fetch",
        teacher.url(),
        teacher.sha256,
        teacher.import()
    )
}

#[cfg(feature = "fetch")]
fn fetch_from(
    library: &Library,
    teacher: &Source,
    (url, sha256): (Option<&str>, Option<&str>),
    voice: Voice,
) -> Result<ExitCode> {
    let interrupt = Interrupt::install()?;
    let torchvision = teacher.url();
    let url = url.unwrap_or(&torchvision);
    let part = library.scratch(&format!("{}.part", teacher.file))?;
    let _claim = Claim::take(&part)?;
    if fetch(
        url,
        &part,
        sha256.unwrap_or(teacher.sha256),
        (&interrupt, voice),
    )? == Fetched::Interrupted
    {
        tell!(
            "interrupted; what was fetched is kept in {}, and the same command goes on",
            part.display()
        );
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let found = read_weights(&part, teacher.name)?.identity.architecture;
    ensure!(
        found == teacher.architecture,
        "{} is a {found}, not a {}: fetch it under its own name, or import it",
        part.display(),
        teacher.architecture
    );
    import(library, &part, Some(teacher.name))?;
    std::fs::remove_file(&part).ok();
    Ok(ExitCode::SUCCESS)
}

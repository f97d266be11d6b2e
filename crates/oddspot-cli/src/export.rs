//! `oddspot export`: a model as a file of ONNX, for an engine that is there already.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use oddspot::Model;
use oddspot::files::atomic;
use oddspot::files::digest::{hex, sha256_of_file};
use oddspot::judge::teacher_of;
use oddspot_onnx::{Batch, Export, Layout, Options, export};

use crate::output::{Claim, beside};
use crate::runtime::teacher_library;

/// Arguments of `oddspot export`.
#[derive(Args, Clone)]
pub struct ExportArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Where to write it; FILE.json beside it says the same of it as its metadata
    #[arg(short, long, value_name = "FILE.onnx")]
    pub output: PathBuf,
    /// How pixels come in, RGB of the model's size: 8-bit levels [batch, height, width, 3] (u8-nhwc), or these over
    /// 255 as floats [batch, 3, height, width] (f32-nchw)
    #[arg(long, value_name = "LAYOUT", default_value_t)]
    pub input: Layout,
    /// Images at a time: a number, or dynamic
    #[arg(long, value_name = "N|dynamic", default_value_t = Batch::Of(1))]
    pub batch: Batch,
    /// Replace an export that is there already
    #[arg(long)]
    pub replace: bool,
}

/// `oddspot export`.
pub fn run(args: &ExportArgs) -> Result<ExitCode> {
    let card = beside(&args.output, "json");
    let same = |file: &Path| {
        let real = |path: &Path| path.canonicalize().ok();
        real(file).is_some_and(|file| real(&args.model) == Some(file))
    };
    if args.output.is_dir() {
        let name = Path::new(args.model.file_name().unwrap_or_default()).with_extension("onnx");
        bail!(
            "{} is a folder; give a file name, such as {}",
            args.output.display(),
            args.output.join(name).display()
        );
    }
    for file in [&args.output, &card] {
        ensure!(
            !same(file),
            "{} is the model itself; give another -o",
            file.display()
        );
        ensure!(
            args.replace || !file.is_file(),
            "{} is there already; add --replace to write over it, or choose another -o",
            file.display()
        );
    }
    let claims = [Claim::take(&args.output)?, Claim::take(&card)?];
    let model = Model::load(&args.model)?;
    let teacher = teacher_of(
        &model.header,
        model.teacher.clone(),
        Some(&teacher_library()),
    )
    .map_err(|error| error.in_file(&args.model))?;
    let options = Options {
        layout: args.input,
        batch: args.batch,
        model_sha256: hex(&sha256_of_file(&args.model)?),
    };
    let made = export(&model, &teacher, &options)?;
    write((&args.output, &card), &made)?;
    drop(claims);
    let megabytes = made.onnx.len() as f64 / 1e6;
    say!(
        "{} ({megabytes:.1} MB), described in {}",
        args.output.display(),
        card.display()
    );
    let shape: Vec<String> = (made.card.input.shape.iter())
        .map(usize::to_string)
        .collect();
    let shape = shape.join(", ");
    say!("in: {} [{}, {shape}]", made.card.input.name, args.batch);
    say!(
        "out: {}",
        made.card
            .outputs
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    );
    Ok(ExitCode::SUCCESS)
}

/// Writes the graph and its card, both or none: the card waits under its temporary name until the graph is there.
fn write((onnx, card): (&Path, &Path), made: &Export) -> Result<()> {
    let json =
        serde_json::to_string_pretty(&made.card).context("cannot describe the export")? + "\n";
    let mut failed = None;
    let written = atomic::write(card, |file| {
        file.write_all(json.as_bytes())?;
        atomic::write_bytes(onnx, &made.onnx).map_err(|error| {
            failed = Some(error);
            std::io::Error::other("the graph could not be written")
        })
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(written?),
    }
}

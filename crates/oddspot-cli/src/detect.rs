//! `oddspot detect`: images in, verdicts and pictures out.

mod differing;
mod earlier;
mod input;
mod page;
mod pictures;
mod results;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::Detector;
use oddspot::images::{Limits, Picture};
use oddspot_draw::figure::Panels;
use oddspot_measure::peak_memory;

use crate::advice::{causes, chain};
use crate::besides::lines;
use crate::region::RegionArgs;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::verdict::VerdictArgs;
use differing::Differences;
use earlier::Earlier;
use input::{Input, collect, name_all};
use pictures::{Pictures, Written, is_of_its_name};
use results::{Done, Output};
use told::{Judged, OfFile, Page, Told};

/// Arguments of `oddspot detect`.
#[derive(Args, Clone)]
pub struct DetectArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Images, or folders of images: PNG, JPEG, BMP, TIFF or WebP, of whose pages and frames each is judged; - or a
    /// pipe is one image
    #[arg(required = true, value_name = "IMAGE|FOLDER")]
    pub images: Vec<PathBuf>,
    /// Folder for results.jsonl, results.csv and the pictures
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Replace the results that the folder has, and their pictures
    #[arg(long)]
    pub replace: bool,
    /// Add to the results that the folder has
    #[arg(long, conflicts_with = "replace")]
    pub append: bool,
    /// Also write the raw maps as 32-bit TIFF
    #[arg(long)]
    pub maps: bool,
    /// Write no pictures, only the results (and the raw maps, if asked for)
    #[arg(long)]
    pub no_pictures: bool,
    /// Most megapixels that an image may have [default: the model's, mostly 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=2_000))]
    pub max_megapixels: Option<u64>,
    /// Most pixels that an image may have along a side [default: the model's, mostly 30000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_side: Option<u32>,
    /// Another threshold than the model's
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// Which part of images is inspected
    #[command(flatten)]
    pub region: RegionArgs,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `oddspot detect`.
pub fn run(args: &DetectArgs) -> Result<ExitCode> {
    detect(args, &args.runtime.open()?)
}

/// Judges every image; one that cannot be used is reported and skipped.
pub fn detect(args: &DetectArgs, runtime: &Runtime) -> Result<ExitCode> {
    peak_memory::reset();
    let detector = args.verdict.load(&args.model, runtime)?;
    let limits = args.limits(detector.reading().limits);
    let detector = detector.with_limits(limits);
    let (mut inputs, besides) = collect(&args.images, &args.output)?;
    let besides = lines(&besides, true);
    ensure!(
        !inputs.is_empty(),
        "there is no image to judge in {}: give images, or folders that hold some{}",
        listed(&args.images),
        besides
            .iter()
            .map(|line| format!("; {line}"))
            .collect::<String>()
    );
    let first = inputs.first().and_then(Input::source);
    let detector = args.region.restrict(detector, first)?;
    let mut output = Output::create(
        &args.output,
        args.earlier(),
        detector.thresholds(),
        args.written(),
    )?;
    name_all(&mut inputs, output.take_names());
    for line in besides {
        tell!("{line}");
    }
    let pictures = output.pictures();
    let header = detector.header();
    let differences = Differences::from(header.images.as_ref(), &header.settings);
    let mut told = Told::new(output, differences);
    let started = Instant::now();
    let until_stopped = |input| runtime.interrupt.flow().is_continue().then_some(input);
    // Decoding, networks and pictures of different images overlap.
    detector.in_order(
        inputs.iter().map_while(until_stopped),
        |input| (input, judge(&detector, &pictures, input, runtime)),
        |(input, judged)| told.tell(input, judged),
    );
    told.summarise(inputs.len(), started.elapsed(), args)
}

impl DetectArgs {
    /// The model's limits, or those that were asked for.
    fn limits(&self, of_model: Limits) -> Limits {
        Limits {
            pixels: (self.max_megapixels).map_or(of_model.pixels, |mega| mega * 1_000_000),
            side: self.max_side.unwrap_or(of_model.side),
        }
    }

    /// What becomes of the results that the folder has.
    fn earlier(&self) -> Earlier {
        match (self.replace, self.append) {
            (true, _) => Earlier::Replace,
            (_, true) => Earlier::Append,
            _ => Earlier::Refuse,
        }
    }

    fn written(&self) -> Written {
        Written {
            pictures: !self.no_pictures,
            maps: self.maps,
        }
    }
}

/// File to verdicts and pictures: one of most files, of a file of several pages or frames one of each.
fn judge(
    detector: &Detector,
    pictures: &Pictures,
    input: &Input,
    runtime: &Runtime,
) -> Result<OfFile> {
    let started = Instant::now();
    let skipped = |number, reason| Page {
        number,
        judged: Judged::Skipped(reason),
    };
    let bytes = match input.bytes() {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(OfFile::whole(vec![skipped(None, reason)])),
    };
    let pages = match detector.reading().pages(&bytes, input.named()) {
        Ok(pages) => pages,
        Err(error) => return Ok(OfFile::whole(vec![skipped(None, causes(&error))])),
    };
    let several = pages.total() > 1;
    let mut judged = OfFile::whole(Vec::new());
    for (at, picture) in pages.enumerate() {
        if at > 0 && runtime.interrupt.flow().is_break() {
            judged.is_whole = false;
            break;
        }
        let number = several.then_some(at + 1);
        let started = if at == 0 { started } else { Instant::now() };
        judged.pages.push(match picture {
            Ok(picture) => Page {
                number,
                judged: judge_one(detector, pictures, (&input.page(number), picture), started)?,
            },
            Err(error) => skipped(number, causes(&error)),
        });
    }
    Ok(judged)
}

fn judge_one(
    detector: &Detector,
    pictures: &Pictures,
    (input, picture): (&Input, Picture),
    started: Instant,
) -> Result<Judged> {
    let Picture { image, kind } = picture;
    if !pictures.draws() {
        // Nothing needs the maps at the image's own size.
        return Ok(Judged::Done(Box::new(Done {
            finding: detector.inspect(&image)?,
            kind,
            files: Vec::new(),
            unnamed: None,
            latency: started.elapsed(),
        })));
    }
    let inspection = detector.examine(&image)?;
    let panels = Panels {
        image: &image,
        inspection: &inspection,
        name: &input.image(),
    };
    let (files, unnamed) = match pictures.write(&input.name, &panels) {
        Ok(files) => (files, None),
        Err(error) if is_of_its_name(&error) => (Vec::new(), Some(chain(&error))),
        Err(error) => return Err(error),
    };
    Ok(Judged::Done(Box::new(Done {
        finding: inspection.finding,
        kind,
        files,
        unnamed,
        latency: started.elapsed(),
    })))
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

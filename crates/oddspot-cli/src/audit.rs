//! `oddspot audit`: good images in, what should not be among them out.

mod told;
mod written;

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::Args;
use oddspot::audit::Audit;
use oddspot::datasets::Unreadable;
use oddspot::images::Source;
use oddspot::model::{Header, ImageRecord};
use oddspot::settings::{Method, Settings};
use oddspot::train::{GoodImages, LeftOut, Progress as Event};
use oddspot::{Error, ErrorKind, Training};
use serde::Serialize;

use crate::configuration::Configuration;
use crate::excluded::ExcludeArgs;
use crate::good::{GoodArgs, called_bad, data_sets, unreadable, usable_ones};
use crate::interrupt::INTERRUPTED;
use crate::output::{claim_reports, refuse_to_replace};
use crate::printing::counted;
use crate::progress::Phases;
use crate::runtime::{Runtime, RuntimeArgs, teacher_library};
pub use told::tell_in_short;
use told::{Words, tell};
pub use written::write_page;
use written::{write_ignored, write_json, write_list};

/// Folders that are called like bad images are looked through too.
const GOOD: GoodArgs = GoodArgs { force: true };

/// The exit status where folders or links could not be read.
const UNREAD: u8 = 3;

/// Arguments of `oddspot audit`. It ends with 0 whatever it finds: it reports, and you judge.
#[derive(Args, Clone)]
#[command(args_override_self = true)]
pub struct AuditArgs {
    /// Folders of good images, or data sets of which the good training images are taken
    #[arg(required = true, value_name = "GOOD")]
    pub data: Vec<PathBuf>,
    /// Write a page with pictures, all in one file
    #[arg(short, long, value_name = "PAGE.html")]
    pub output: Option<PathBuf>,
    /// Write everything found, image by image, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the names of the suspicious images, of those, folders and links that cannot be used, and of those in
    /// folders called like bad ones, one a line, for `oddspot train
    /// --exclude @FILE`
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// Write the regions in which good images differ most, for `oddspot train --region FILE`, which ignores them
    #[arg(long, value_name = "FILE")]
    pub ignore: Option<PathBuf>,
    /// Write over files that are there already
    #[arg(long)]
    pub replace: bool,
    /// Images to leave out
    #[command(flatten)]
    pub exclude: ExcludeArgs,
    /// Preset, file and single settings
    #[command(flatten)]
    pub configuration: Configuration,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// What an audit found, and what it was made with.
pub struct Found<'a> {
    /// What was found.
    pub audit: &'a Audit,
    /// The model's header.
    pub header: &'a Header,
    /// What the images are called together.
    pub name: String,
    /// Good images that were left out before.
    pub excluded: usize,
    /// Those that cannot be used, and what cannot be read beside them.
    pub unusable: &'a [Unusable],
    /// Names of those in folders called like bad ones.
    pub called_bad: &'a [String],
}

/// An image that cannot be used, or a folder or a link that cannot be read.
#[derive(Serialize)]
pub struct Unusable {
    /// Its name, as `--exclude` takes it.
    pub name: String,
    /// Why not.
    pub reason: String,
    /// Whether it is an image.
    #[serde(skip)]
    pub is_image: bool,
}

impl Unusable {
    fn unread(one: &Unreadable, root: &Path) -> Self {
        Self {
            name: ImageRecord::of(&one.path, root, String::new()).name,
            reason: one.reason.clone(),
            is_image: false,
        }
    }

    fn of((image, error): &(Source, Error), root: &Path) -> Self {
        Self {
            name: ImageRecord::of(&image.name(), root, String::new()).name,
            reason: error.reason().to_owned(),
            is_image: true,
        }
    }
}

/// Looks through the images, prints what was found and writes the files that were asked for.
pub fn run(args: &AuditArgs) -> Result<ExitCode> {
    let files = (args.output.iter())
        .chain(&args.json)
        .chain(&args.list)
        .chain(&args.ignore);
    if !args.replace {
        refuse_to_replace(files.clone())?;
    }
    let _claims = claim_reports(files, args.runtime.voice)?;
    let runtime = args.runtime.open()?;
    let settings = Settings {
        method: Method::Instant,
        ..args.configuration.over(Settings::instant())?
    };
    let Good {
        images,
        excluded,
        called_bad,
        unread,
    } = good_images(args)?;
    let root = images.root.clone();
    let Some((images, broken)) = usable_ones((images, settings.reading()), &runtime)? else {
        tell!("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let unusable: Vec<Unusable> = (unread.iter())
        .map(|one| Unusable::unread(one, &root))
        .chain(broken.iter().map(|one| Unusable::of(one, &root)))
        .collect();
    told::tell_unusable(&unusable);
    if let Some(file) = (args.list.as_ref()).filter(|_| !unusable.is_empty()) {
        // What follows may end in an error, and these are known.
        written::write_names(&[], (&unusable, &called_bad), &name(&args.data), file)?;
    }
    let used = images.train.len() + images.held_out.len();
    ensure!(
        !images.train.is_empty(),
        "{used} of {} can be used to learn from",
        counted(used + broken.len(), "good image")
    );
    let Some((header, audit)) = audit(settings, images, &runtime)? else {
        tell!("interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let found = Found {
        audit: &audit,
        header: &header,
        name: name(&args.data),
        excluded,
        unusable: &unusable,
        called_bad: &called_bad,
    };
    if let Some(file) = &args.output {
        write_page(&found, file, &runtime)?;
    }
    if let Some(file) = &args.json {
        write_json(&found, file)?;
    }
    if let Some(file) = &args.list {
        write_list(&found, file)?;
    }
    // A region of nothing would be refused.
    if let Some(file) = (args.ignore.as_ref()).filter(|_| !audit.varying.is_empty()) {
        write_ignored(&found, file)?;
    }
    tell(&Words::of(&found), args)?;
    Ok(match unread.is_empty() {
        true => ExitCode::SUCCESS,
        // Nobody knows what lies there.
        false => ExitCode::from(UNREAD),
    })
}

/// The good images of all folders.
struct Good {
    images: GoodImages,
    /// How many were left out.
    excluded: usize,
    /// Names of those in folders called like bad ones.
    called_bad: Vec<String>,
    /// What cannot be read beside them.
    unread: Vec<Unreadable>,
}

fn good_images(args: &AuditArgs) -> Result<Good> {
    let mut datasets = data_sets(&args.data)?;
    let excluded = args.exclude.apply(&mut datasets, args.runtime.voice)?;
    // Whatever it is called: here it is looked for what is bad.
    for dataset in &datasets {
        for line in GOOD.look(dataset)? {
            note!(args.runtime.voice, "{line}");
        }
    }
    let mut images = GoodImages::default();
    if let [only] = &datasets[..] {
        images.root.clone_from(&only.root);
    }
    let mut bad = Vec::new();
    for dataset in &datasets {
        let names = called_bad(dataset)
            .map(|sample| ImageRecord::of(&sample.image, &images.root, String::new()).name);
        bad.extend(names);
        let of_dataset = GoodImages::of(dataset);
        images.train.extend(of_dataset.train);
        images.held_out.extend(of_dataset.held_out);
    }
    Ok(Good {
        images,
        excluded,
        called_bad: bad,
        unread: unreadable(&datasets),
    })
}

/// Fits the closed-form terms and looks through the images; None if the user asked to stop.
fn audit(
    settings: Settings,
    images: GoodImages,
    runtime: &Runtime,
) -> Result<Option<(Header, Audit)>> {
    let mut left_out = Vec::new();
    let mut phases = Phases::new(runtime.voice);
    let mut observer = |event: &Event| {
        match *event {
            Event::Preparing { done, total } => phases.show("preparing", done, total),
            Event::Fitting { term, done, total } => phases.fitting(term, done, total),
            Event::Comparing { done, total } => phases.show("comparing good images", done, total),
            Event::Scoring { done, total } => phases.show("scoring good images", done, total),
            _ => {}
        }
        runtime.interrupt.flow()
    };
    let trained = Training::new(settings, images.clone())
        .library(teacher_library())
        .engine(Arc::clone(&runtime.engine))
        .threads(runtime.threads)
        .left_out(&mut left_out)
        .observe(&mut observer)
        .run();
    phases.finish();
    match trained {
        Err(error) if error.kind() == ErrorKind::Cancelled => Ok(None),
        Err(error) => Err(error.into()),
        Ok(model) => {
            let found = look_through(images, &model.header, left_out, runtime)?;
            Ok(found.map(|audit| (model.header, audit)))
        }
    }
}

/// Looks through the good images of a model; None if the user asked to stop.
///
/// # Errors
/// An image that cannot be read any more.
pub fn look_through(
    images: GoodImages,
    header: &Header,
    left_out: Vec<LeftOut>,
    runtime: &Runtime,
) -> Result<Option<Audit>> {
    let mut phases = Phases::new(runtime.voice);
    let mut progress = |done: usize, total: usize| {
        phases.show("looking through", done, total);
        runtime.interrupt.flow()
    };
    let pool = runtime.pool()?;
    let found = pool.install(|| Audit::of(images, header, left_out, &mut progress));
    phases.finish();
    match found {
        Err(error) if error.kind() == ErrorKind::Cancelled => Ok(None),
        found => Ok(Some(found?)),
    }
}

/// What the images of some folders are called together.
fn name(data: &[PathBuf]) -> String {
    let names = data.iter().map(|path| {
        // A folder that is given as `.` or `..` has its name elsewhere.
        let full = match path.file_name() {
            Some(_) => path.clone(),
            None => path.canonicalize().unwrap_or_else(|_| path.clone()),
        };
        let parts: Vec<String> = (full.components())
            .filter(|part| matches!(part, Component::Normal(_)))
            .map(|part| part.as_os_str().to_string_lossy().into())
            .collect();
        match &parts[..] {
            // `train/good` says nothing of whose they are.
            [.., set, train, good] if good == "good" && train == "train" => set.clone(),
            [.., last] => last.clone(),
            [] => path.display().to_string(),
        }
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The same of one folder.
pub fn name_of(data: &std::path::Path) -> String {
    name(&[data.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_called_by_their_folder_as_it_is_given() {
        let named = |path: &str| name_of(Path::new(path));
        assert_eq!(named("good"), "good");
        assert_eq!(named("work/good/"), "good");
        assert_eq!(named("/data/bolts/train/good"), "bolts");
        let here = std::env::current_dir().unwrap();
        assert_eq!(Some(&*named(".")), here.file_name().unwrap().to_str());
        assert_eq!(name(&["a/b".into(), "c".into()]), "b, c");
    }
}

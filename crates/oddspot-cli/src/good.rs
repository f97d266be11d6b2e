//! Good images, and bad ones, by the paths that a command is given.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

mod folders;

use anyhow::{Result, bail, ensure};
use clap::Args;
use oddspot::datasets::{Dataset, Label, Layout, Sample, Unreadable};
use oddspot::images::{
    Reading, Source, begins_like_an_image, check_all, check_each, has_image_extension,
};
use oddspot::train::GoodImages;

use crate::besides::{lines, listed};
use crate::printing::counted;
use crate::progress::Phases;
use crate::runtime::Runtime;
use crate::voice::{Voice, about};
pub use folders::{called_bad, refuse_good, tell_called_bad};

/// Folders, images or files that a line or an error lists.
const SHOWN: usize = 10;
/// How long a check goes on before it is told of.
const PATIENCE: Duration = Duration::from_secs(2);

/// What helps where good images cannot be used.
pub const LEAVE_OUT: &str = "good images that cannot be used must be mended or left out (--exclude NAME; \
                         `oddspot audit --list FILE` writes all their names, and those of odd images to look \
                         at, for --exclude @FILE)";

/// What is taken for good images whatever it is called.
#[derive(Args, Clone, Copy, Default)]
pub struct GoodArgs {
    /// Take images for what they are given as although their folders are called otherwise (good ones in NOK, bad,
    /// defect, reject, fail, …; bad ones in good, OK, …; a folder good beside others), although a data set has more
    /// images that are passed over, and, of `oddspot extend` and `calibrate`, although they seem to be of another part
    /// or light
    #[arg(long)]
    pub force: bool,
}

/// Data sets to learn from.
///
/// # Errors
/// A path that is none or has no good images to learn from.
pub fn data_sets(paths: &[PathBuf]) -> Result<Vec<Dataset>> {
    let mut datasets = Vec::new();
    for path in paths {
        let dataset = Dataset::open(path)?;
        ensure!(
            !dataset.train.is_empty(),
            "{} has test images but no good ones to learn from: bring those of train/good, or of the split \
             train",
            path.display()
        );
        datasets.push(dataset);
    }
    Ok(datasets)
}

/// All in data sets that cannot be followed: nobody knows what is missed there.
pub fn unreadable<'a>(datasets: impl IntoIterator<Item = &'a Dataset>) -> Vec<Unreadable> {
    let unreadable = datasets
        .into_iter()
        .flat_map(|dataset| &dataset.besides.unreadable);
    unreadable.cloned().collect()
}

/// Refuses what cannot be followed, and names with it all images that cannot be used; false if the user asked to stop.
fn all_readable(
    unreadable: &[Unreadable],
    images: (&[Source], Reading),
    runtime: &Runtime,
) -> Result<bool> {
    let reasons = unreadable.iter().map(|one| one.reason.clone()).collect();
    let listed = match unreadable {
        [] => return Ok(true),
        _ => first_of(reasons),
    };
    let Some(checked) = checking(runtime, |progress| Ok(check_each(images, progress)))? else {
        return Ok(false);
    };
    let broken = checked.into_iter().filter_map(|one| one.err());
    let broken: Vec<String> = broken.map(|error| error.in_full()).collect();
    let folders = match unreadable.len() {
        1 => "1 folder or link".to_owned(),
        some => format!("{some} folders or links"),
    };
    match (unreadable, broken.len()) {
        ([only], 0) => bail!("{}; mend it, or take it away", only.reason),
        (_, 0) => bail!("{folders} cannot be read; mend them, or take them away:{listed}"),
        (_, count) => bail!(
            "{folders} cannot be read, and {} cannot be used; mend them, or take them away:{listed}{}",
            counted(count, "image"),
            first_of(broken)
        ),
    }
}

/// The first few of some reasons, a line each.
fn first_of(reasons: Vec<String>) -> String {
    let shown = reasons.iter().take(SHOWN).map(|one| format!("\n  {one}"));
    match reasons.len().saturating_sub(SHOWN) {
        0 => shown.collect(),
        more => format!("{}\n  and {more} more", shown.collect::<String>()),
    }
}

/// The same images, each once, all of them usable; None if the user asked to stop. What was left out goes to
/// `told`.
///
/// # Errors
/// Everything that cannot be read beside them, and every image that cannot be used.
pub fn each_once(
    (images, reading): (GoodImages, Reading),
    beside: &[Unreadable],
    runtime: &Runtime,
    told: &mut Vec<String>,
) -> Result<Option<GoodImages>> {
    let count = images.train.len() + images.held_out.len();
    let all: Vec<Source> = (images.train.iter().chain(&images.held_out))
        .cloned()
        .collect();
    if !all_readable(beside, (&all, reading), runtime)? {
        return Ok(None);
    }
    let checked = checking(runtime, |progress| images.each_once(reading, progress));
    let Some((images, copies)) = checked? else {
        return Ok(None);
    };
    let Some(first) = copies.first() else {
        return Ok(Some(images));
    };
    let names: Vec<&Path> = copies.iter().map(|one| one.copy.as_path()).collect();
    told.push(format!(
        "{} of {count} good images show the same pixels as others and count once: {} (as {})",
        copies.len(),
        listed(&names),
        first.of.display()
    ));
    Ok(Some(images))
}

/// The images that can be used, and why the others cannot; None if the user asked to stop.
///
/// # Errors
/// Threads that the system does not give.
pub fn usable_ones(
    (images, reading): (GoodImages, Reading),
    runtime: &Runtime,
) -> Result<Option<Usable>> {
    checking(runtime, |progress| Ok(images.usable(reading, progress)))
}

/// Images that can be used, and others with why not.
pub type Usable = (GoodImages, Vec<(Source, oddspot::Error)>);

/// Whether some images can all be used; false if the user asked to stop.
///
/// # Errors
/// Everything that cannot be read beside them, and every image that cannot be used.
pub fn usable(
    images: (&[Source], Reading),
    beside: &[Unreadable],
    root: &Path,
    runtime: &Runtime,
) -> Result<bool> {
    if !all_readable(beside, images, runtime)? {
        return Ok(false);
    }
    Ok(checking(runtime, |progress| check_all(images, root, progress))?.is_some())
}

/// A check on threads of its own, told of where it takes long.
fn checking<T: Send>(
    runtime: &Runtime,
    check: impl FnOnce(
        &mut (dyn FnMut(usize, usize) -> std::ops::ControlFlow<()> + Send),
    ) -> oddspot::Result<T>
    + Send,
) -> Result<T> {
    let started = Instant::now();
    let mut phases = Phases::new(runtime.voice);
    let mut progress = |done: usize, total: usize| {
        if started.elapsed() > PATIENCE {
            phases.show("checking", done, total);
        }
        runtime.interrupt.flow()
    };
    let checked = runtime.pool()?.install(|| check(&mut progress));
    phases.finish();
    Ok(checked?)
}

/// The good images of files, folders and data sets, of the latter those to learn from; and what cannot be read beside
/// them.
///
/// # Errors
/// A path that does not exist, that has no good image, or that is called like bad ones inside.
pub fn good_images(
    paths: &[PathBuf],
    args: GoodArgs,
    voice: Voice,
) -> Result<(GoodImages, Vec<Unreadable>)> {
    let mut found = GoodImages::default();
    let opened = opened(paths)?;
    let beside = unreadable(opened.iter().flatten());
    for (path, dataset) in paths.iter().zip(opened) {
        let Some(dataset) = dataset else {
            found.train.push(Source::file(path));
            continue;
        };
        for line in args.look(&dataset)? {
            note!(voice, "{}", about(path.display(), &line));
        }
        let good = dataset.train.iter().chain(&dataset.held_out);
        let before = found.train.len();
        found.train.extend(good.map(source));
        ensure!(
            found.train.len() > before,
            "{} has test images but no good ones to learn from: give the folder of the good ones",
            path.display()
        );
        if paths.len() == 1 {
            found.root = dataset.root;
        }
    }
    Ok((found, beside))
}

/// The bad images of files, folders and data sets, of the latter those that are labelled as a defect, of a
/// folder without labels all; and what cannot be read beside them.
///
/// # Errors
/// A path that does not exist, that has no bad image, or that is called like good ones inside.
pub fn bad_images(
    paths: &[PathBuf],
    args: GoodArgs,
    voice: Voice,
) -> Result<(Vec<Source>, Vec<Unreadable>)> {
    let mut found = Vec::new();
    let opened = opened(paths)?;
    let beside = unreadable(opened.iter().flatten());
    for (path, dataset) in paths.iter().zip(opened) {
        let Some(dataset) = dataset else {
            found.push(Source::file(path));
            continue;
        };
        for line in lines(&dataset.besides, false) {
            note!(voice, "{}", about(path.display(), &line));
        }
        let is_bad = |sample: &&Sample| matches!(sample.label, Label::Defect(_));
        let before = found.len();
        match dataset.layout {
            Layout::Folder => {
                refuse_good(&dataset, args)?;
                found.extend(dataset.train.iter().map(source));
            }
            _ => found.extend(dataset.test.iter().filter(is_bad).map(source)),
        }
        ensure!(
            found.len() > before,
            "{} has no image that is labelled as a defect: give the folder of the bad ones",
            path.display()
        );
    }
    Ok((found, beside))
}

/// The data set of each path; None of an image.
///
/// # Errors
/// A path that is neither.
fn opened(paths: &[PathBuf]) -> Result<Vec<Option<Dataset>>> {
    let mut opened = Vec::new();
    for path in paths {
        opened.push(match is_image(path) {
            true => None,
            false => Some(Dataset::open(path)?),
        });
    }
    Ok(opened)
}

fn is_image(path: &Path) -> bool {
    path.is_file() && (has_image_extension(path) || begins_like_an_image(path))
}

fn source(sample: &Sample) -> Source {
    Source::file(&sample.image)
}

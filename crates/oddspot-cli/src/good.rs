//! Good images, and bad ones, by the paths that a command is given.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use oddspot::datasets::{Dataset, Label, Layout, Sample, sounds_bad};
use oddspot::images::{Reading, Source, begins_like_an_image, check_all, has_image_extension};
use oddspot::train::GoodImages;

use crate::besides::{lines, listed};
use crate::progress::Phases;
use crate::runtime::Runtime;

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
    /// Take images for good that lie in folders called like bad ones (NOK, bad, defect, reject, fail, …), and, of
    /// `oddspot extend` and `oddspot calibrate`, that seem to be of another part or light
    #[arg(long)]
    pub force: bool,
}

/// A data set to learn from.
///
/// # Errors
/// A path that is none, has no good images to learn from, or cannot be read as a whole.
pub fn data_set(path: &Path) -> Result<Dataset> {
    let dataset = Dataset::open(path)?;
    ensure!(
        !dataset.train.is_empty(),
        "{} has test images but no good ones to learn from: bring those of train/good, or of the split \
         train",
        path.display()
    );
    whole(&dataset)?;
    Ok(dataset)
}

/// Refuses a data set of which something cannot be read: nobody knows what would be missed.
fn whole(dataset: &Dataset) -> Result<()> {
    let unreadable = &dataset.besides.unreadable;
    let shown = unreadable.iter().take(SHOWN);
    let reasons: String = shown.map(|one| format!("\n  {}", one.reason)).collect();
    match unreadable.len() {
        0 => Ok(()),
        1 => bail!("{}; mend it, or take it away", unreadable[0].reason),
        count => bail!(
            "{count} folders or links of {} cannot be read; mend them, or take them away:{reasons}",
            dataset.root.display()
        ),
    }
}

impl GoodArgs {
    /// What is to be told of a data set's good images: the folders that they lie in, and what lies beside.
    ///
    /// # Errors
    /// Folders that are called like bad images, unless they were to be taken all the same.
    pub fn look(self, dataset: &Dataset) -> Result<Vec<String>> {
        let mut told = Vec::new();
        // What a file lists is labelled one by one.
        if matches!(dataset.layout, Layout::Folder | Layout::MvtecAd) {
            let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
            for sample in dataset.train.iter().chain(&dataset.held_out) {
                *folders.entry(folder_of(dataset, sample)).or_default() += 1;
            }
            self.refuse(dataset, &folders)?;
            if folders.len() > 1 {
                told.push(format!(
                    "of {} folders: {}",
                    folders.len(),
                    counted(&folders)
                ));
            }
            told.extend(bad_files(dataset));
        }
        told.extend(lines(&dataset.besides, false));
        Ok(told)
    }

    fn refuse(self, dataset: &Dataset, folders: &BTreeMap<&Path, usize>) -> Result<()> {
        let bad = folders.iter().filter(|(folder, _)| is_called_bad(folder));
        let bad: BTreeMap<&Path, usize> = bad.map(|(&folder, &count)| (folder, count)).collect();
        let own = own_name(dataset).filter(|name| is_called_bad(Path::new(name)));
        if self.force {
            if let Some(name) = &own {
                tell!(
                    "taken for good although it is called like bad images: {}",
                    name.display()
                );
            }
            if !bad.is_empty() {
                tell!(
                    "taken for good although they are called like bad images: {}",
                    counted(&bad)
                );
            }
            return Ok(());
        }
        ensure!(
            own.is_none(),
            "{} is called like a folder of bad images; give the folder of the good ones, or add --force if \
             these are good",
            dataset.root.display()
        );
        let Some(first) = bad.keys().next() else {
            return Ok(());
        };
        bail!(
            "among the good images of {} are folders that are called like bad ones: {}; give the folder of \
             the good ones, leave these out (--exclude '{}/*'), or add --force if they are good",
            dataset.root.display(),
            counted(&bad),
            first.display()
        )
    }
}

/// The name of a folder without a layout, however it was given; None of another data set, in which each image has
/// a label of its own.
fn own_name(dataset: &Dataset) -> Option<OsString> {
    let whole = dataset.root.canonicalize().ok()?;
    let name = whole.file_name()?.to_owned();
    (dataset.layout == Layout::Folder).then_some(name)
}

/// Good images that lie in folders called like bad ones; none of a data set in which each has a label of its own.
pub fn called_bad(dataset: &Dataset) -> impl Iterator<Item = &Sample> {
    let has_folders = matches!(dataset.layout, Layout::Folder | Layout::MvtecAd);
    let good = dataset.train.iter().chain(&dataset.held_out);
    good.filter(move |sample| has_folders && is_called_bad(folder_of(dataset, sample)))
}

fn is_called_bad(folder: &Path) -> bool {
    folder
        .iter()
        .any(|part| sounds_bad(&part.to_string_lossy()))
}

/// The folder of an image, below the data set's.
fn folder_of<'a>(dataset: &Dataset, sample: &'a Sample) -> &'a Path {
    let folder = sample.image.parent().unwrap_or(Path::new(""));
    folder.strip_prefix(&dataset.root).unwrap_or(folder)
}

/// Folders with how many images each has.
fn counted(folders: &BTreeMap<&Path, usize>) -> String {
    let shown = folders.iter().take(SHOWN).map(|(folder, count)| {
        let name = folder.display().to_string();
        format!(
            "{} ({count})",
            if name.is_empty() { "its own" } else { &name }
        )
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if folders.len() > SHOWN {
        text += &format!(", and {} more", folders.len() - SHOWN);
    }
    text
}

/// A warning of good images whose own names are those of bad ones.
fn bad_files(dataset: &Dataset) -> Option<String> {
    let good = dataset.train.iter().chain(&dataset.held_out);
    let names = good.filter(|sample| {
        let stem = sample.image.file_stem().unwrap_or_default();
        sounds_bad(&stem.to_string_lossy())
    });
    let names: Vec<&Path> = names.map(|sample| sample.image.as_path()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "warning: {} of the good images are called like bad ones: {}",
            names.len(),
            listed(&names)
        )
    })
}

/// The same images, each once, all of them usable; None if the user asked to stop. What was left out goes to
/// `told`.
///
/// # Errors
/// Every image that cannot be used.
pub fn each_once(
    (images, reading): (GoodImages, Reading),
    runtime: &Runtime,
    told: &mut Vec<String>,
) -> Result<Option<GoodImages>> {
    let count = images.train.len() + images.held_out.len();
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
/// Every image that cannot be used.
pub fn usable(images: (&[Source], Reading), root: &Path, runtime: &Runtime) -> Result<bool> {
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
    let mut phases = Phases::default();
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

/// The good images of files, folders and data sets: of the latter those to learn from.
///
/// # Errors
/// A path that does not exist, that has no good image, or that is called like bad ones inside.
pub fn good_images(paths: &[PathBuf], args: GoodArgs) -> Result<GoodImages> {
    let mut found = GoodImages::default();
    for path in paths {
        if is_image(path) {
            found.train.push(Source::file(path));
            continue;
        }
        let dataset = Dataset::open(path)?;
        whole(&dataset)?;
        for line in args.look(&dataset)? {
            tell!("{}: {line}", path.display());
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
    Ok(found)
}

/// The bad images of files, folders and data sets: of the latter those that are labelled as a defect, of a
/// folder without labels all.
///
/// # Errors
/// A path that does not exist, or that has no bad image.
pub fn bad_images(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths {
        if is_image(path) {
            found.push(Source::file(path));
            continue;
        }
        let dataset = Dataset::open(path)?;
        whole(&dataset)?;
        for line in lines(&dataset.besides, false) {
            tell!("{}: {line}", path.display());
        }
        let is_bad = |sample: &&Sample| matches!(sample.label, Label::Defect(_));
        let before = found.len();
        match dataset.layout {
            Layout::Folder => found.extend(dataset.train.iter().map(source)),
            _ => found.extend(dataset.test.iter().filter(is_bad).map(source)),
        }
        ensure!(
            found.len() > before,
            "{} has no image that is labelled as a defect: give the folder of the bad ones",
            path.display()
        );
    }
    Ok(found)
}

fn is_image(path: &Path) -> bool {
    path.is_file() && (has_image_extension(path) || begins_like_an_image(path))
}

fn source(sample: &Sample) -> Source {
    Source::file(&sample.image)
}

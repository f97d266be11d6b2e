//! Good images that the user wants left out.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Args;
use oddspot::datasets::{Dataset, exclude};

use crate::printing::counted;
use crate::voice::Voice;

/// Before the file that names are listed in.
pub const LIST: char = '@';

/// Names of good images that are left out.
#[derive(Args, Clone, Default)]
pub struct ExcludeArgs {
    /// Leave out this good image: its path below the folder, its file name, or a pattern with `*` and `?`;
    /// @FILE for a file with such a name a line, as `oddspot audit --list` writes it (may be repeated)
    #[arg(long, value_name = "NAME|@FILE", action = clap::ArgAction::Append)]
    pub exclude: Vec<String>,
}

impl ExcludeArgs {
    /// Takes the images out of data sets, and tells how many; the names as they were found.
    ///
    /// # Errors
    /// A list that cannot be read, a name that no good image has, a data set of which nothing is left.
    pub fn apply(&self, datasets: &mut [Dataset], voice: Voice) -> Result<usize> {
        let mut names = Vec::new();
        for one in &self.exclude {
            match one.strip_prefix(LIST) {
                None => names.push(one.clone()),
                Some(file) => names.extend(listed(Path::new(file))?),
            }
        }
        if names.is_empty() {
            return Ok(0);
        }
        let excluded = exclude(datasets, &names)?;
        for dataset in datasets.iter() {
            ensure!(
                !dataset.train.is_empty(),
                "nothing is left of the good images of {}; leave out fewer (--exclude)",
                dataset.root.display()
            );
        }
        let left: usize = datasets
            .iter()
            .map(|one| one.train.len() + one.held_out.len())
            .sum();
        note!(
            voice,
            "{} left out, {left} left",
            counted(excluded, "good image")
        );
        Ok(excluded)
    }
}

/// The names in a file, one a line; empty lines and those that begin with `#` are none.
fn listed(file: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the list of names {}", file.display()))?;
    let lines = text.lines().map(str::trim);
    let names = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

//! Where a service keeps its data, unless it is said otherwise.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The platform's folder for the data of programs.
///
/// # Errors
/// No home directory.
pub fn usual() -> Result<PathBuf> {
    let folder = of(|name| std::env::var_os(name), std::env::home_dir());
    folder.context("no home directory is known; give --data a folder")
}

fn of(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let home = home.filter(|home| home.is_absolute());
    let absolute = |name| {
        let path = variable(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let platform = if cfg!(windows) {
        absolute("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        home?.join("Library/Application Support")
    } else {
        // The XDG base directories: a relative path there is to be ignored.
        absolute("XDG_DATA_HOME").or_else(|| Some(home?.join(".local/share")))?
    };
    Some(platform.join("oddspot").join("station"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_data_is_where_the_platform_has_it() {
        let folder = |data: Option<&str>, home: Option<&str>| {
            let variable = |name: &str| (name == "XDG_DATA_HOME").then_some(data?.into());
            of(variable, home.map(PathBuf::from))
        };
        let found = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            folder(None, Some("/h")),
            found("/h/.local/share/oddspot/station")
        );
        assert_eq!(folder(Some("/x"), None), found("/x/oddspot/station"));
        assert_eq!(folder(Some("x"), None), None);
    }
}

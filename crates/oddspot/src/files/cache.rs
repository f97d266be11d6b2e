//! Where files are kept that can be brought again.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder for what can be brought again: `$ODDSPOT_CACHE`, else `oddspot` in the platform's folder for such files;
/// None where no home directory is known.
pub fn cache_folder() -> Option<PathBuf> {
    folder(|name| std::env::var_os(name), std::env::home_dir())
}

/// The same by the environment and the home directory.
fn folder(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = variable("ODDSPOT_CACHE").filter(|folder| !folder.is_empty()) {
        return Some(folder.into());
    }
    let home = home.filter(|home| home.is_absolute());
    let absolute = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let platform = if cfg!(windows) {
        return Some(absolute("LOCALAPPDATA")?.join("oddspot").join("cache"));
    } else if cfg!(target_os = "macos") {
        home?.join("Library/Caches")
    } else {
        // The XDG base directories: a relative path there is to be ignored.
        absolute("XDG_CACHE_HOME").or_else(|| Some(home?.join(".cache")))?
    };
    Some(platform.join("oddspot"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_cache_is_where_it_was_set_or_where_the_platform_has_it() {
        let folder = |set: &[(&str, &str)], home: Option<&str>| {
            let variable = |name: &str| {
                let found = set.iter().find(|(one, _)| *one == name);
                found.map(|(_, value)| OsString::from(value))
            };
            super::folder(variable, home.map(PathBuf::from))
        };
        let found = |path: &str| Some(PathBuf::from(path));
        let xdg = ("XDG_CACHE_HOME", "/x");
        assert_eq!(folder(&[], Some("/h")), found("/h/.cache/oddspot"));
        assert_eq!(folder(&[xdg], Some("/h")), found("/x/oddspot"));
        assert_eq!(
            folder(&[("XDG_CACHE_HOME", "x")], Some("/h")),
            found("/h/.cache/oddspot")
        );
        assert_eq!(folder(&[("ODDSPOT_CACHE", "own"), xdg], None), found("own"));
        assert_eq!(folder(&[], None), None);
        assert_eq!(folder(&[("ODDSPOT_CACHE", "")], Some("")), None);
    }
}

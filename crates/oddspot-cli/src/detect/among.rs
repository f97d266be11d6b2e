//! Results that would lie among the images that are judged.

use std::path::{Path, PathBuf};

/// Tells if an output folder is one of images, holds some of them, or lies among them: the next run that is given the
/// images must tell results from them.
pub fn told_among(output: &Path, images: &[PathBuf]) -> Option<String> {
    let real_output = real(output);
    images.iter().find_map(|given| {
        // A pipe lies nowhere.
        let real_given = given.canonicalize().ok()?;
        let (output, given) = (output.display(), given.display());
        let said = if real_output == real_given {
            format!(
                "{output} is the folder of the images: results and pictures come to lie among them"
            )
        } else if real_given.starts_with(&real_output) {
            format!(
                "{output} holds the images {given}: results and pictures come to lie beside them"
            )
        } else if real_output.starts_with(&real_given) {
            format!("{output} lies among the images in {given}, and so will results and pictures")
        } else {
            return None;
        };
        Some(format!(
            "warning: {said}; choose another -o to keep them apart"
        ))
    })
}

/// Where a folder really lies, one that is not made yet too.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = |above: &Path| Some((above.canonicalize().ok()?, above.to_owned()));
    match absolute.ancestors().find_map(there) {
        Some((real, above)) => match absolute.strip_prefix(above) {
            Ok(below) => real.join(below),
            Err(_) => absolute,
        },
        None => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_beside_images_are_told_of_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("in/deep")).unwrap();
        std::fs::write(at("in/0.png"), b"").unwrap();
        let told = |output: &str, given: &str| told_among(&at(output), &[at(given)]);
        for (output, given, how) in [
            ("in", "in", "is the folder of the images"),
            ("in/new/found", "in", "lies among the images in"),
            ("", "in", "holds the images"),
            ("in", "in/0.png", "holds the images"),
        ] {
            assert!(
                told(output, given).unwrap().contains(how),
                "{output} {given}"
            );
        }
        assert_eq!(told("found", "in"), None);
        assert_eq!(told("in2", "in"), None);
        assert_eq!(told_among(&at("in"), &["-".into()]), None);
    }
}

//! How settings are explained.

use std::path::Path;

use super::markdown::markdown;
use super::*;

#[test]
fn twelve_settings_are_common_and_all_are_explained() {
    let common: Vec<_> = rows().filter(|row| row.shown == Shown::Common).collect();
    let names: Vec<_> = common.iter().map(|row| row.option).collect();
    let expected = [
        "method",
        "teacher",
        "image-size",
        "alignment",
        "tile",
        "bit-depth",
        "output-stride",
        "offset",
        "iterations",
        "seed",
        "false-alarm-rate",
        "check-rate",
    ];
    assert_eq!(names, expected);
    let mut options: Vec<_> = rows().map(|row| row.option).collect();
    options.sort_unstable();
    options.dedup();
    assert_eq!(options.len(), rows().count());
    for row in rows() {
        assert!(
            (10..=90).contains(&row.help().len()),
            "{}: {}",
            row.name,
            row.help()
        );
        assert!(
            !row.help().ends_with('.') && !row.help().contains('`'),
            "{}",
            row.name
        );
        assert!(row.choices.iter().all(|choice| !choice.help.is_empty()));
    }
}

/// The pages of this repository that hold a table of settings, between two comments.
#[test]
fn the_tables_of_settings_in_the_pages_are_those_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for page in ["docs/settings.md", "README.md"] {
        let path = root.join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut made, mut tables) = (text.clone(), 0);
        for (name, shown) in [("common", Shown::Common), ("advanced", Shown::Advanced)] {
            let begin = format!("<!-- settings: {name} -->\n");
            let Some((before, rest)) = made.split_once(&begin) else {
                continue;
            };
            let (_, after) = rest.split_once("<!-- end -->").unwrap();
            made = format!("{before}{begin}{}<!-- end -->{after}", markdown(shown));
            tables += 1;
        }
        assert!(page == "README.md" || tables == 2, "{page} lacks a table");
        if std::env::var_os("UPDATE").is_some() && made != text {
            std::fs::write(&path, &made).unwrap();
        } else {
            assert!(
                made == text,
                "{page} is not as the settings are; UPDATE=1 cargo test -p oddspot \
                 the_tables_of_settings makes it anew"
            );
        }
    }
}

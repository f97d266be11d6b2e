//! Rows as programs write them, and what they may mean in two ways.

use super::super::tests::{folder, shown};
use crate::datasets::Dataset;

/// What a manifest lists for tests, and what it is taken to mean.
fn read(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let (_folder, path) = folder(name, text);
    let dataset = Dataset::open(&path).unwrap_or_else(|error| panic!("{text}: {error}"));
    (shown(&dataset.test), dataset.besides.meant)
}

#[test]
fn words_for_nothing_are_no_masks() {
    for nothing in ["", "NaN", "nan", "None", "null", "-", "<NA>"] {
        let rows = format!("path,split,label,mask\na.png,test,good,{nothing}\n");
        assert_eq!(read("m.csv", &rows).0, ["a.png Good "], "{nothing}");
        let rows = format!(
            "{{\"path\": \"a.png\", \"split\": \"test\", \"label\": \"cut\", \"mask\": [\"{nothing}\", \"m.png\"]}}"
        );
        let shown = ["a.png Defect(\"cut\") m.png"];
        assert_eq!(read("m.jsonl", &rows).0, shown, "{nothing}");
    }
}

#[test]
fn labels_are_numbers_and_truths_as_programs_write_them() {
    let one = ["a.png Good ", "c.png Defect(\"1\") "];
    let truth = ["a.png Good ", "c.png Defect(\"defect\") "];
    for (column, values, expected, meant) in [
        ("label", ["0", "1"], one, ""),
        ("label", ["0.0", "1.0"], one, ""),
        (
            "label",
            ["False", "True"],
            truth,
            "label: true is taken for a defect",
        ),
        (
            "anomalous",
            ["false", "true"],
            truth,
            "anomalous: true is taken for a defect",
        ),
        (
            "anomalous",
            ["0", "1.0"],
            one,
            "anomalous: true is taken for a defect",
        ),
        (
            "good",
            ["TRUE", "FALSE"],
            truth,
            "good: true is taken for good",
        ),
        ("ok", ["1", "0"], truth, "ok: true is taken for good"),
        (
            "is_good",
            ["1.0", "0.0"],
            truth,
            "is_good: true is taken for good",
        ),
    ] {
        let [good, bad] = values;
        let csv = format!("path,split,{column}\na.png,test,{good}\nc.png,test,{bad}\n");
        let json = |image: &str, value: &str| {
            let value = value.to_lowercase();
            format!("{{\"path\": \"{image}\", \"split\": \"test\", \"{column}\": {value}}}\n")
        };
        let json = json("a.png", good) + &json("c.png", bad);
        for (name, text) in [("m.csv", csv), ("m.jsonl", json)] {
            let found = read(name, &text);
            assert_eq!(found.0, expected, "{text}");
            assert_eq!(found.1.join(""), meant, "{text}");
        }
    }
}

#[test]
fn the_column_of_the_path_may_be_called_otherwise_and_splits_by_their_whole_words() {
    for column in ["filename", "File", "image", "image_path"] {
        let rows = format!("{column},split,label\na.png,Testing,good\nb.png,Training,good\n");
        let (shown, meant) = read("m.csv", &rows);
        assert_eq!(shown, ["a.png Good "]);
        let said = format!("{} is taken for the path", column.to_lowercase());
        assert_eq!(meant, [said]);
    }
    let rows = "image,path,split,label\nx,a.png,test,good\n";
    assert_eq!(
        read("m.csv", rows),
        (vec!["a.png Good ".to_owned()], vec![])
    );
}

#[test]
fn what_may_be_meant_in_two_ways_is_refused_by_line_and_column() {
    let head = "path,split,label,mask\n";
    for (name, text, said) in [
        (
            "m.csv",
            "file,image,split,label\na.png,a.png,test,good\n".to_owned(),
            "line 2: either of the columns file and image may be the path",
        ),
        (
            "m.csv",
            "path,split,good,ok\na.png,test,1,1\n".to_owned(),
            "either of the columns good and ok may be the label",
        ),
        (
            "m.csv",
            "path,split,label,label\na.png,test,good,cut\n".to_owned(),
            "the column label is there twice",
        ),
        (
            "m.csv",
            format!("{head}a.png,test,NaN,\n"),
            "line 2: the label 'NaN' says nothing",
        ),
        (
            "m.csv",
            format!("{head}a.png,test,0.5,\n"),
            "line 2: the label 0.5 is neither 0 nor 1",
        ),
        (
            "m.csv",
            "path,split,good\na.png,test,cut\n".to_owned(),
            "line 2: the good 'cut' is neither true nor false",
        ),
        (
            "m.jsonl",
            "{\"path\": \"a.png\", \"split\": \"test\", \"label\": [1]}".to_owned(),
            "line 1: the label is neither a text nor a number",
        ),
        (
            "m.jsonl",
            "{\"path\": \"a.png\", \"split\": \"test\", \"label\": \"cut\", \"mask\": 7}"
                .to_owned(),
            "line 1: the mask 7 is no path",
        ),
        (
            "m.jsonl",
            "[{\"path\": \"a.png\", \"split\": \"test\", \"label\": \"cut\"}]".to_owned(),
            "write an object a line",
        ),
        (
            "m.csv",
            format!("{head}C:\\data\\a.png,test,good,\n"),
            "a path begins at the list's folder",
        ),
        ("m.csv", "PK\u{3}\u{4}".to_owned(), "as Excel has it"),
    ] {
        let (_folder, path) = folder(name, &text);
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

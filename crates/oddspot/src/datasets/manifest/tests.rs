//! Manifests as programs and spreadsheets write them, and lines that need mending.

use std::fs;

use super::*;

pub(super) fn folder(manifest: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png", "c.png", "d.png", "m.png", "n.png"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let path = folder.path().join(manifest);
    fs::write(&path, text).unwrap();
    (folder, path)
}

pub(super) fn shown(samples: &[Sample]) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let show = |sample: &Sample| {
        let masks: Vec<_> = sample.masks.iter().map(name).collect();
        format!(
            "{} {:?} {}",
            name(&sample.image),
            sample.label,
            masks.join("+")
        )
    };
    samples.iter().map(show).collect()
}

#[test]
fn both_forms_list_the_same_samples() {
    let csv = "\u{feff}path,split,label,mask,note\n\
               b.png,train,good,,x\na.png, train, normal,,\nd.png,val,good,,\n\
               c.png,test,cut,m.png; n.png,\n";
    let jsonl = r#"
        {"path": "b.png", "split": "train", "label": "good"}
        {"path": "a.png", "split": "train", "label": "good", "mask": null}
        {"path": "d.png", "split": "validation", "label": "good", "mask": ""}
        {"path": "c.png", "split": "test", "label": "cut", "mask": ["m.png", "n.png"]}"#;
    for (name, text) in [("list.csv", csv), ("list.jsonl", jsonl)] {
        let (_folder, path) = folder(name, text);
        let dataset = Dataset::open(&path).unwrap();
        assert_eq!(dataset.layout, Layout::Manifest);
        assert_eq!(shown(&dataset.train), ["a.png Good ", "b.png Good "]);
        assert_eq!(shown(&dataset.held_out), ["d.png Good "]);
        assert_eq!(shown(&dataset.test), ["c.png Defect(\"cut\") m.png+n.png"]);
        let split = dataset.split(0).unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (2, 1));
    }
}

#[test]
fn a_manifest_is_read_as_spreadsheets_save_it() {
    let plain =
        "path,split,label,mask\nb.png,train,good,\na.png,test,good,\nc.png,test,cut,m.png\n";
    let wide = |text: &str| -> Vec<u8> {
        let marked = "\u{feff}".to_owned() + text;
        marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let (_folder, path) = folder("m.csv", plain);
    let expected = Dataset::open(&path).unwrap();
    assert_eq!(expected.test.len(), 2);
    for (how, bytes) in [
        ("semicolons", plain.replace(',', ";").into_bytes()),
        ("tabs", plain.replace(',', "\t").into_bytes()),
        ("bars", plain.replace(',', "|").into_bytes()),
        ("UTF-16", wide(plain)),
        ("UTF-16 with tabs", wide(&plain.replace(',', "\t"))),
        (
            "sep",
            format!("sep=,\r\n{}", plain.replace('\n', "\r\n")).into_bytes(),
        ),
        (
            "sep of semicolons",
            format!("sep=;\n{}", plain.replace(',', ";")).into_bytes(),
        ),
        (
            "capital columns",
            plain
                .replace("path,split,label,mask", "Path, SPLIT,Label,Mask")
                .into_bytes(),
        ),
        (
            "capital splits",
            plain
                .replace(",test,", ",Test,")
                .replace("train", "TRAIN")
                .into_bytes(),
        ),
        ("another good", plain.replace(",good,", ",OK,").into_bytes()),
        ("numbers", plain.replace(",good,", ",0,").into_bytes()),
        ("a comma too many", plain.replace('\n', ",\n").into_bytes()),
        ("empty rows", format!("{plain},,,\n\n,,,\n").into_bytes()),
        (
            "quotes",
            format!(
                "\"path\";\"split\";\"label\";\"mask\"\n{}",
                plain.replace(',', ";").split_once('\n').unwrap().1
            )
            .into_bytes(),
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        let found = Dataset::open(&path).unwrap_or_else(|error| panic!("{how}: {error}"));
        assert_eq!(found, expected, "{how}");
    }
    let jsonl = "{\"Path\": \"b.png\", \"SPLIT\": \"Train\", \"label\": 0}\n\
                 {\"path\": \"c.png\", \"split\": \"test\", \"label\": 1}\n";
    let (_folder, path) = folder("m.jsonl", "");
    fs::write(&path, wide(jsonl)).unwrap();
    let found = Dataset::open(&path).unwrap();
    assert_eq!(shown(&found.train), ["b.png Good "]);
    assert_eq!(shown(&found.test), ["c.png Defect(\"1\") "]);
    // Lines are counted with the one that names the separator.
    let (_folder, path) = folder("m.csv", "sep=;\npath;split;label\nx.png;test;good\n");
    let error = Dataset::open(&path).unwrap_err().to_string();
    assert!(error.contains("line 3: there is no file"), "{error}");
    let (_folder, path) = folder("m.csv", "bild;split;label\na.png;test;good\n");
    let error = Dataset::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("missing field `path`; the columns are bild, split, label"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn paths_of_windows_are_read_where_no_such_file_is() {
    let (root, path) = folder(
        "m.csv",
        "path,split,label,mask\nsub\\e.png,test,cut,.\\m.png\n",
    );
    fs::create_dir(root.path().join("sub")).unwrap();
    fs::write(root.path().join("sub/e.png"), "").unwrap();
    let found = Dataset::open(&path).unwrap();
    assert_eq!(shown(&found.test), ["e.png Defect(\"cut\") m.png"]);
    // A file of that very name comes first.
    fs::write(root.path().join("sub\\e.png"), "").unwrap();
    let found = Dataset::open(&path).unwrap();
    assert!(found.test[0].image.ends_with("sub\\e.png"));
    fs::write(&path, "path,split,label\nno\\f.png,test,cut\n").unwrap();
    let error = Dataset::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("no\\f.png, nor") && error.contains("no/f.png"),
        "{error}"
    );
}

#[test]
fn an_image_that_is_listed_twice_is_named_with_both_lines() {
    let rows = "path,split,label\na.png,train,good\nb.png,test,good\na.png,test,good\n";
    let (_folder, path) = folder("m.csv", rows);
    let error = Dataset::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("line 4: ") && error.contains("a.png is listed on line 2"),
        "{error}"
    );
}

#[test]
fn an_image_that_is_spelled_in_two_ways_is_listed_twice() {
    for other in ["./a.png", "sub/../a.png", ".\\a.png"] {
        let rows = format!("path,split,label\na.png,test,good\n{other},test,cut\n");
        let (root, path) = folder("m.csv", &rows);
        fs::create_dir(root.path().join("sub")).unwrap();
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 3: ") && error.contains("is listed on line 2"),
            "{error}"
        );
    }
}

#[test]
fn all_lines_that_need_mending_are_named_the_first_ten_in_full() {
    let mut rows = "path,split,label,mask\na.png,test,good,\nx.png,exam,cut,y.png\n".to_owned();
    for number in 0..12 {
        rows += &format!("none{number:02}.png,test,good,\n");
    }
    let (_folder, path) = folder("m.csv", &rows);
    let error = Dataset::open(&path).unwrap_err().to_string();
    for said in [
        "13 of its lines",
        "line 3: ",
        "x.png",
        "y.png",
        "'exam'",
        "line 4: ",
        "none08.png",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
    assert!(
        !error.contains("none09.png") && error.ends_with("and 3 more"),
        "{error}"
    );
}

#[test]
fn a_bad_line_is_named() {
    let head = "path,split,label,mask\n";
    for (name, text, said) in [
        (
            "m.csv",
            "path,label\na.png,good\n".to_owned(),
            "line 2: missing field `split`",
        ),
        (
            "m.csv",
            format!("{head}a.png,train,good\n"),
            "line 2: 3 values for 4 columns",
        ),
        (
            "m.csv",
            format!("{head}a.png,train,good,\nx.png,test,cut,\n"),
            "line 3: there is no file",
        ),
        (
            "m.csv",
            format!("{head}a.png,test,cut,x.png\n"),
            "line 2: there is no file",
        ),
        (
            "m.csv",
            format!("{head}a.png,exam,good,\n"),
            "line 2: the split 'exam'",
        ),
        (
            "m.csv",
            format!("{head}a.png,train,cut,\n"),
            "line 2: an image of 'cut' cannot",
        ),
        (
            "m.csv",
            format!("{head}a.png,test,,\n"),
            "line 2: the label is empty",
        ),
        ("m.csv", head.to_owned(), "it lists no image"),
        ("m.csv", String::new(), "it lists no image"),
        (
            "m.jsonl",
            "{\"path\": 1}".to_owned(),
            "line 1: the path is no text; missing field `split`",
        ),
        ("m.jsonl", "\n{".to_owned(), "line 2: EOF"),
    ] {
        let (_folder, path) = folder(name, &text);
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
    let (_folder, path) = folder("m.csv", "");
    fs::write(&path, b"path,split,label\n\xff.png,train,good\n").unwrap();
    let error = Dataset::open(&path).unwrap_err().to_string();
    assert!(error.contains("line 2: it is not UTF-8"), "{error}");
}

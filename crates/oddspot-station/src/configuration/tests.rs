use super::*;

fn loaded(text: &str) -> Result<Configuration> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.toml");
    std::fs::write(&path, text).unwrap();
    let read = Configuration::load(&path)?;
    assert!(read.stations.iter().all(|one| {
        let model = one.model.as_ref();
        model.is_none_or(|model| model.starts_with(folder.path()))
    }));
    Ok(read)
}

#[test]
fn a_file_has_stations_and_limits_and_the_rest_is_as_it_is_without() {
    let text = "[[station]]\nname = \"top\"\nmodel = \"a.oddspot\"\nafter = \"move\"\n[limits]\nqueue = 2\n";
    let read = loaded(text).unwrap();
    assert_eq!(read.limits.queue, 2);
    assert_eq!(read.limits.body, Limits::default().body);
    assert_eq!(read.stations[0].after, After::Move);
    assert_eq!(read.listen.to_string(), "127.0.0.1:8480");
    assert!(read.language.is_none());
    let german = loaded("language = \"de\"\n").unwrap().language;
    assert_eq!(german.map(Language::code), Some("de"));
}

#[test]
fn a_mistake_is_named_with_its_line_and_key() {
    let said = |text: &str| loaded(text).unwrap_err().to_string();
    let unknown = said("threads = 1\n[limits]\nqueues = 2\n");
    assert!(
        unknown.contains("line 3") && unknown.contains("queues"),
        "{unknown}"
    );
    let language = said("\nlanguage = \"tlh\"\n");
    assert!(
        language.contains("line 2") && language.contains("de, en"),
        "{language}"
    );
    let kind = said("[limits]\nqueue = \"many\"\n");
    assert!(kind.contains("line 2"), "{kind}");
    let twice = said("[[station]]\nname = \"a\"\n[[station]]\nname = \"a\"\n");
    assert!(twice.contains("two stations are called a"), "{twice}");
    let folder = "[[station]]\nname = \"a\"\nfolder = \"in\"\n";
    let shared = said(&(folder.to_owned() + &folder.replace("\"a\"", "\"b\"")));
    assert!(shared.contains("two stations take images from"), "{shared}");
    let case = said("[[station]]\nname = \"a\"\n[[station]]\nname = \"A\"\n");
    assert!(case.contains("A differs from station a in"), "{case}");
    let name = said("[[station]]\nname = \"../a\"\n");
    assert!(name.contains("\"../a\""), "{name}");
    let below =
        said(&(folder.to_owned() + &folder.replace("\"a\"", "\"b\"").replace("in", "in/b")));
    assert!(below.contains("from below it"), "{below}");
    // By their names too, as long as they are not there.
    let twisted = folder
        .replace("\"a\"", "\"b\"")
        .replace("in", "./x/../in/b");
    let twisted = said(&(folder.to_owned() + &twisted));
    assert!(twisted.contains("from below it"), "{twisted}");
    let endless = said("[limits]\nqueue = 9000000000000000000\n");
    assert!(endless.contains("limits.queue"), "{endless}");
    let none = said("[limits]\nbody = 0\n");
    assert!(none.contains("limits.body"), "{none}");
    let half = said("\n[tls]\ncertificate = \"a.pem\"\n");
    assert!(half.contains("`key`"), "{half}");
    for (said, line) in [
        (twice, 4),
        (case, 4),
        (shared, 6),
        (name, 2),
        (below, 6),
        (twisted, 6),
        (endless, 2),
        (none, 2),
        (half, 2),
    ] {
        assert!(
            said.contains(&format!("serve.toml: line {line}: ")),
            "{said}"
        );
    }
}

#[test]
fn folders_in_the_data_folder_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.toml");
    let said = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let read = Configuration::load(&path).unwrap();
        let data = folder.path().join("d");
        let refused = read.check_apart(&data).err();
        refused.map(|error| error.to_string()).unwrap_or_default()
    };
    let station = "[[station]]\nname = \"a\"\nfolder = \"in\"\n";
    let output = "[[station.output]]\nkind = \"csv\"\nfolder = \"out\"\n";
    assert_eq!(said(&(station.to_owned() + output)), "");
    // Around it is no matter: what the service writes is left out.
    assert_eq!(said(&station.replace("in\"", ".\"")), "");
    let own = said(&station.replace("in\"", "x/../d/in\""));
    let of_output = said(&(station.to_owned() + &output.replace("\"out\"", "\"d\"")));
    for (said, place) in [
        (own, "serve.toml: line 3: station.folder: "),
        (of_output, "serve.toml: line 6: station.output.folder: "),
    ] {
        assert!(said.contains(place), "{said}");
        assert!(said.contains("lies in the data folder"), "{said}");
    }
}

#[test]
fn a_file_that_lacks_is_told_with_the_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.toml");
    let text = "[[station]]\nname = \"a\"\nmodel = \"no.oddspot\"\n[tls]\ncertificate = \"no.pem\"\nkey = \"no.key\"\n";
    std::fs::write(&path, text).unwrap();
    let mut read = Configuration::load(&path).unwrap();
    let model = read.place_of_model(0);
    assert!(
        model.ends_with("serve.toml: line 3: station.model"),
        "{model}"
    );
    let lacks = Error::at(Kind::System, "no.pem", "there is no such file");
    let said = read.of_tls(&lacks.of_key("tls.certificate")).to_string();
    assert!(
        said.contains("serve.toml: line 5: tls.certificate: "),
        "{said}"
    );
    assert!(said.contains("no.pem"), "{said}");
    // By an option in its place.
    read.stations[0].model = Some(PathBuf::from("other.oddspot"));
    assert_eq!(read.place_of_model(0), "station a: model");
}

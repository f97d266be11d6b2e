use crate::configuration::Configuration;

fn loaded(text: &str) -> crate::Result<Configuration> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.toml");
    std::fs::write(&path, text).unwrap();
    Configuration::load(&path)
}

#[test]
fn the_documentation_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["webhook.secret", "mqtt.password"] {
        std::fs::write(folder.path().join(file), "secret\n").unwrap();
    }
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(folder.path().join("plant-ca.pem"), certificate).unwrap();
    let docs = include_str!("../../../../../docs/station.md");
    let path = folder.path().join("serve.toml");
    let read = docs.split("```toml\n").skip(1).map(|text| {
        std::fs::write(&path, text.split("```").next().unwrap()).unwrap();
        Configuration::load(&path).unwrap()
    });
    let read: Vec<Configuration> = read.collect();
    let kinds = read.iter().flat_map(|one| &one.stations);
    let kinds = kinds.flat_map(|station| &station.outputs);
    let kinds: Vec<&str> = kinds.map(|output| output.kind.word()).collect();
    assert_eq!(kinds, ["csv", "webhook", "mqtt", "modbus"]);
}

#[test]
fn a_mistake_of_an_output_is_named_with_its_line_and_key() {
    let said = |output: &str| {
        let text = format!("[[station]]\nname = \"a\"\n[[station.output]]\n{output}");
        loaded(&text).unwrap_err().to_string()
    };
    let secretless = "kind = \"webhook\"\nurl = \"http://a/\"\nsecret_file = \"none\"\n";
    let mqtt = "kind = \"mqtt\"\nsite = \"a/b\"\nbroker = \"mqtt://b\"\n";
    let site = "site = \"plant\"\n";
    let plain = format!("kind = \"mqtt\"\n{site}broker = \"mqtt://b\"\n");
    let user = plain.replace("//b", "//u:geheim@b");
    let path = plain.replace("//b", "//b/x");
    let same = format!(
        "{plain}[[station.output]]\nname = \"b\"\nkind = \"mqtt\"\n{site}broker = \"mqtt://B:1883/\"\n"
    );
    let twice = "kind = \"modbus\"\nunit = 1\n[[station.output]]\nname = \"b\"\nkind = \"modbus\"\nunit = 1\n";
    for (output, line, words) in [
        ("kind = \"fax\"\n", 4, "fax"),
        ("kind = \"csv\"\n", 4, "needs folder"),
        (
            "kind = \"csv\"\nfolder = \"f\"\nurl = \"u\"\n",
            6,
            "url is nothing of",
        ),
        (
            "kind = \"webhook\"\nurl = \"ftp://a\"\n",
            5,
            "cannot be sent to",
        ),
        (secretless, 6, "cannot be read"),
        (mqtt, 5, "a site cannot be called"),
        ("kind = \"modbus\"\nunit = 248\n", 5, "take 1 to 247"),
        (&user, 6, "give user, and password_file"),
        (&path, 6, "given by site"),
        (&same, 11, "everything twice"),
        (twice, 9, "unit 1"),
        (&twice.replace("name = \"b\"\n", ""), 7, "called modbus"),
        ("kind = \"csv\"\nfolders = \"f\"\n", 5, "folders"),
    ] {
        let said = said(output);
        let at = format!("serve.toml: line {line}: ");
        assert!(said.contains(&at) && said.contains(words), "{said}");
        assert!(!said.contains("geheim"), "{said}");
    }
}

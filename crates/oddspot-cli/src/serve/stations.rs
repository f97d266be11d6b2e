//! The stations of a service: those of its file, and what options say of one of them.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use oddspot_station::Configuration;
use oddspot_station::configuration::{StationConfiguration, TlsConfiguration, is_no_folder};

use super::ServeArgs;

/// What a station is called whose model's file has no usable name.
const UNNAMED: &str = "station";

/// What the file says, and the options in its place.
///
/// # Errors
/// A file that cannot be read; options of which it is not said what station they are for; what cannot be served.
pub fn configured(args: &ServeArgs) -> Result<Configuration> {
    let mut configuration = match &args.config {
        Some(file) => Configuration::load(file)?,
        None => Configuration::default(),
    };
    if let Some(listen) = args.listen {
        configuration.listen = listen;
    }
    if let Some(data) = &args.data {
        configuration.data = Some(data.clone());
    }
    if let Some(database) = &args.database {
        configuration.database = Some(database.parse()?);
    }
    if let Some(threads) = args.threads {
        configuration.threads = threads;
    }
    if let (Some(certificate), Some(key)) = (&args.tls_certificate, &args.tls_key) {
        configuration.tls = Some(TlsConfiguration {
            certificate: certificate.clone(),
            key: key.clone(),
        });
    }
    configuration.forget.clone_from(&args.forget_output);
    set_station(&mut configuration.stations, args)?;
    configuration.check()?;
    Ok(configuration)
}

fn set_station(stations: &mut Vec<StationConfiguration>, args: &ServeArgs) -> Result<()> {
    let ServeArgs {
        model,
        name,
        folder,
        after,
        ..
    } = args;
    if model.is_none() && name.is_none() && folder.is_none() {
        ensure!(
            after.is_none(),
            "--after says what becomes of a --folder's images: give that too"
        );
        return Ok(());
    }
    let name = match (name, &stations[..], model) {
        (Some(name), ..) => name.clone(),
        (None, [only], _) => only.name.clone(),
        (None, [], Some(model)) => name_of(model),
        (None, [], None) => bail!("give --model too, or --name with a station that judged before"),
        (None, ..) => bail!("there are several stations: say by --name which is meant"),
    };
    let at = stations.iter().position(|one| one.name == name);
    let at = at.unwrap_or_else(|| {
        stations.push(StationConfiguration::named(&name));
        stations.len() - 1
    });
    let station = &mut stations[at];
    if let Some(model) = model {
        station.model = Some(model.clone());
    }
    if let Some(folder) = folder {
        ensure!(
            !is_no_folder(folder),
            "{} is no folder: give the one that images come into",
            folder.display()
        );
        station.folder = Some(folder.clone());
    }
    if let Some(after) = after {
        ensure!(
            station.folder.is_some(),
            "--after says what becomes of a --folder's images: give that too"
        );
        station.after = (*after).into();
    }
    Ok(())
}

/// A station's name by its model's file.
fn name_of(model: &Path) -> String {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| match letter.is_ascii_alphanumeric() || letter == '_' {
        true => letter,
        false => '-',
    };
    let name: String = stem.chars().map(plain).take(64).collect();
    match name.trim_matches('-') {
        "" => UNNAMED.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(model: Option<&str>, name: Option<&str>) -> ServeArgs {
        ServeArgs {
            command: None,
            tls_certificate: None,
            tls_key: None,
            config: None,
            listen: None,
            data: None,
            database: None,
            model: model.map(Into::into),
            name: name.map(str::to_owned),
            folder: None,
            after: None,
            threads: None,
            forget_output: Vec::new(),
            demo: false,
        }
    }

    #[test]
    fn options_are_for_the_station_that_they_name_or_the_only_one() {
        let mut stations = Vec::new();
        set_station(&mut stations, &args(Some("a/my part.oddspot"), None)).unwrap();
        assert_eq!(stations[0].name, "my-part");
        set_station(&mut stations, &args(Some("b.oddspot"), None)).unwrap();
        assert_eq!(stations.len(), 1);
        assert_eq!(stations[0].model, Some("b.oddspot".into()));
        set_station(&mut stations, &args(None, Some("other"))).unwrap();
        assert_eq!(stations[1].name, "other");
        let several = set_station(&mut stations, &args(Some("c"), None)).unwrap_err();
        assert!(several.to_string().contains("--name"), "{several}");
        assert_eq!(name_of(Path::new("/é")), UNNAMED);
    }
}

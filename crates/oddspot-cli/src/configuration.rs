//! The settings of a training: a preset, a file of settings, and an option for each setting.

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::Result;
use clap::builder::{PossibleValue, PossibleValuesParser, ValueParser};
use clap::error::Error as UsageError;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use oddspot::settings::{self, Row, Settings, Shown};
use oddspot::{Error, Subject};

/// Where settings come from: the later ones replace the earlier.
#[derive(Args, Clone, Default)]
pub struct Configuration {
    /// Settings to start from [default: default, or those of the training that is resumed]
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// TOML file with settings that replace the preset's
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// Single settings, which replace those of the preset and the file
    #[command(flatten)]
    given: Given,
}

/// Presets of `--preset`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// This program's best settings
    Default,
    /// The closed-form part of the default, in seconds
    Instant,
    /// The default in a model file of less than half the size, a little less sure
    Compact,
    /// The paper's
    Paper,
}

impl Configuration {
    /// The preset (without one, `first`), then the file, then the single settings.
    ///
    /// # Errors
    /// A file that cannot be read, or a setting out of range.
    pub fn over(&self, first: Settings) -> Result<Settings> {
        let mut settings = match self.preset {
            None => first,
            Some(Preset::Default) => Settings::default(),
            Some(Preset::Instant) => Settings::instant(),
            Some(Preset::Compact) => Settings::compact(),
            Some(Preset::Paper) => Settings::paper(),
        };
        if let Some(file) = &self.config {
            settings = settings.overlaid_with_file(file)?;
        }
        for (name, text) in &self.given.0 {
            settings.set(name, text)?;
        }
        settings.validate()?;
        Ok(settings)
    }

    /// The same with a setting given by its name, such as "training.iterations".
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.given.0.push((name, value.to_string()));
        self
    }

    /// Whether a single setting was given, by its name.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.0.iter().any(|(given, _)| *given == name)
    }
}

/// What an error says; that of a setting also names its option.
pub fn with_option(error: &Error) -> String {
    let row = match (error.subject(), error.path()) {
        (Subject::Setting(name), None) => settings::row(name),
        _ => None,
    };
    match row {
        Some(Row { name, option, .. }) => {
            format!("bad setting: {name} (--{option}): {}", error.reason())
        }
        None => error.to_string(),
    }
}

/// Single settings that were given, by their names, as they were written: an option for each row of
/// the table of settings.
#[derive(Clone, Default)]
struct Given(Vec<(&'static str, String)>);

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, UsageError> {
        let given = settings::rows().filter_map(|row| {
            let text = matches.get_one::<String>(row.name)?;
            Some((row.name, text.clone()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), UsageError> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command
            .args(settings::rows().map(option))
            .disable_help_flag(true)
            .arg(
                help("help", ArgAction::HelpShort)
                    .short('h')
                    .help("Print help with the settings that most need"),
            )
            .arg(help("help-all", ArgAction::HelpLong).help("Print help with all settings"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn help(name: &'static str, action: ArgAction) -> Arg {
    // Behind all others, where help is looked for.
    Arg::new(name).long(name).action(action).display_order(1000)
}

/// The option of a setting. Its default is told, but not set: a preset or a file may have another.
fn option(row: &'static Row) -> Arg {
    let advice = match row.name {
        "teacher" => " (`oddspot teacher list` names those at hand)",
        _ => "",
    };
    let default = format!("{}{advice} [default: {}]", row.help(), row.default());
    let mut all = default.clone();
    if row.paper() != row.default() {
        all += &format!(" [paper: {}]", row.paper());
    }
    if !row.range().is_empty() {
        all += &format!(" [range: {}]", row.range());
    }
    if !row.more().is_empty() {
        all += &format!("\n{}", row.more());
    }
    let arg = Arg::new(row.name)
        .long(row.option)
        .value_name(row.placeholder)
        .value_parser(parser(row))
        .allow_hyphen_values(row.default().contains(','))
        .help(default)
        .long_help(all);
    match row.shown {
        Shown::Common => arg.help_heading("Settings"),
        Shown::Advanced => arg.help_heading("Advanced settings").hide_short_help(true),
    }
}

fn parser(row: &'static Row) -> ValueParser {
    if row.choices.is_empty() {
        return ValueParser::new(|text: &str| match row.set(&mut Settings::default(), text) {
            Ok(()) => Ok(text.to_owned()),
            Err(error) => Err(error.reason().to_owned()),
        });
    }
    let choices = (row.choices.iter()).map(|one| PossibleValue::new(one.name).help(one.help));
    PossibleValuesParser::new(choices).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    #[command(args_override_self = true)]
    struct Train {
        #[command(flatten)]
        configuration: Configuration,
    }

    fn parsed(options: &str) -> Result<Configuration, UsageError> {
        use clap::Parser as _;
        let words = ["train"].into_iter().chain(options.split_whitespace());
        Train::try_parse_from(words).map(|train| train.configuration)
    }

    /// The help that an option prints, and what it has of each setting.
    fn shown(option: &str) -> (String, Vec<&'static str>) {
        let text = match parsed(option) {
            Err(printed) if !printed.use_stderr() => printed.to_string(),
            _ => panic!("{option} prints no help"),
        };
        let has = |row: &&Row| text.contains(&format!("--{} <", row.option));
        let names = settings::rows().filter(has).map(|row| row.name).collect();
        (text, names)
    }

    #[test]
    fn help_shows_the_settings_that_most_need_and_their_defaults() {
        let (text, names) = shown("--help");
        assert_eq!(names.len(), 12);
        assert!(
            text.contains("[default: 2500]") && !text.contains("[paper:"),
            "{text}"
        );
        assert!(!text.contains("Advanced"), "{text}");
        assert_eq!(shown("-h").0, text);
    }

    #[test]
    fn help_all_shows_all_settings_and_where_the_paper_has_others() {
        let (text, names) = shown("--help-all");
        assert_eq!(names.len(), settings::rows().count());
        for part in [
            "[default: 2500] [paper: 30000] [range: 1 to 100000000]",
            "--batch <N>",
            "Images per step [default: 1] [range: 1 to 1024]",
            "Advanced settings:",
            "- muon:",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn every_setting_has_an_option_that_reads_its_value() {
        for row in settings::rows() {
            let options = format!("--{} {}", row.option, row.paper());
            let configuration = parsed(&options).unwrap();
            assert!(configuration.is_given(row.name), "{options}");
            let mut expected = Settings::default();
            row.set(&mut expected, &row.paper()).unwrap();
            let given = &configuration.given.0;
            assert_eq!(given, &[(row.name, row.paper())], "{options}");
        }
        assert!(!parsed("").unwrap().is_given("method"));
    }

    #[test]
    fn single_settings_beat_the_preset_and_the_last_of_an_option_the_first() {
        let given = "--preset paper --iterations 7 --level-weights 1,0,1 --iterations 8 --hidden 9";
        let settings = parsed(given).unwrap().over(Settings::default()).unwrap();
        assert_eq!(settings.training.iterations, 8);
        assert_eq!(settings.training.level_weights, [1.0, 0.0, 1.0]);
        assert_eq!(settings.position.hidden, 9);
        assert_eq!(settings.teacher, "vgg16");
        let made = Configuration::default().with("training.iterations", 2_800);
        assert!(made.is_given("training.iterations") && !made.is_given("training.seed"));
        let settings = made.over(Settings::paper()).unwrap();
        assert_eq!(settings.training.iterations, 2_800);
        assert_eq!(settings.student.output_stride, 1);
    }

    #[test]
    fn a_text_that_is_no_value_is_a_usage_error() {
        for (options, mentions) in [
            ("--iterations many", "'many' is not a whole number"),
            ("--widths 4,4,8", "must be 4 numbers"),
            ("--method ful", "[possible values: full, baseline, instant]"),
            ("--image-size 0", "320x256"),
        ] {
            let error = parsed(options).err().unwrap();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(text.contains(mentions), "{text}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_told_with_its_option() {
        for (options, expected) in [
            (
                "--smoothing=-1",
                "bad setting: detection.smoothing (--smoothing): -1: must lie between 0 and 64",
            ),
            (
                "--level-weights -1,0.5,1",
                "bad setting: training.level_weights (--level-weights): -1,0.5,1: each must lie \
                 between 0 and 1000000",
            ),
        ] {
            let refused = parsed(options).unwrap().over(Settings::default());
            let error = refused.unwrap_err();
            let error = error.downcast_ref::<Error>().unwrap();
            assert_eq!(with_option(error), expected);
        }
    }
}

//! Results of each day in a folder of its own, and what those of earlier days know.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::ZonedDateTime;
use oddspot::Detector;
use oddspot_arrivals::Taken;

use crate::detect::JudgeArgs;
use crate::detect::differing::Differences;
use crate::detect::earlier::{Earlier, refuse_others};
use crate::detect::foreign::foreign_names;
use crate::detect::input::{Input, Names};
use crate::detect::line::{ResultLine, for_each_line};
use crate::detect::page;
use crate::detect::pictures::Pictures;
use crate::detect::results::{JSON_LINES, Making, Output};
use crate::detect::stamp::Stamps;
use crate::detect::told::{OfFile, Told};

/// Images on a day's page: the newest.
const ON_THE_PAGE: usize = 1_000;
/// Between two pages, at least.
const BETWEEN_PAGES: Duration = Duration::from_secs(2);
/// And so many times as long as a page takes.
const SHARE: u32 = 20;

/// What a run of `watch` writes, day by day.
pub struct Days<'a> {
    output: &'a Path,
    model: &'a Path,
    judging: &'a JudgeArgs,
    stamps: Stamps,
    today: Option<Day>,
}

/// A day's results.
pub struct Day {
    name: String,
    folder: PathBuf,
    told: Told,
    /// Names of its pictures.
    pub names: Names,
    /// Results that are not on the page yet.
    has_news: bool,
    next_page: Instant,
}

impl<'a> Days<'a> {
    /// Into a folder, by a model that was just loaded from its file.
    ///
    /// # Errors
    /// A file that cannot be read; files in the folder of the day that are called as results and are none.
    pub fn new(output: &'a Path, model: &'a Path, judging: &'a JudgeArgs) -> Result<Self> {
        // Said at once, and not when the first image comes.
        let folder = output.join(name_of_today());
        refuse_others(&folder.join(JSON_LINES), &folder.join(page::PAGE))?;
        Ok(Self {
            output,
            model,
            judging,
            // The file may be another tomorrow: it is this one that judges.
            stamps: Stamps::new(model, judging.report.part_id.clone())?,
            today: None,
        })
    }

    /// The day that it is; the one before, if it is another, is ended.
    ///
    /// # Errors
    /// A folder that cannot be written, or that another run writes to.
    pub fn today(&mut self, detector: &Detector) -> Result<&mut Day> {
        let name = name_of_today();
        if self.today.as_ref().is_some_and(|day| day.name != name) {
            self.end()?;
        }
        if let Some(gone) = self
            .today
            .take_if(|day| !day.folder.join(JSON_LINES).is_file())
        {
            tell!(
                "warning: {} was removed while results were written to it: it is begun anew",
                gone.folder.display()
            );
        }
        let day = match self.today.take() {
            Some(day) => day,
            None => self.begin(name, detector)?,
        };
        Ok(self.today.insert(day))
    }

    fn begin(&self, name: String, detector: &Detector) -> Result<Day> {
        let (report, voice) = (&self.judging.report, self.judging.voice());
        let folder = self.output.join(&name);
        let making = Making {
            earlier: Earlier::Append,
            written: self.judging.written(),
            form: report.form(),
            tells: voice.tells(),
        };
        let mut output = Output::create(
            Some(&folder),
            making,
            detector.thresholds(),
            self.stamps.clone(),
        )?;
        let mut taken = output.take_names();
        taken.extend(foreign_names(&folder)?);
        let header = detector.header();
        let differences = Differences::from(header.images.as_ref(), &header.settings);
        Ok(Day {
            name,
            names: Names::new(&taken),
            told: Told::new(output, report.said(voice), differences),
            folder,
            has_news: false,
            next_page: Instant::now(),
        })
    }

    /// Writes the day's page if it is time; nothing more can be done here.
    ///
    /// # Errors
    /// A full disk.
    pub fn tidy(&mut self) -> Result<()> {
        let model = self.model;
        match &mut self.today {
            Some(day) if day.has_news && Instant::now() >= day.next_page => day.page(model),
            _ => Ok(()),
        }
    }

    /// Ends the day: its page, and how many images there were of each verdict.
    ///
    /// # Errors
    /// A full disk.
    pub fn end(&mut self) -> Result<()> {
        let Some(mut day) = self.today.take() else {
            return Ok(());
        };
        day.page(self.model)?;
        note!(
            self.judging.voice(),
            "{}",
            day.told.counts(Some(&day.folder), self.judging.written())
        );
        for line in day.told.warnings() {
            tell!("{line}");
        }
        Ok(())
    }
}

impl Day {
    /// Tells of the next file; breaks where there is no going on.
    pub fn tell(&mut self, input: &Input, judged: Result<OfFile>) -> ControlFlow<()> {
        self.has_news = true;
        self.told.tell(input, judged)
    }

    /// After what there was no going on, if anything.
    ///
    /// # Errors
    /// That.
    pub fn check(&mut self) -> Result<()> {
        self.told.check()
    }

    /// How to write pictures, for any thread.
    pub fn pictures(&self) -> Option<Pictures> {
        self.told.pictures()
    }

    fn page(&mut self, model: &Path) -> Result<()> {
        let started = Instant::now();
        match page::write(&self.folder, JSON_LINES, model, Some(ON_THE_PAGE)) {
            // Removed meanwhile, which is told with the next image.
            Err(_) if !self.folder.join(JSON_LINES).is_file() => {}
            written => written?,
        }
        self.has_news = false;
        self.next_page = Instant::now() + BETWEEN_PAGES.max(SHARE * started.elapsed());
        Ok(())
    }
}

fn name_of_today() -> String {
    ZonedDateTime::now().strftime("%Y-%m-%d").to_string()
}

/// Files that were judged in earlier runs, by the results of all days.
///
/// # Errors
/// Results that cannot be read.
pub fn judged_before(output: &Path) -> Result<Taken> {
    let mut taken = Taken::default();
    for day in days(output)? {
        for_each_line(&output.join(day).join(JSON_LINES), |line| {
            // Half a line of a run that was killed is no result.
            if let Ok(line) = serde_json::from_slice::<ResultLine>(line)
                && let Some(file) = &line.file
            {
                taken.insert(&line.image, file);
                if line.ends_its_file() {
                    taken.insert(line.whole(), file);
                }
            }
            Ok(())
        })?;
    }
    Ok(taken)
}

/// The days of which there are results, the oldest first.
///
/// # Errors
/// A folder that cannot be read.
pub fn days(output: &Path) -> Result<Vec<String>> {
    let mut days = Vec::new();
    let context = || format!("cannot read {}", output.display());
    for entry in output.read_dir().with_context(context)? {
        let name = entry
            .with_context(context)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if is_day(&name) && output.join(&name).join(JSON_LINES).is_file() {
            days.push(name);
        }
    }
    days.sort();
    Ok(days)
}

/// As 2026-11-29.
fn is_day(name: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    name.len() == 10 && name.bytes().enumerate().all(shape)
}

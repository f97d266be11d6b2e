//! One file: bytes to verdicts and pictures.

use std::time::Instant;

use anyhow::Result;
use oddspot::Detector;
use oddspot::images::Picture;

use super::done::Done;
use super::input::Input;
use super::pictures::Pictures;
use super::told::{Judged, OfFile, Page};
use crate::advice::{chain, unjudged};
use crate::interrupt::Interrupt;

/// File to verdicts and pictures: one of most files, of a file of several pages or frames one of each.
pub fn judge(
    detector: &Detector,
    pictures: Option<&Pictures>,
    input: &Input,
    interrupt: &Interrupt,
) -> Result<OfFile> {
    let started = Instant::now();
    let skipped = |number, reason| Page {
        number,
        judged: Judged::Skipped(reason),
    };
    // Until all that was read of it is gone: it was there before.
    let _admitted = detector.admit_file(input.bytes());
    let file = match input.file() {
        Ok(file) => file,
        Err(reason) => return Ok(OfFile::whole(vec![skipped(None, reason)])),
    };
    let mut pages = match detector.reading().pages(&file, input.named()) {
        Ok(pages) => pages,
        Err(error) => return Ok(OfFile::whole(vec![skipped(None, unjudged(&error))])),
    };
    let several = pages.total() > 1;
    let mut judged = OfFile::whole(Vec::new());
    for at in 0.. {
        // However many threads there are, few pixels are decoded at a time.
        let admitted = detector.admit(pages.next_pixels());
        let Some(picture) = pages.next() else {
            break;
        };
        if at > 0 && interrupt.flow().is_break() {
            judged.is_whole = false;
            break;
        }
        let number = several.then_some(at + 1);
        let started = if at == 0 { started } else { Instant::now() };
        judged.pages.push(match picture {
            Ok(picture) => Page {
                number,
                judged: judge_one(
                    detector,
                    pictures,
                    (&input.page(number, None), picture),
                    started,
                )?,
            },
            Err(error) => skipped(number, unjudged(&error)),
        });
        drop(admitted);
    }
    Ok(judged)
}

fn judge_one(
    detector: &Detector,
    pictures: Option<&Pictures>,
    (input, picture): (&Input, Picture),
    started: Instant,
) -> Result<Judged> {
    let Picture { image, kind } = picture;
    let examined = detector.examine(&image)?;
    let names = (input.name.as_str(), &*input.image());
    let written = match pictures {
        Some(pictures) => pictures.write(names, image, &examined),
        None => Ok(Vec::new()),
    };
    // A verdict is worth more than its pictures: a full disk may have room for a line.
    let (files, unnamed) = match written {
        Ok(files) => (files, None),
        Err(error) => (Vec::new(), Some(chain(&error))),
    };
    Ok(Judged::Done(Box::new(Done {
        finding: examined.finding,
        kind,
        files,
        unnamed,
        latency: started.elapsed(),
    })))
}

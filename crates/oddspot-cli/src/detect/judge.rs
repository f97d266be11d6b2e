//! One file: bytes to verdicts and pictures.

use std::time::Instant;

use anyhow::Result;
use oddspot::Detector;
use oddspot::images::Picture;
use oddspot_draw::figure::Panels;

use super::done::Done;
use super::input::Input;
use super::pictures::{Pictures, is_of_its_name};
use super::told::{Judged, OfFile, Page};
use crate::advice::{causes, chain};
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
    let bytes = match input.bytes() {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(OfFile::whole(vec![skipped(None, reason)])),
    };
    let pages = match detector.reading().pages(&bytes, input.named()) {
        Ok(pages) => pages,
        Err(error) => return Ok(OfFile::whole(vec![skipped(None, causes(&error))])),
    };
    let several = pages.total() > 1;
    let mut judged = OfFile::whole(Vec::new());
    for (at, picture) in pages.enumerate() {
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
            Err(error) => skipped(number, causes(&error)),
        });
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
    let Some(pictures) = pictures.filter(|pictures| pictures.draws()) else {
        // Nothing needs the maps at the image's own size.
        return Ok(Judged::Done(Box::new(Done {
            finding: detector.inspect(&image)?,
            kind,
            files: Vec::new(),
            unnamed: None,
            latency: started.elapsed(),
        })));
    };
    let inspection = detector.examine(&image)?;
    let panels = Panels {
        image: &image,
        inspection: &inspection,
        name: &input.image(),
    };
    let (files, unnamed) = match pictures.write(&input.name, &panels) {
        Ok(files) => (files, None),
        Err(error) if is_of_its_name(&error) => (Vec::new(), Some(chain(&error))),
        Err(error) => return Err(error),
    };
    Ok(Judged::Done(Box::new(Done {
        finding: inspection.finding,
        kind,
        files,
        unnamed,
        latency: started.elapsed(),
    })))
}

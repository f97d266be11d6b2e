//! The files that an audit writes.

use std::path::Path;

use anyhow::Result;
use oddspot::audit::{Audit, Varying};
use oddspot::files::atomic;
use oddspot::images::{Source, batches};
use oddspot_draw::page::{AuditPicture, AuditShown, VaryingPictures, audit_page, audit_shown};
use rayon::prelude::*;
use serde::Serialize;

use super::{Found, Unusable};
use crate::described::four_digits;
use crate::runtime::Runtime;

/// Everything that was found.
#[derive(Serialize)]
struct Report<'a> {
    oddspot: &'static str,
    name: &'a str,
    excluded: usize,
    unusable: &'a [Unusable],
    #[serde(flatten)]
    audit: &'a Audit,
}

/// Writes the page.
///
/// # Errors
/// An image that cannot be read any more, or a page that cannot be written.
pub fn write_page(found: &Found, file: &Path, runtime: &Runtime) -> Result<()> {
    let audit = found.audit;
    let pictures = runtime.pool()?.install(|| drawn(audit))?;
    let varying = audit.varying.iter();
    let varying = varying.map(|one| VaryingPictures::new(audit, one));
    let varying: Vec<_> = varying.collect::<oddspot::Result<_>>()?;
    let page = audit_page(AuditShown {
        audit,
        name: &found.name,
        facts: &facts(found),
        unusable: &(found.unusable.iter())
            .map(|one| [one.name.clone(), one.reason.clone()])
            .collect::<Vec<_>>(),
        pictures: &pictures,
        varying: &varying,
    })?;
    Ok(atomic::write_bytes(file, page.as_bytes())?)
}

/// The pictures of the page, few of them decoded at a time.
fn drawn(audit: &Audit) -> oddspot::Result<Vec<AuditPicture>> {
    let shown = audit_shown(audit);
    let sources: Vec<&Source> = (shown.iter()).map(|&at| &audit.images[at].source).collect();
    let mut pictures = Vec::with_capacity(shown.len());
    for now in batches(&sources, 2 * rayon::current_num_threads()) {
        let places = &shown[pictures.len()..][..now.len()];
        let drawn = (places.par_iter()).map(|&at| AuditPicture::new(audit, at));
        pictures.extend(drawn.collect::<oddspot::Result<Vec<_>>>()?);
    }
    Ok(pictures)
}

/// Writes everything as JSON.
///
/// # Errors
/// A file that cannot be written.
pub fn write_json(found: &Found, file: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(&Report {
        oddspot: env!("CARGO_PKG_VERSION"),
        name: &found.name,
        excluded: found.excluded,
        unusable: found.unusable,
        audit: found.audit,
    })?;
    Ok(atomic::write_bytes(file, (json + "\n").as_bytes())?)
}

/// Writes the names of the suspicious images, one a line, and of those that cannot be used.
///
/// # Errors
/// A file that cannot be written.
pub fn write_list(found: &Found, file: &Path) -> Result<()> {
    let suspicious = found.audit.suspicious();
    let suspicious: Vec<&str> = suspicious.map(|image| image.name.as_str()).collect();
    write_names(
        &suspicious,
        (found.unusable, found.called_bad),
        &found.name,
        file,
    )
}

/// The same of images that stand out, of those that cannot be used, and of those in folders called like bad ones;
/// `good` is what all are called together.
///
/// # Errors
/// A file that cannot be written.
pub fn write_names(
    suspicious: &[&str],
    (unusable, called_bad): (&[Unusable], &[String]),
    good: &str,
    file: &Path,
) -> Result<()> {
    let mut text = match suspicious.is_empty() {
        true => format!("# No image stands out from the other good ones of {good}.\n"),
        false => format!("# They stand out from all other good images of {good}.\n"),
    };
    text.extend(suspicious.iter().map(|name| listed(name)));
    if !unusable.is_empty() {
        text += "# They cannot be used.\n";
        text.extend(unusable.iter().map(|one| listed(&one.name)));
    }
    if !called_bad.is_empty() {
        text += "# They lie in folders called like bad images.\n";
        text.extend(called_bad.iter().map(|name| listed(name)));
    }
    Ok(atomic::write_bytes(file, text.as_bytes())?)
}

/// Writes the regions in which good images differ most, to be ignored.
///
/// # Errors
/// A file that cannot be written.
pub fn write_ignored(found: &Found, file: &Path) -> Result<()> {
    let polygons = found.audit.varying.iter().map(Varying::polygon);
    let json = serde_json::json!({ "ignore": polygons.collect::<Vec<_>>() });
    Ok(atomic::write_bytes(file, format!("{json}\n").as_bytes())?)
}

/// A name as a line of a list: there `#` begins a remark, and spaces at the ends are none of a name's.
fn listed(name: &str) -> String {
    match name.starts_with(|first: char| first == '#' || first.is_whitespace()) {
        true => format!("./{name}\n"),
        false => format!("{name}\n"),
    }
}

/// What else is to be known of an audit.
fn facts(found: &Found) -> Vec<[String; 2]> {
    let (header, settings) = (found.header, &found.header.settings);
    let mut facts = vec![
        ("good images", found.audit.images.len().to_string()),
        ("held out", header.held_out_images.len().to_string()),
    ];
    if found.excluded > 0 {
        facts.push(("left out", found.excluded.to_string()));
    }
    facts.extend([
        ("threshold", four_digits(header.thresholds.image)),
        ("method", settings.method.name().to_owned()),
        ("teacher", header.teacher.name.clone()),
        ("image size", settings.image_size.to_string()),
        ("seed", settings.training.seed.to_string()),
    ]);
    let fact = |(name, value): (&str, String)| [name.to_owned(), value];
    facts.into_iter().map(fact).collect()
}

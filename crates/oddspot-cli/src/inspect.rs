//! stub
use std::process::ExitCode;
/// stub
#[derive(clap::Args)]
pub struct InspectArgs {}
/// stub
pub fn run(_args: &InspectArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
use oddspot::threshold::FalseAlarms;

/// What the held-out images say of the false-alarm rate, in a sentence.
pub fn describe_false_alarms(alarms: &FalseAlarms) -> String {
    format!(
        "{} of {} held-out good images lie above the threshold that the others set; with 95 % \
         confidence fewer than {:.1} % of good images will be called anomalous",
        alarms.left_out_alarms,
        alarms.images,
        100.0 * alarms.upper_bound()
    )
}

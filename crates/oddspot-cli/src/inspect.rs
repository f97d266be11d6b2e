//! stub
use std::process::ExitCode;
/// stub
#[derive(clap::Args)]
pub struct InspectArgs {}
/// stub
pub fn run(_args: &InspectArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

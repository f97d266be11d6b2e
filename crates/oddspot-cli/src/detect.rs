//! stub
use std::process::ExitCode;
/// stub
#[derive(clap::Args)]
pub struct DetectArgs {}
/// stub
pub fn run(_args: &DetectArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

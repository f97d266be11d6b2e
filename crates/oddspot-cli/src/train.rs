//! stub
use std::process::ExitCode;
/// stub
#[derive(clap::Args)]
pub struct TrainArgs {}
/// stub
pub fn run(_args: &TrainArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

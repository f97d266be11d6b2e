//! stub
use std::process::ExitCode;
/// stub
#[derive(clap::Args)]
pub struct EvaluateArgs {}
/// stub
pub fn run(_args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

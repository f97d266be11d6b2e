//! stub
use std::process::ExitCode;
/// stub
#[derive(clap::Args)]
pub struct DemoArgs {}
/// stub
pub fn run(_args: &DemoArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

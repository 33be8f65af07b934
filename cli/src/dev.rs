//! `orchestra-wasm dev`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use orchestra_dev::{FailRate, FailStatus, Options, serve};
use orchestra_host::CancellationToken;
use tokio::runtime::Runtime;

use crate::quantity;
use crate::signal::cancel_on_signals;

const EXAMPLES: &str = "\
Examples:
  orchestra-wasm dev                                  # then open the page, and set the variables that it prints
  orchestra-wasm dev --fail-rate 0.3 --status 503     # watch how reports are retried";

/// Serve a local endpoint to develop against, with a page that shows runs as they happen, until Ctrl-C.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The port on 127.0.0.1; 0 means any free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The share of reports that fail, from 0 to 1.
    #[arg(long, value_name = "RATE", default_value = "0")]
    fail_rate: FailRate,
    /// The status that a failing report is answered with.
    #[arg(long, default_value = "503")]
    status: FailStatus,
    /// The time after which each report is answered: 500ms, 2s.
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    delay: Option<Duration>,
}

/// The error is a sentence.
pub fn dev(arguments: &Arguments) -> Result<ExitCode, String> {
    let Arguments { port, fail_rate, status, delay } = *arguments;
    let options = Options { port, fail_rate, status, delay: delay.unwrap_or_default(), ..Options::default() };
    let runtime = Runtime::new().map_err(|error| format!("the runtime cannot be started: {error}"))?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        cancel_on_signals(stop.clone()).map_err(|error| format!("signals cannot be handled: {error}"))?;
        let server = serve(options).map_err(|error| format!("port {port} cannot be served: {error}"))?;
        crate::print(format!("# The page: {}\n{}", server.url(), server.environment()).as_bytes())?;
        stop.cancelled().await;
        Ok(ExitCode::SUCCESS)
    })
}

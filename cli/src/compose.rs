//! `orchestra-wasm compose`

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use orchestra_compose::Components;

const EXAMPLES: &str = "\
The composed component runs as a command and as a service, on any host of WASI 0.2.

Examples:
  orchestra-wasm compose task.wasm -o task.composed.wasm
  wasmtime run -Shttp --env ORCHESTRA_API_KEY --env ORCHESTRA_TASK_RUN_ID --env ORCHESTRA_WEBHOOK_URL \\
    task.composed.wasm '{\"rows\": 3}'
  wasmtime serve -Scli -Opooling-allocator=n --env ORCHESTRA_API_KEY --env ORCHESTRA_WEBHOOK_URL task.composed.wasm";

/// Compose a task, or any WASI command, with the components that report for it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A component that exports `orchestra:process/task` or `wasi:cli/run`.
    program: PathBuf,
    /// The file that is written.
    #[arg(long, short)]
    output: PathBuf,
}

/// The error is a sentence.
pub fn compose(arguments: &Arguments) -> Result<ExitCode, String> {
    let Arguments { program, output } = arguments;
    if program == output {
        return Err(format!("{}: the output is the program itself: name another file", output.display()));
    }
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let composed = orchestra_compose::compose(&Components::built(), &bytes);
    let composed = composed.map_err(|error| format!("{}: {error}", program.display()))?;
    fs::write(output, composed).map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(ExitCode::SUCCESS)
}

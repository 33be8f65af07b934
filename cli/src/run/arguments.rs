//! The command line of `orchestra-wasm run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::quantity;

const EXAMPLES: &str = "\
The run is reported where the environment has ORCHESTRA_API_KEY and ORCHESTRA_TASK_RUN_ID; ORCHESTRA_WEBHOOK_URL and
ORCHESTRA_TASK_NAME may be there, too. The task sees none of them.

The exit status is the task's: 0 where it succeeded, 1 where it failed, its own where it exited with one. A deadline gives
124, a trap 134, the memory limit 137, a signal 128 and its number, and what could not be started 2.

Examples:
  orchestra-wasm run task.wasm --input '{\"rows\": 3}' --deadline 10m
  orchestra-wasm run task.wasm --input @input.json --dir data --allow-host api.example.com
  orchestra-wasm run report.wasm --log report.log -- --month 2026-11";

/// Run a task, or any WASI command, and report how it ends, whatever happens to it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A component that exports `orchestra:process/task` or `wasi:cli/run`.
    pub program: PathBuf,
    /// Arguments of the program.
    #[arg(last = true)]
    pub arguments: Vec<String>,
    /// The input: JSON, @FILE, or - for standard input. A task is passed it, a command has it in TASK_INPUT.
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    pub input: String,
    /// The task's name in reports [default: ORCHESTRA_TASK_NAME, or the program's file name].
    #[arg(long)]
    pub name: Option<String>,
    /// Stop the task, and report it as failed, after so long: 90s, 500ms, 5m, 2h; a bare number is in seconds.
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    pub deadline: Option<Duration>,
    /// How much memory the task may have: 512M, 2G.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = quantity::bytes)]
    pub memory: usize,
    /// After a signal, how long the report of it may take.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = quantity::duration)]
    pub grace: Duration,
    /// Send what the task writes as a log of this name, when it has ended.
    #[arg(long, value_name = "NAME")]
    pub log: Option<String>,
    /// A folder that the task may read and write, and where it finds it: HERE or HERE::THERE.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Vec<String>,
    /// A folder that the task may only read.
    #[arg(long, value_name = "FOLDER")]
    pub dir_read_only: Vec<String>,
    /// An environment variable for the task: NAME, to pass it on, or NAME=VALUE.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// A host that the task may send HTTP requests to: HOST, HOST:PORT or https://HOST.
    #[arg(long, value_name = "HOST")]
    pub allow_host: Vec<String>,
    /// A file of certificate authorities (PEM) to trust beside the system's.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Where nothing is configured to report to, report to a local endpoint, as `orchestra-wasm dev` has it. Its page is
    /// there until Ctrl-C.
    #[arg(long)]
    pub dev: bool,
    /// Compile anew, and keep nothing in the cache.
    #[arg(long)]
    pub no_cache: bool,
    /// Say nothing of one's own on standard error, but errors of the command line.
    #[arg(long, short)]
    pub quiet: bool,
    /// At the end, say how the run ended as one line of JSON on standard error.
    #[arg(long)]
    pub json: bool,
}

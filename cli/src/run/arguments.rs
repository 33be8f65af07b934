//! The command line of `orchestra-wasm run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::quantity;

const EXAMPLES: &str = "\
The run is reported if ORCHESTRA_API_KEY and ORCHESTRA_TASK_RUN_ID are set. ORCHESTRA_WEBHOOK_URL and ORCHESTRA_TASK_NAME
are optional. The task sees none of these variables.

The exit status is that of the task: 0 if it succeeded, 1 if it failed, or its own if it exited with one. It is 2 if the
task was not started, 3 if --require-report is set and the ending was not acknowledged, 124 after the deadline, 134 after a trap, 137 after the memory limit was reached, and 128 plus the
signal's number after a signal.

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
    /// Arguments of the program, after `--`.
    #[arg(last = true)]
    pub arguments: Vec<String>,
    /// The input: JSON, @FILE, or - for standard input. A task gets it as its argument, a command in TASK_INPUT.
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    pub input: String,
    /// The task's name in reports [default: ORCHESTRA_TASK_NAME, or the program's file name].
    #[arg(long)]
    pub name: Option<String>,
    /// Stop the task and report it as failed after this time: 90s, 500ms, 5m, 1.5h; without a unit it is in seconds. The time
    /// counts from the start of this command.
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    pub deadline: Option<Duration>,
    /// The most memory that the task may use: 512M, 2G.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = quantity::bytes)]
    pub memory: usize,
    /// For how long reports that are undelivered when the task ends are tried [default: ORCHESTRA_DELIVERY_TIMEOUT, or 5m].
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    pub delivery_timeout: Option<Duration>,
    /// The longest time that reporting may take after a signal.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = quantity::duration)]
    pub grace: Duration,
    /// Send what the task writes as a log with this name while it runs: in parts of 256 KiB, or of 10 s. Later parts are
    /// NAME.2, NAME.3 and so on.
    #[arg(long, value_name = "NAME")]
    pub log: Option<String>,
    /// A folder that the task may read and write. HERE::THERE gives it another name in the task.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Vec<String>,
    /// A folder that the task may read, but not write.
    #[arg(long, value_name = "FOLDER")]
    pub dir_read_only: Vec<String>,
    /// An environment variable for the task: NAME=VALUE, or NAME to pass it on. 'START*' passes on all whose names start
    /// like this.
    #[arg(long, value_name = "NAME[=VALUE]", allow_hyphen_values = true)]
    pub env: Vec<String>,
    /// A host that the task may send HTTP requests to: HOST, HOST:PORT or https://HOST.
    #[arg(long, value_name = "HOST")]
    pub allow_host: Vec<String>,
    /// A file of certificate authorities (PEM) to trust in addition to the system's.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// If ORCHESTRA_API_KEY is not set, report to a local endpoint like that of `orchestra-wasm dev`. Its page stays until
    /// Ctrl-C.
    #[arg(long)]
    pub dev: bool,
    /// Do not start the task if its run cannot be reported. If its ending is not acknowledged, the exit status is 3.
    #[arg(long)]
    pub require_report: bool,
    /// Compile the program again, and do not use the cache.
    #[arg(long)]
    pub no_cache: bool,
    /// Print nothing except errors in the command line.
    #[arg(long, short)]
    pub quiet: bool,
    /// When the run has ended, print how as one line of JSON on standard error.
    #[arg(long)]
    pub json: bool,
}

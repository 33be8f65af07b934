//! One run on a command line: configured by the environment, and the exit status says how the task ended.

use std::io::Read;

use orchestra_policy::{INPUT_BYTES, NO_INPUT, check_input, variables};

use crate::conduct::{self, Work};
use crate::lifecycle::{Process, Reporter};
use crate::settings::Settings;
use crate::stderr::{of_open, of_variable, say};

/// `wasi:cli/run`
#[expect(clippy::result_unit_err, reason = "WASI's own type: the status says that it failed, standard error why")]
pub fn run<W: Work>() -> Result<(), ()> {
    let settings = Settings { variables: wasi::cli::environment::get_environment() };
    let process = open(&settings).unwrap_or_else(|why| {
        say(&format!("nothing is reported: {why}"));
        conduct::open_silent(&settings)
    });
    conduct::conduct::<W>(&process, W::input_of_command_line, |_| Vec::new())
}

/// The error says why there is nothing to report to.
fn open(settings: &Settings) -> Result<Process, String> {
    let run_id = match (settings.has_key(), settings.run_id()?) {
        (true, Some(run_id)) => run_id,
        (true, None) => return Err(format!("{} is not set", variables::TASK_RUN_ID)),
        (false, Some(_)) => return Err(format!("{} is not set", variables::API_KEY)),
        (false, None) => {
            return Err(format!("neither {} nor {} is set", variables::API_KEY, variables::TASK_RUN_ID));
        }
    };
    let reporter = Reporter::from_environment(&settings.variables).map_err(|error| of_variable(&error))?;
    conduct::open(&reporter, run_id, settings).map_err(|error| of_open(&error))
}

/// The first argument after the program's name as JSON, or `-` for standard input; `{}` without one.
pub fn input_of_arguments() -> Result<String, String> {
    let text = match wasi::cli::environment::get_arguments().into_iter().nth(1) {
        None => NO_INPUT.to_string(),
        Some(argument) if argument == "-" => standard_input()?,
        Some(argument) => argument,
    };
    check_input(text).map_err(|error| error.to_string())
}

fn standard_input() -> Result<String, String> {
    let limit = u64::try_from(INPUT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| format!("the input cannot be read from standard input: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "the input is not UTF-8".to_string())
}

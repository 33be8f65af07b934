//! One run on a command line: configured by the environment, and the exit status says how the task ended.

use std::io::Read;

use serde_json::value::RawValue;

use crate::lifecycle::{Process, Reporter};
use crate::settings::Settings;
use crate::stderr::{say, sentence};
use crate::{INPUT_BYTES, Work, run};

/// `wasi:cli/run`
#[expect(clippy::result_unit_err, reason = "WASI's own type: the status says that it failed, standard error why")]
pub fn run<W: Work>() -> Result<(), ()> {
    let settings = Settings { variables: wasi::cli::environment::get_environment() };
    let process = open(&settings).unwrap_or_else(|why| {
        say(&format!("nothing is reported: {why}"));
        run::open_silent(&settings)
    });
    run::conduct::<W>(&process, W::input_of_command_line, |_| Vec::new())
}

/// The error says why there is nothing to report to.
fn open(settings: &Settings) -> Result<Process, String> {
    let run_id = match (settings.has_key(), settings.run_id()) {
        (true, Some(run_id)) => run_id,
        (true, None) => return Err("ORCHESTRA_TASK_RUN_ID is not set".into()),
        (false, Some(_)) => return Err("ORCHESTRA_API_KEY is not set".into()),
        (false, None) => return Err("neither ORCHESTRA_API_KEY nor ORCHESTRA_TASK_RUN_ID is set".into()),
    };
    let reporter = Reporter::from_environment(&settings.variables).map_err(|error| sentence(&error))?;
    run::open(&reporter, run_id, settings).map_err(|error| sentence(&error))
}

/// The first argument after the program's name as JSON, or `-` for standard input; `{}` where there is none.
pub fn input_of_arguments() -> Result<String, String> {
    let text = match wasi::cli::environment::get_arguments().into_iter().nth(1) {
        None => "{}".to_string(),
        Some(argument) if argument == "-" => standard_input()?,
        Some(argument) => argument,
    };
    parse(text)
}

fn standard_input() -> Result<String, String> {
    let limit = u64::try_from(INPUT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| format!("the input cannot be read from standard input: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "the input is not UTF-8".to_string())
}

fn parse(text: String) -> Result<String, String> {
    if text.len() > INPUT_BYTES {
        return Err("the input is longer than 1 MiB".into());
    }
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("the input is not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_one_json_text_as_it_was_given() {
        assert_eq!(parse(" [1.50] ".into()), Ok(" [1.50] ".into()));
        for text in ["", "{", "{} {}", "text"] {
            assert!(parse(text.into()).unwrap_err().starts_with("the input is not JSON: "), "{text}");
        }
    }

    #[test]
    fn an_input_has_a_limit_in_bytes() {
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(parse(text(INPUT_BYTES)).is_ok());
        assert_eq!(parse(text(INPUT_BYTES + 1)), Err("the input is longer than 1 MiB".into()));
    }
}

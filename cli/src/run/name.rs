//! Names of runs and of logs.

use super::arguments::Arguments;
use super::environment::variable;

/// The contract's limit on names.
const NAME_BYTES: usize = 256;

/// A run whose program has no name that can be reported.
const DEFAULT_NAME: &str = "task";

/// The name that a run is reported under, and what was wrong with the one in the environment.
pub fn of_run(arguments: &Arguments) -> (String, Option<String>) {
    if let Some(name) = &arguments.name {
        return (name.clone(), None);
    }
    let stem = arguments.program.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let of_program = stem.filter(|stem| check(stem).is_ok()).unwrap_or_else(|| DEFAULT_NAME.into());
    match variable(orchestra_policy::variables::TASK_NAME) {
        Ok(name) => (name.unwrap_or(of_program), None),
        Err(why) => {
            let notice = format!("{why}; the task's name is {of_program} instead");
            (of_program, Some(notice))
        }
    }
}

/// Checked before the task runs, not after.
pub fn of_log(given: &str) -> Result<String, String> {
    check(given).map_err(|what| format!("--log: the name of the log {what}"))?;
    Ok(given.into())
}

/// The error ends the sentence "the name …".
fn check(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("is empty"),
        _ if name.len() > NAME_BYTES => Err("is longer than 256 bytes"),
        _ if name.contains(char::is_control) => Err("contains a control character"),
        _ => Ok(()),
    }
}

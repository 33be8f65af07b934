//! Environment variables: those of Orchestra, and those that a task is given.

use std::env;

/// A blank value is none.
pub fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}

/// What `--env` gives a task.
pub fn granted(given: &str) -> Result<(String, String), String> {
    if given.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("ORCHESTRA_")) {
        return Err(format!("--env {given}: no task is given a variable that begins with ORCHESTRA_"));
    }
    match given.split_once('=') {
        Some((name, value)) => Ok((name.into(), value.into())),
        None => match env::var(given) {
            Ok(value) => Ok((given.into(), value)),
            Err(_) => Err(format!("--env {given}: there is no such variable; write --env {given}=VALUE to set it")),
        },
    }
}

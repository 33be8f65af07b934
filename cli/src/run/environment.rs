//! Environment variables: those of Orchestra, and those that a task is given.

use std::env::{self, VarError};

/// A variable of Orchestra's. The error names it, and never its value.
pub fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) if value.trim().is_empty() => Err(format!("{name} is set, but empty: give it a value, or unset it")),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}

/// What each `--env` gives a task: `NAME=VALUE`, or `NAME` or `START*` of this command's own environment.
///
/// An error never shows a value. If what was given does not look like a name, it may be one, and is told by its number.
pub fn granted(given: &[String]) -> Result<Vec<(String, String)>, String> {
    let mut variables = Vec::new();
    for (index, given) in given.iter().enumerate() {
        let (name, value) = given.split_once('=').map_or((&given[..], None), |(name, value)| (name, Some(value)));
        let wrong = |what: String| match is_evidently_a_name(name) {
            true => format!("--env {name}: {what}"),
            false => format!("--env number {}: {what}", index + 1),
        };
        if name.is_empty() {
            return Err(wrong("a variable needs a name: write NAME or NAME=VALUE".into()));
        }
        if is_orchestras(name) {
            return Err(wrong("a task is not given variables that begin with ORCHESTRA_".into()));
        }
        match (value, name.strip_suffix('*')) {
            (Some(value), _) => variables.push((name.into(), value.into())),
            (None, Some(start)) => variables.extend(matching(start).map_err(wrong)?),
            (None, None) => variables.push((name.into(), inherited(name).map_err(wrong)?)),
        }
    }
    Ok(variables)
}

fn inherited(name: &str) -> Result<String, String> {
    if name.contains('*') {
        return Err("a * may stand at the end only".into());
    }
    env::var(name).map_err(|error| match error {
        VarError::NotPresent => "this variable is not set: set it, or write NAME=VALUE".into(),
        VarError::NotUnicode(_) => "the value of this variable is not UTF-8: a task can be given text only".into(),
    })
}

/// All variables whose names begin so, but Orchestra's own.
fn matching(start: &str) -> Result<Vec<(String, String)>, String> {
    if start.contains('*') {
        return Err("a * may stand at the end only".into());
    }
    let mut variables = Vec::new();
    for (name, value) in env::vars_os() {
        if !name.as_encoded_bytes().starts_with(start.as_bytes()) {
            continue;
        }
        let name = name.into_string().map_err(|_| "the name of a variable that matches is not UTF-8".to_string())?;
        if !is_orchestras(&name) {
            let value = value.into_string().map_err(|_| format!("the value of {name} is not UTF-8"))?;
            variables.push((name, value));
        }
    }
    variables.sort();
    match variables.is_empty() {
        true => Err("no variable that is set matches this pattern".into()),
        false => Ok(variables),
    }
}

/// As programs name their variables, perhaps with a `*`. Keys and passwords seldom look so.
fn is_evidently_a_name(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_uppercase() || char == '_')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'*'))
}

fn is_orchestras(name: &str) -> bool {
    orchestra_policy::variables::is_ours(name)
}

#[cfg(test)]
mod fuzz;

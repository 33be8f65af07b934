//! What a task is given to work on.

use alloc::string::String;
use core::fmt;

use serde_json::value::RawValue;

/// The longest input of a task, in bytes: a trigger's body, an argument, a file or standard input.
pub const INPUT_BYTES: usize = 1024 * 1024;

/// The input of a task to which none was given.
pub const NO_INPUT: &str = "{}";

/// The variable in which a command finds its input. A task is passed it instead.
pub const INPUT_VARIABLE: &str = "TASK_INPUT";

/// Why an input cannot be given to a task. No message repeats the input, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    /// It is longer than [`INPUT_BYTES`].
    TooLong,
    /// It is not one JSON text (RFC 8259).
    NotJson {
        /// Where the text stops being JSON; both count from 1, the column in bytes.
        line: usize,
        /// In that line.
        column: usize,
    },
}

impl fmt::Display for InputError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(to, "the input is longer than {} MiB", INPUT_BYTES / (1024 * 1024)),
            Self::NotJson { line, column } => write!(to, "the input is not JSON, at line {line}, column {column}"),
        }
    }
}

impl core::error::Error for InputError {}

/// Whether a task can be given this text: one JSON text, passed on as it stands.
pub fn check_input(text: String) -> Result<String, InputError> {
    if text.len() > INPUT_BYTES {
        return Err(InputError::TooLong);
    }
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(InputError::NotJson { line: error.line(), column: error.column() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn an_input_is_one_json_text_as_it_was_given() {
        assert_eq!(check_input(" [1.50] ".into()), Ok(" [1.50] ".into()));
        for text in ["", "{", "{} {}", "text"] {
            assert!(matches!(check_input(text.into()), Err(InputError::NotJson { .. })), "{text}");
        }
    }

    #[test]
    fn an_input_has_a_limit_in_bytes() {
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(check_input(text(INPUT_BYTES)).is_ok());
        let error = check_input(text(INPUT_BYTES + 1)).unwrap_err();
        assert_eq!(error.to_string(), "the input is longer than 1 MiB");
    }

    #[test]
    fn an_input_that_is_not_json_is_not_repeated() {
        let error = check_input("{\n  \"password\": secret}".into()).unwrap_err();
        assert_eq!(error.to_string(), "the input is not JSON, at line 2, column 15");
    }
}

//! Errors of the command line, without the values that may be secrets.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use orchestra_policy::escape;

const TIP: &str = "put a value with spaces in quotes, and the program's own arguments after `--`";

/// The longest name of an option that is shown, in bytes. The options here are shorter.
const OPTION_BYTES: usize = 24;

/// The error as it may be shown. A stray argument is often a part of a value that lacks its quotes.
pub fn without_values(mut error: Error) -> Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue, ContextKind::InvalidSubcommand] {
        let Some(ContextValue::String(given)) = error.get(kind) else { continue };
        let is_value = match (error.kind(), kind) {
            (ErrorKind::UnknownArgument, ContextKind::InvalidArg) => !is_option(given),
            (ErrorKind::TooManyValues, ContextKind::InvalidValue) => true,
            _ => false,
        };
        let shown = escape(given);
        if is_value || shown != *given {
            // What clap suggests repeats what was given.
            error.remove(ContextKind::Suggested);
            error.insert(kind, ContextValue::String(shown));
        }
        if is_value && kind == ContextKind::InvalidArg {
            error.remove(kind);
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![TIP.into()]));
        } else if is_value {
            error.insert(kind, ContextValue::String("…".into()));
        }
    }
    error
}

fn is_option(given: &str) -> bool {
    match given.strip_prefix("--") {
        Some(name) => {
            name.len() <= OPTION_BYTES
                && name.starts_with(|char: char| char.is_ascii_lowercase())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        }
        None => given.len() == 2 && given.starts_with('-'),
    }
}

//! Which text goes with which end of a task.

use alloc::format;
use alloc::string::String;

/// How a task ended that exited, or returned, with a failure and without a word on it.
pub const EXIT_FAILURE: &str = "exited with a failure status";

/// At most this much of an error goes into a message: it has a limit, and Orchestra is shown 250 code points of it.
pub const MESSAGE_CHARS: usize = 1000;

/// An error's text as a message of the contract.
pub fn message(error: &str) -> String {
    error.chars().take(MESSAGE_CHARS).collect()
}

/// How a task ended that exited with this code.
pub fn exit_message(code: i32) -> String {
    format!("exited with status {code}")
}

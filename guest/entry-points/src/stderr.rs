//! Trouble with reporting goes to standard error, a line each, and changes nothing else.

use std::io::Write;

use orchestra_policy::{Shortfall, escape, variables};

use crate::lifecycle::{OpenError, Process, VariableError};

/// One line, whatever the text holds.
pub fn say(text: &str) {
    // In one piece: others write there at the same time. If standard error is closed, no place is left to say so.
    _ = std::io::stderr().write_all(format!("orchestra: {}\n", escape(text)).as_bytes());
}

/// List the reports of a run that did not arrive, by the record of it: nothing is said before the last attempt.
pub fn say_what_is_unacknowledged(run: &Process) {
    for sentence in Shortfall::from(run.unacknowledged()).sentences() {
        // What others wrote in it is escaped already.
        _ = std::io::stderr().write_all(format!("orchestra: {sentence}\n").as_bytes());
    }
}

/// Why a variable cannot be used.
pub fn of_variable(error: &VariableError) -> String {
    format!("{}: {}", error.variable, error.problem)
}

/// Why a run cannot be opened, and which variable is wrong.
pub fn of_open(error: &OpenError) -> String {
    match error {
        OpenError::PlaintextEndpoint(origin) => orchestra_policy::plaintext(origin),
        OpenError::RunId(what) => format!("{}: {what}", variables::TASK_RUN_ID),
        OpenError::Name(what) => format!("{}: {what}", variables::TASK_NAME),
    }
}

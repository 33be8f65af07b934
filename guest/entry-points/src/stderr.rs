//! What goes wrong with reporting is said on standard error, a line each, and changes nothing else.

use std::io::Write;

use crate::lifecycle::{ConfigError, Process, ReportError};

/// What a run keeps of its refusals, and with it the ending's own.
const REFUSALS: usize = 129;

/// One line, whatever the text holds.
pub fn say(text: &str) {
    let line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    // In one piece: others write there at the same time. There is nobody to tell that standard error is closed.
    _ = std::io::stderr().write_all(format!("orchestra: {line}\n").as_bytes());
}

/// Say why a report did not arrive. A run that its task has ended already is as it should be.
pub fn say_unless_reported(report: &str, result: Result<(), ReportError>) {
    let why = match result {
        Ok(()) | Err(ReportError::Ended(_)) => return,
        Err(ReportError::Refused(refusal)) => {
            let (status, answer) = (refusal.status, refusal.answer);
            return say(&format!("`{}` was not reported: the endpoint answered {status}: {answer}", refusal.report));
        }
        Err(ReportError::Denied(what)) => format!("the host denies requests to the endpoint: {what}"),
        Err(
            ReportError::InvalidArgument(what)
            | ReportError::Unsupported(what)
            | ReportError::Undelivered(what)
            | ReportError::OutboxFull(what),
        ) => what,
    };
    say(&format!("{report} was not reported: {why}"));
}

/// Say what of a run did not arrive: its ending, which came to this result, and what was reported before.
pub fn say_unless_all_reported(run: &Process, mut result: Result<(), ReportError>) {
    for _ in 0..REFUSALS {
        let may_be_more =
            matches!(result, Err(ReportError::Refused(_) | ReportError::Denied(_) | ReportError::Ended(_)));
        say_unless_reported("the ending", result);
        if !may_be_more {
            // The ending is the last of them.
            match run.pending().saturating_sub(1) {
                0 => {}
                before => say(&format!("nor were {before} reports before it")),
            }
            return;
        }
        result = run.flush();
    }
}

/// What is wrong with a configuration, and with which variable.
pub fn sentence(error: &ConfigError) -> String {
    match error {
        ConfigError::MissingVariable(name) => format!("{name} is not set"),
        ConfigError::InvalidApiKey(what) => format!("ORCHESTRA_API_KEY: {what}"),
        ConfigError::InvalidEndpoint(what) => format!("ORCHESTRA_WEBHOOK_URL: {what}"),
        ConfigError::PlaintextEndpoint(origin) => {
            format!("{origin} is plain http to another machine, over which the API key is not sent: use https")
        }
        ConfigError::InvalidRunId(what)
        | ConfigError::InvalidName(what)
        | ConfigError::InvalidClientId(what)
        | ConfigError::InvalidRetryPolicy(what)
        | ConfigError::InvalidTimeouts(what) => what.clone(),
    }
}

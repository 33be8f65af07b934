//! What the contract's values say, for people.

use std::fmt;

use crate::bindings::lifecycle::{ConfigError, Outcome, ReportError};

/// As WIT has it: `succeeded`, `warning`, `failed` or `cancelled`.
impl fmt::Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// What is wrong with the configuration of a run's reports.
pub(crate) fn of_config(error: &ConfigError) -> String {
    match error {
        ConfigError::MissingVariable(name) => format!("{name} is not set"),
        ConfigError::PlaintextEndpoint(origin) => {
            format!("{origin} is plain http to another machine, over which the API key is not sent: use https")
        }
        ConfigError::InvalidApiKey(what)
        | ConfigError::InvalidClientId(what)
        | ConfigError::InvalidEndpoint(what)
        | ConfigError::InvalidRunId(what)
        | ConfigError::InvalidName(what)
        | ConfigError::InvalidRetryPolicy(what)
        | ConfigError::InvalidTimeouts(what) => what.clone(),
    }
}

/// Why `report` did not arrive; nothing where the run has ended already, which is as it should be.
pub(crate) fn of_report(report: &str, error: &ReportError) -> Option<String> {
    let why = match error {
        ReportError::Ended(_) => return None,
        ReportError::Refused(refusal) => {
            let (status, answer) = (refusal.status, &refusal.answer);
            return Some(format!("`{}` was not reported: the endpoint answered {status}: {answer}", refusal.report));
        }
        ReportError::Denied(what) => format!("the host denies requests to the endpoint: {what}"),
        ReportError::InvalidArgument(what)
        | ReportError::Unsupported(what)
        | ReportError::Undelivered(what)
        | ReportError::OutboxFull(what) => what.clone(),
    };
    Some(format!("{report} was not reported: {why}"))
}

//! Which rules of Orchestra a report can break, and what is said of each.

use std::fmt;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Breach {
    /// There is no `Authorization` with a key in the protocol's scheme.
    NoKey,
    /// The key is not the accepted one.
    WrongKey,
    /// The report itself contains the key, where everybody can read it. Keys shorter than 8 characters are not looked for.
    KeyInReport,
    /// The `Content-Type` is not `application/json`.
    ContentType,
    /// The body is incomplete, or larger than the endpoint keeps.
    IncompleteBody,
    /// The body is not a JSON object. Holds what is wrong.
    MalformedJson(String),
    /// The run id is missing.
    NoRunId,
    /// The run id is not a UUID.
    MalformedRunId,
    /// The run id is a UUID, but not in lower case with hyphens, as Orchestra writes it.
    UnusualRunId,
    /// The webhook does not have this `event_type`.
    UnknownEventType(String),
    /// The protocol does not have this `status`.
    UnknownStatus(String),
    /// A required field is missing.
    MissingField(&'static str),
    /// A field's value has the wrong type. Holds the field and the type that it should have.
    WrongType(&'static str, &'static str),
    /// An output's name contains characters other than letters, digits, `_` and `-`.
    OutputName,
    /// The query has no `clientid`, which the jobs protocol requires.
    NoClientId,
    /// The first report of the run does not say that it is running.
    NoStart,
    /// A status or stage came after the ending. Holds the ending.
    AfterEnd(String),
    /// An output came after the ending. Holds the ending.
    OutputAfterEnd(String),
}

impl Breach {
    /// The status with which the report is refused; `None` if it is accepted with a warning.
    ///
    /// Orchestra's own answers are not published, except that it refuses an output after the ending.
    pub fn refusal(&self) -> Option<u16> {
        match self {
            Self::NoKey | Self::WrongKey => Some(401),
            Self::ContentType => Some(415),
            Self::OutputAfterEnd(_) => Some(409),
            Self::IncompleteBody
            | Self::MalformedJson(_)
            | Self::NoRunId
            | Self::MalformedRunId
            | Self::UnknownEventType(_)
            | Self::UnknownStatus(_)
            | Self::MissingField(_)
            | Self::WrongType(..)
            | Self::OutputName => Some(400),
            Self::KeyInReport | Self::UnusualRunId | Self::NoClientId | Self::NoStart | Self::AfterEnd(_) => None,
        }
    }
}

/// A sentence for people.
impl fmt::Display for Breach {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => to.write_str(
                "The API key is missing. Send “Authorization: Bearer KEY” to the webhook, or “Authorization: Basic KEY” to jobs.",
            ),
            Self::WrongKey => to.write_str("The API key is wrong. Use the key that this endpoint was started with."),
            Self::KeyInReport => to.write_str("The report contains the API key, which is masked here. Keep the key out of reports."),
            Self::ContentType => to.write_str("The Content-Type is not application/json."),
            Self::IncompleteBody => to.write_str("The body is incomplete or larger than 32 MiB."),
            Self::MalformedJson(why) => write!(to, "The body is not a JSON object: {why}."),
            Self::NoRunId => to.write_str("The run id is missing. Set task_run_id (webhook) or correlation_id (jobs)."),
            Self::MalformedRunId => to.write_str("The run id is not a UUID. Send the value of ORCHESTRA_TASK_RUN_ID."),
            Self::UnusualRunId => {
                to.write_str("The run id is a UUID, but not in lower case with hyphens, as Orchestra writes it.")
            }
            Self::UnknownEventType(given) => {
                write!(to, "Unknown event type “{given}”. The webhook has UPDATE_STATUS, SET_OUTPUT and LOG.")
            }
            Self::UnknownStatus(given) => write!(
                to,
                "Unknown status “{given}”. The webhook has RUNNING, SUCCEEDED, WARNING, FAILED and CANCELLED; jobs has \
                 Running, Stage passed, Complete and Failed."
            ),
            Self::MissingField(name) => write!(to, "The field “{name}” is missing."),
            Self::WrongType(name, wanted) => write!(to, "The field “{name}” must be {wanted}."),
            Self::OutputName => to.write_str("An output’s name may contain only letters, digits, “_” and “-”."),
            Self::NoClientId => to.write_str("The client id is missing. Add “?clientid=…” to the URL."),
            Self::NoStart => to.write_str("The run was not started. Report that it is running before anything else."),
            Self::AfterEnd(ending) => write!(to, "This report came after the end. The run had already ended as {ending}."),
            Self::OutputAfterEnd(ending) => write!(to, "This output came after the end. The run had already ended as {ending}."),
        }
    }
}

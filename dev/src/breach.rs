//! Which rules of Orchestra a report can break, and what is said of each.

use std::fmt;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Breach {
    /// No `Authorization` with a key, in the protocol's scheme.
    NoKey,
    /// A key, but not the one to accept.
    WrongKey,
    /// The key is in the report itself, too, where everybody reads it. Looked for from 8 characters on.
    KeyInReport,
    /// The `Content-Type` is not `application/json`.
    ContentType,
    /// The body is incomplete, or longer than the endpoint keeps.
    IncompleteBody,
    /// The body is not a JSON object. With what is wrong.
    MalformedJson(String),
    /// No run is named.
    NoRunId,
    /// What names the run is not a UUID.
    MalformedRunId,
    /// A UUID, but not in lower case with hyphens, as Orchestra writes it.
    UnusualRunId,
    /// An `event_type` that the webhook does not have.
    UnknownEventType(String),
    /// A `status` that the protocol does not have.
    UnknownStatus(String),
    /// A field that must be there is not.
    MissingField(&'static str),
    /// A field's value is of another type. With the type that it should have.
    WrongType(&'static str, &'static str),
    /// An output's name has other characters than letters, digits, `_` and `-`.
    OutputName,
    /// The jobs protocol names its client in the query, as `clientid`.
    NoClientId,
    /// The first report of the run is not that it runs.
    NoStart,
    /// A status or stage after the ending, which is named.
    AfterEnd(String),
    /// An output after the ending, which is named.
    OutputAfterEnd(String),
}

impl Breach {
    /// The status with which the report is refused; `None` if it is taken all the same.
    ///
    /// What Orchestra itself answers is not published, except that it takes no output after the ending.
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
            Self::NoKey => to.write_str("No API key: the webhook takes “Authorization: Bearer KEY”, jobs “Basic KEY”."),
            Self::WrongKey => to.write_str("The API key is not the one that this endpoint accepts."),
            Self::KeyInReport => to.write_str("The report itself holds the API key. It is blotted out here."),
            Self::ContentType => to.write_str("The Content-Type is not application/json."),
            Self::IncompleteBody => to.write_str("The body is incomplete, or too long."),
            Self::MalformedJson(why) => write!(to, "Malformed JSON: {why}."),
            Self::NoRunId => to.write_str("No run id: task_run_id (webhook) or correlation_id (jobs) is missing."),
            Self::MalformedRunId => to.write_str("The run id is malformed: it is not a UUID."),
            Self::UnusualRunId => {
                to.write_str("The run id is not written as Orchestra does: lower case, with hyphens.")
            }
            Self::UnknownEventType(given) => {
                write!(to, "Unknown event type “{given}”: the webhook has UPDATE_STATUS, SET_OUTPUT and LOG.")
            }
            Self::UnknownStatus(given) => write!(to, "Unknown status “{given}”."),
            Self::MissingField(name) => write!(to, "The field “{name}” is missing."),
            Self::WrongType(name, wanted) => write!(to, "The field “{name}” is not {wanted}."),
            Self::OutputName => to.write_str("An output’s name is made of letters, digits, _ and - only."),
            Self::NoClientId => to.write_str("The query names no clientid."),
            Self::NoStart => to.write_str("No start: the first report of a run is that it is running."),
            Self::AfterEnd(ending) => write!(to, "Report after the end: the run had ended as {ending}."),
            Self::OutputAfterEnd(ending) => write!(to, "Output after the end: the run had ended as {ending}."),
        }
    }
}

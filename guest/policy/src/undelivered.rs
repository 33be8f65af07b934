//! The sentences about reports that were not acknowledged.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::escape::escape;

/// As in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract in `wit/` documents them")]
pub enum Outcome {
    Succeeded,
    Warning,
    Failed,
    Cancelled,
}

/// As in the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract in `wit/` documents them")]
pub enum Report {
    Start,
    Progress,
    Stage(String),
    Output(String),
    Log(String),
    Ending(Outcome),
}

/// As in the contract: what a report came to that was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract in `wit/` documents them")]
pub enum Cause {
    Refused(u16),
    Denied,
    Undelivered,
}

/// As in the contract: why a report was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract in `wit/` documents them")]
pub struct DeliveryError {
    pub report: Report,
    pub cause: Cause,
    pub attempts: u32,
    pub kept: bool,
    pub explanation: String,
}

/// As in the contract: every report of a run that was not acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortfall {
    /// Those that are known by name.
    pub reports: Vec<DeliveryError>,
    /// How many more there are.
    pub further: u64,
}

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

/// In words; names are escaped, because a task chose them.
impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => write!(to, "start"),
            Self::Progress => write!(to, "progress"),
            Self::Stage(name) => write!(to, "stage {}", escape(name)),
            Self::Output(name) => write!(to, "output {}", escape(name)),
            Self::Log(name) => write!(to, "log {}", escape(name)),
            Self::Ending(outcome) => write!(to, "ending ({outcome})"),
        }
    }
}

/// A sentence, of one line whatever the endpoint wrote.
impl fmt::Display for DeliveryError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, cause, attempts, explanation, .. } = self;
        let explanation = escape(explanation.trim());
        match (cause, attempts) {
            (Cause::Refused(status), _) if explanation.is_empty() => {
                write!(to, "not reported: {report}: the endpoint answered {status}")
            }
            (Cause::Refused(status), _) => {
                write!(to, "not reported: {report}: the endpoint answered {status}: {explanation}")
            }
            (Cause::Denied, _) => write!(to, "not reported: {report}: the host denies it: {explanation}"),
            (Cause::Undelivered, 0) => write!(to, "not reported: {report}: {explanation}"),
            (Cause::Undelivered, 1) => write!(to, "not reported: {report}: after 1 attempt: {explanation}"),
            (Cause::Undelivered, _) => write!(to, "not reported: {report}: after {attempts} attempts: {explanation}"),
        }
    }
}

impl Shortfall {
    /// A sentence for each report that is known by name, and one for all others.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.reports.iter().map(|error| format!("{error}")).collect();
        match self.further {
            0 => {}
            1 => sentences.push("not reported: 1 more".into()),
            further => sentences.push(format!("not reported: {further} more")),
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn error(report: Report, cause: Cause, attempts: u32, explanation: &str) -> DeliveryError {
        DeliveryError { report, cause, attempts, kept: false, explanation: explanation.into() }
    }

    fn undelivered(attempts: u32) -> DeliveryError {
        error(Report::Ending(Outcome::Succeeded), Cause::Undelivered, attempts, "the connection was refused")
    }

    #[test]
    fn a_sentence_names_the_report_and_why() {
        assert_eq!(
            undelivered(1).to_string(),
            "not reported: ending (succeeded): after 1 attempt: the connection was refused"
        );
        assert_eq!(
            undelivered(7).to_string(),
            "not reported: ending (succeeded): after 7 attempts: the connection was refused"
        );
        assert_eq!(undelivered(0).to_string(), "not reported: ending (succeeded): the connection was refused");
        let refused = error(Report::Output("rows".into()), Cause::Refused(400), 1, " ");
        assert_eq!(refused.to_string(), "not reported: output rows: the endpoint answered 400");
    }

    #[test]
    fn what_the_endpoint_or_a_task_wrote_forges_no_line() {
        let forged = "no\norchestra: the run succeeded";
        assert_eq!(
            error(Report::Stage("a\nb".into()), Cause::Refused(400), 1, forged).to_string(),
            "not reported: stage a\\nb: the endpoint answered 400: no\\norchestra: the run succeeded"
        );
    }

    #[test]
    fn what_is_not_known_by_name_is_counted() {
        let shortfall = |further| Shortfall { reports: [undelivered(2)].into(), further };
        assert_eq!(shortfall(0).sentences().len(), 1);
        assert_eq!(shortfall(1).sentences().last().map(String::as_str), Some("not reported: 1 more"));
        assert_eq!(shortfall(7).sentences().last().map(String::as_str), Some("not reported: 7 more"));
    }
}

//! Why a task is over, and what Orchestra is told of it.

use std::fmt;
use std::time::Duration;

use orchestra_policy::{EXIT_FAILURE, Outcome, exit_message, message};

use crate::crash::Crash;

const MIB: usize = 1024 * 1024;

/// Why a task is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Returned,
    /// It returned an error; a command's has no text.
    Failed(Option<String>),
    /// It exited, with this status.
    Exited(i32),
    /// It trapped.
    Trapped(Crash),
    /// Its calls were nested too deeply.
    StackOverflow(Crash),
    /// It could not go on without more memory than this many bytes.
    MemoryLimit(usize, Crash),
    /// It took longer than this.
    Deadline(Duration),
    /// The run's cancellation came.
    Cancelled,
    /// It never began: what it was given does not work, in a sentence.
    NotStarted(String),
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => write!(formatter, "returned"),
            Self::Failed(Some(error)) => write!(formatter, "{error}"),
            Self::Failed(None) => write!(formatter, "{EXIT_FAILURE}"),
            Self::Exited(status) => write!(formatter, "{}", exit_message(*status)),
            Self::Trapped(crash) => write!(formatter, "trap: {}", crash.message),
            Self::StackOverflow(_) => write!(formatter, "stack overflow"),
            Self::MemoryLimit(bytes, _) => write!(formatter, "memory limit of {} MiB", bytes / MIB),
            Self::Deadline(deadline) => write!(formatter, "deadline of {deadline:?} exceeded"),
            Self::Cancelled => write!(formatter, "cancelled"),
            Self::NotStarted(why) => write!(formatter, "{why}"),
        }
    }
}

/// The last report of a run.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
    pub(crate) data: Option<String>,
}

impl Ending {
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self { outcome, message: None, data: None }
    }

    fn failure(error: &str) -> Self {
        Self { message: Some(message(error)), ..Self::of(Outcome::Failed) }
    }
}

impl End {
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Returned | Self::Exited(0) => Ending::of(Outcome::Succeeded),
            Self::Cancelled => Ending::of(Outcome::Cancelled),
            Self::Trapped(crash) | Self::StackOverflow(crash) | Self::MemoryLimit(_, crash) => {
                Ending { data: Some(crash.data().to_string()), ..Ending::failure(&self.to_string()) }
            }
            _ => Ending::failure(&self.to_string()),
        }
    }
}

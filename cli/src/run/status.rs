//! Exit statuses of `orchestra-wasm run` that are not the task's own.

use orchestra_host::{End, Ended, Outcome};

/// The task failed without a status of its own.
pub const FAILED: u8 = 1;
/// The task was not started: an error in the command line, or a program, file or folder that cannot be used.
pub const NOT_STARTED: u8 = 2;
/// Under `--require-report`: the task has ended, and its ending was not acknowledged.
pub const UNREPORTED: u8 = 3;
/// The same as that of `timeout`.
pub const DEADLINE: u8 = 124;
/// The one that a shell gives for a program that aborted.
pub const TRAPPED: u8 = 134;
/// The one that a shell gives for a program that was killed because memory ran out.
pub const MEMORY: u8 = 137;

/// The status for this end; `signalled` is that of the signal which cancelled the run.
pub fn of(ended: &Ended, signalled: u8, requires_report: bool) -> u8 {
    match &ended.end {
        End::NotStarted(_) => NOT_STARTED,
        _ if requires_report && !ended.is_acknowledged => UNREPORTED,
        End::Returned | End::Exited(0) if matches!(ended.outcome, Outcome::Failed | Outcome::Cancelled) => FAILED,
        End::Returned => 0,
        End::Failed(_) => FAILED,
        // What does not fit into a status must not become a success.
        End::Exited(code) => u8::try_from(*code).unwrap_or(FAILED),
        End::Trapped(_) | End::StackOverflow(_) => TRAPPED,
        End::MemoryLimit(..) => MEMORY,
        End::Deadline(_) => DEADLINE,
        End::Cancelled => signalled,
    }
}

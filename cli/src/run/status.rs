//! Exit statuses of `orchestra-wasm run` that are not the task's own.

use orchestra_host::{End, Ended, Outcome};

/// The task failed without a status of its own.
pub const FAILED: u8 = 1;
/// Something that the command line says does not work.
pub const NOT_STARTED: u8 = 2;
/// As `timeout` has it.
pub const DEADLINE: u8 = 124;
/// As a shell has it for a program that aborted.
pub const TRAPPED: u8 = 134;
/// As a shell has it for a program that was killed for want of memory.
pub const MEMORY: u8 = 137;

/// The status of a run that has ended so.
pub fn of(ended: &Ended, signalled: u8) -> u8 {
    match &ended.end {
        End::Returned | End::Exited(0) if matches!(ended.outcome, Outcome::Failed | Outcome::Cancelled) => FAILED,
        End::Returned => 0,
        End::Failed(_) => FAILED,
        // What does not fit into a status must not become a success.
        End::Exited(code) => u8::try_from(*code).unwrap_or(FAILED),
        End::Trapped(_) | End::StackOverflow(_) => TRAPPED,
        End::MemoryLimit(..) => MEMORY,
        End::Deadline(_) => DEADLINE,
        End::Cancelled => signalled,
        End::NotStarted(_) => NOT_STARTED,
    }
}

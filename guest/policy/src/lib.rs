//! The one run policy: the name of a run, the input of its task, the text of each end, the sentences about reports that did
//! not arrive, and the variables that set all this.
//!
//! Pure, and without std: the process component, the runner, the wrapper, the guard and the host library use it, so that
//! none of them decides it again. It does no I/O, and knows no binding of the contract; [`lifecycle!`] connects it with
//! one.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]
#![no_std]

extern crate alloc;

mod bindings;
mod ending;
mod escape;
#[cfg(test)]
mod fuzz;
mod input;
mod run;
mod span;
mod times;
mod undelivered;
pub mod variables;

pub use ending::{EXIT_FAILURE, MESSAGE_CHARS, exit_message, message};
pub use escape::escape;
pub use input::{INPUT_BYTES, INPUT_VARIABLE, InputError, NO_INPUT, check_input};
pub use run::{DEFAULT_NAME, NO_RUN, plaintext};
pub use span::{Span, SpanError};
pub use times::{ANSWER_READ_BYTES, ANSWER_READ_TIME, BYTES_A_SECOND, Times};
pub use undelivered::{Cause, DeliveryError, Outcome, Report, Shortfall};

//! The contract's own types. They are plain values, and what the domain speaks of.

pub use crate::bindings::exports::orchestra::process::connections::{Connection, LookupError, Value};
pub use crate::bindings::exports::orchestra::process::lifecycle::{
    Cause, Delivery, DeliveryError, EndingError, JobsError, LogError, OpenError, Outcome, OutputError, Report,
    ReportError, RetryPolicy, Shortfall, State, Timeouts, VariableError,
};

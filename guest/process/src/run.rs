//! The run that events are about.

use alloc::string::String;

use crate::contract::Outcome;

#[derive(Clone, Debug)]
pub struct RunIdentity {
    /// As it goes over the wire.
    pub id: String,
    pub name: Option<String>,
}

/// The call that a message comes with, if a protocol has words of its own for it.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    Start,
    End(Outcome),
}

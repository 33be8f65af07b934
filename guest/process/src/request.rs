//! A request: its target, its key and its body.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::contract;
use crate::key::AccountKey;
use crate::text;
use crate::uuid::Uuid;

/// Limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    pub first_byte: Duration,
    pub between_bytes: Duration,
}

impl Timeouts {
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(15),
        between_bytes: Duration::from_secs(15),
    };

    /// 0 is refused: hosts take it in different ways. The error is a sentence.
    pub fn parse(timeouts: contract::Timeouts) -> Result<Self, String> {
        let contract::Timeouts { connect, first_byte, between_bytes } = timeouts;
        for (timeout, name) in [(connect, "connect"), (first_byte, "first-byte"), (between_bytes, "between-bytes")] {
            if timeout == 0 {
                return Err(text::concat(&["the timeout ", name, " is 0: give at least 1 ms"]));
            }
        }
        Ok(Self {
            connect: Duration::from_millis(connect.into()),
            first_byte: Duration::from_millis(first_byte.into()),
            between_bytes: Duration::from_millis(between_bytes.into()),
        })
    }

    /// How long an attempt without a body may take to its answer.
    pub fn attempt(&self) -> Duration {
        self.connect + self.first_byte
    }
}

/// The target of a run's reports, and what all of them have in common.
#[derive(Debug)]
pub struct Target {
    pub https: bool,
    /// Platform and port.
    pub authority: String,
    pub path_with_query: String,
    /// Of the `Authorization` header (RFC 9110, section 11.4).
    pub authorization_scheme: &'static str,
    pub key: AccountKey,
    pub timeouts: Timeouts,
}

/// One report, ready to be posted any number of times.
#[derive(Debug)]
pub struct Request {
    pub target: Rc<Target>,
    /// The same on every attempt, so that the endpoint can tell a repetition.
    pub idempotency_key: Uuid,
    /// JSON.
    pub body: Vec<u8>,
}

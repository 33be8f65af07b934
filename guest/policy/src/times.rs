//! How long delivery may take, for whoever waits for it outside the process component.

use alloc::string::String;
use core::time::Duration;

use crate::span::Span;
use crate::variables;

/// What counts as sent may still be in the buffers of this machine and others. So the answer to a long body may come later:
/// by one second for each of this many bytes, which is a line of half a megabit a second.
pub const BYTES_A_SECOND: u64 = 64 * 1024;

/// At most this much of an answer is read, in bytes. Its status has settled by then what it means; but connections are kept
/// only if their answer was read to the end.
pub const ANSWER_READ_BYTES: usize = 64 * 1024;
/// And for at most this long.
pub const ANSWER_READ_TIME: Duration = Duration::from_millis(250);

/// As the contract's `retry-policy` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// What one report may take.
    pub budget: Duration,
    /// How long undelivered reports are tried after the end of a run.
    pub delivery_timeout: Duration,
}

impl Times {
    /// Those of the contract.
    pub const DEFAULT: Self = Self { budget: Duration::from_secs(60), delivery_timeout: Duration::from_secs(300) };

    /// What environment pairs say. The last value of a name counts; one that cannot be used is refused by the process
    /// component, and the default here.
    pub fn of(pairs: &[(String, String)]) -> Self {
        let span = |name: &str, default: Duration| {
            let value = pairs.iter().rev().find(|(candidate, _)| candidate == name).map(|(_, value)| value);
            value.and_then(|value| value.parse().ok()).map_or(default, |Span(span)| span)
        };
        Self {
            budget: span(variables::RETRY_BUDGET, Self::DEFAULT.budget),
            delivery_timeout: span(variables::DELIVERY_TIMEOUT, Self::DEFAULT.delivery_timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_contracts_unless_variables_say_otherwise() {
        assert_eq!(Times::of(&[]), Times::DEFAULT);
        let pair = |name: &str, value: &str| (String::from(name), String::from(value));
        let times = Times::of(&[pair("ORCHESTRA_DELIVERY_TIMEOUT", "2m"), pair("ORCHESTRA_RETRY_BUDGET", "x")]);
        assert_eq!(times, Times { delivery_timeout: Duration::from_secs(120), ..Times::DEFAULT });
    }
}

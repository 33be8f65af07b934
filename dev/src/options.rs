//! How the endpoint can be started.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How to serve. By default on any free port, with any key accepted, and without faults.
#[derive(Clone, Default)]
pub struct Options {
    /// The port on 127.0.0.1; `0` for any that is free.
    pub port: u16,
    /// The share of reports that are answered with [`status`](Self::status) instead of being accepted.
    pub fail_rate: FailRate,
    /// How long every report waits for its answer.
    pub delay: Duration,
    /// What a report that fails is answered with.
    pub status: FailStatus,
    /// The only key that is accepted; `None` accepts any.
    pub key: Option<String>,
}

/// A share of the reports, from 0 for none to 1 for all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FailRate(f64);

/// A status that says that a report was not accepted: 300 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailStatus(u16);

/// Why a text cannot be used as an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOption(&'static str);

impl FailRate {
    /// The share, from 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for FailRate {
    type Error = InvalidOption;

    fn try_from(rate: f64) -> Result<Self, InvalidOption> {
        if (0.0..=1.0).contains(&rate) { Ok(Self(rate)) } else { Err(InvalidOption("a rate must be from 0 to 1")) }
    }
}

impl FromStr for FailRate {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        text.parse::<f64>().map_err(|_| InvalidOption("a rate must be a number from 0 to 1"))?.try_into()
    }
}

impl FailStatus {
    /// The status code.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// 503, which a client should try again.
impl Default for FailStatus {
    fn default() -> Self {
        Self(503)
    }
}

impl TryFrom<u16> for FailStatus {
    type Error = InvalidOption;

    fn try_from(code: u16) -> Result<Self, InvalidOption> {
        if (300..600).contains(&code) {
            Ok(Self(code))
        } else {
            Err(InvalidOption("a failing status must be from 300 to 599"))
        }
    }
}

impl FromStr for FailStatus {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        text.parse::<u16>().map_err(|_| InvalidOption("a failing status must be a number from 300 to 599"))?.try_into()
    }
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.0)
    }
}

impl std::error::Error for InvalidOption {}

/// The key stays out of logs.
impl fmt::Debug for Options {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, fail_rate, delay, status, key } = self;
        to.debug_struct("Options")
            .field("port", port)
            .field("fail_rate", fail_rate)
            .field("delay", delay)
            .field("status", status)
            .field("key", &key.as_ref().map(|_| "…"))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_from_0_to_1() {
        assert_eq!("0.25".parse().map(FailRate::get), Ok(0.25));
        for text in ["-0.1", "1.01", "NaN", "half", ""] {
            text.parse::<FailRate>().expect_err(text);
        }
    }

    #[test]
    fn a_failing_status_is_not_one_of_success() {
        assert_eq!("429".parse().map(FailStatus::get), Ok(429));
        for text in ["200", "299", "600", "99999", "503 "] {
            text.parse::<FailStatus>().expect_err(text);
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let options = Options { key: Some("a-secret".to_owned()), ..Options::default() };
        assert!(!format!("{options:?}").contains("secret"));
    }
}

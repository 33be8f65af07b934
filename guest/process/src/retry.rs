//! The retry policy: what an answer means, and how long to wait before the next attempt. Pure; time is a value.

use alloc::string::{String, ToString};
use core::time::Duration;

use orchestra_policy::Times;

use crate::answer::{Answer, Fault};
use crate::contract::RetryPolicy;
use crate::http_date::retry_after;
use crate::text;

/// How often and how soon delivery is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// For one report, before a call gives up on it.
    pub attempts: u32,
    pub first_wait: Duration,
    pub longest_wait: Duration,
    /// What one report may take in all.
    pub budget: Duration,
    /// How long undelivered reports are tried after the end of a run.
    pub delivery_timeout: Duration,
}

impl Policy {
    pub const DEFAULT: Self = Self {
        attempts: 5,
        first_wait: Duration::from_millis(500),
        longest_wait: Duration::from_secs(15),
        budget: Times::DEFAULT.budget,
        delivery_timeout: Times::DEFAULT.delivery_timeout,
    };

    /// The error is a sentence.
    pub fn parse(policy: RetryPolicy) -> Result<Self, &'static str> {
        let RetryPolicy { attempts, first_wait, longest_wait, budget, delivery_timeout } = policy;
        if attempts == 0 {
            return Err("attempts is 0: give at least 1");
        }
        if longest_wait < first_wait {
            return Err("longest-wait is shorter than first-wait");
        }
        if budget == 0 {
            return Err("budget is 0: give at least 1 ms");
        }
        if delivery_timeout == 0 {
            return Err("delivery-timeout is 0: give at least 1 ms");
        }
        let milliseconds = |span: u32| Duration::from_millis(span.into());
        Ok(Self {
            attempts,
            first_wait: milliseconds(first_wait),
            longest_wait: milliseconds(longest_wait),
            budget: milliseconds(budget),
            delivery_timeout: milliseconds(delivery_timeout),
        })
    }

    /// As the contract has it.
    pub fn to_contract(self) -> RetryPolicy {
        // Each was parsed from as many bits, or is one of the defaults.
        let milliseconds = |span: Duration| u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        RetryPolicy {
            attempts: self.attempts,
            first_wait: milliseconds(self.first_wait),
            longest_wait: milliseconds(self.longest_wait),
            budget: milliseconds(self.budget),
            delivery_timeout: milliseconds(self.delivery_timeout),
        }
    }

    /// The wait after the `failures`th failed attempt: exponential with full jitter, so that tasks which failed together
    /// do not come back together. `random` is uniform over all of its values.
    pub fn wait(&self, failures: u32, random: u64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.first_wait.saturating_mul(doubled).min(self.longest_wait).as_nanos();
        // The high half of a 64 × 64 bit product: uniform between nothing and `longest`, without a division.
        let wait = (u128::from(random) * (longest + 1)) >> 64;
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

/// What an attempt has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Acknowledged,
    /// Worth another attempt: why this one failed, and how long the endpoint asked to wait.
    Retry {
        trouble: String,
        after: Option<Duration>,
    },
    /// Repeating cannot help.
    Refused {
        status: u16,
        answer: String,
    },
    /// The host does not let the request out.
    Denied(String),
}

/// The one place that decides whether an attempt is made again. `unix_time` is now, for a `Retry-After` with a date.
pub fn classify(attempt: Result<Answer, Fault>, unix_time: Duration) -> Verdict {
    let answer = match attempt {
        Ok(answer) => answer,
        Err(Fault::Network(trouble)) => return Verdict::Retry { trouble, after: None },
        Err(Fault::Denied(trouble)) => return Verdict::Denied(trouble),
    };
    match answer.status {
        200..=299 => Verdict::Acknowledged,
        // Request timeout, too early, too many requests; and the server errors that pass.
        408 | 425 | 429 | 500 | 502 | 503 | 504 => Verdict::Retry {
            trouble: text::concat(&["the endpoint answered ", &answer.status.to_string()]),
            after: answer.retry_after.and_then(|value| retry_after(&value, unix_time)),
        },
        // Followed, it would become a GET in many clients, and look like a success (RFC 9110, section 15.4).
        status @ 300..=399 if answer.location.is_some() => Verdict::Refused {
            status,
            answer: text::concat(&["a redirect, which is not followed, to ", &answer.location.unwrap_or_default()]),
        },
        status => Verdict::Refused { status, answer: answer.text },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// Mon, 23 Nov 2026 08:00:00 GMT
    const NOW: Duration = Duration::from_secs(1_795_420_800);

    fn policy(attempts: u32, first_wait: u32, longest_wait: u32, budget: u32) -> Result<Policy, &'static str> {
        Policy::parse(RetryPolicy { attempts, first_wait, longest_wait, budget, delivery_timeout: 1 })
    }

    fn answer(status: u16) -> Answer {
        Answer { status, retry_after: None, location: None, text: "text".to_string() }
    }

    fn verdict(status: u16) -> Verdict {
        classify(Ok(answer(status)), NOW)
    }

    #[test]
    fn every_2xx_acknowledges() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(status), Verdict::Acknowledged);
        }
    }

    #[test]
    fn passing_errors_are_tried_again() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(verdict(status), Verdict::Retry { after: None, .. }), "{status}");
        }
    }

    #[test]
    fn any_other_status_is_final() {
        for status in [100, 300, 304, 400, 401, 403, 404, 409, 410, 413, 422, 501, 505, 511, 600] {
            assert_eq!(verdict(status), Verdict::Refused { status, answer: "text".to_string() });
        }
    }

    #[test]
    fn a_redirect_says_where_it_pointed() {
        let redirect = Answer { location: Some("https://elsewhere/".to_string()), ..answer(302) };
        let Verdict::Refused { status: 302, answer } = classify(Ok(redirect), NOW) else { panic!() };
        assert!(answer.contains("https://elsewhere/"));
    }

    #[test]
    fn a_fault_of_the_network_passes_and_a_denial_does_not() {
        let trouble = "x".to_string();
        assert_eq!(
            classify(Err(Fault::Network(trouble.clone())), NOW),
            Verdict::Retry { trouble: trouble.clone(), after: None }
        );
        assert_eq!(classify(Err(Fault::Denied(trouble.clone())), NOW), Verdict::Denied(trouble));
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = policy(9, 100, 1000, 1).unwrap();
        let longest: Vec<_> = (1..=6).map(|failures| policy.wait(failures, u64::MAX).as_millis()).collect();
        assert_eq!(longest, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(policy.wait(u32::MAX, u64::MAX).as_millis(), 1000);
    }

    #[test]
    fn jitter_is_full() {
        let policy = policy(9, 100, 1000, 1).unwrap();
        assert_eq!(policy.wait(1, 0), Duration::ZERO);
        assert_eq!(policy.wait(1, u64::MAX / 4 + 1), Duration::from_millis(25));
        assert_eq!(policy.wait(1, u64::MAX / 2 + 1), Duration::from_millis(50));
    }

    #[test]
    fn no_waiting_is_a_policy_too() {
        let policy = policy(3, 0, 0, 1).unwrap();
        assert_eq!(policy.wait(3, u64::MAX), Duration::ZERO);
    }

    #[test]
    fn a_policy_out_of_range_is_refused() {
        for (attempts, first_wait, longest_wait, budget) in [(0, 1, 1, 1), (1, 2, 1, 1), (1, 1, 1, 0)] {
            assert!(policy(attempts, first_wait, longest_wait, budget).is_err());
        }
        assert!(Policy::parse(RetryPolicy { delivery_timeout: 0, ..Policy::DEFAULT.to_contract() }).is_err());
    }
}

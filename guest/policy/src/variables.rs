//! The environment variables that are Orchestra's.

/// Every variable of ours begins with it. A task never sees one that does.
pub const PREFIX: &str = "ORCHESTRA_";

/// The key of the account.
pub const API_KEY: &str = "ORCHESTRA_API_KEY";
/// The run, a UUID.
pub const TASK_RUN_ID: &str = "ORCHESTRA_TASK_RUN_ID";
/// The URL that reports are posted to.
pub const WEBHOOK_URL: &str = "ORCHESTRA_WEBHOOK_URL";
/// The task's name in reports.
pub const TASK_NAME: &str = "ORCHESTRA_TASK_NAME";
/// What a trigger has to show.
pub const TRIGGER_TOKEN: &str = "ORCHESTRA_TRIGGER_TOKEN";
/// The origins that a trigger may name to be reported to.
pub const ALLOWED_ENDPOINTS: &str = "ORCHESTRA_ALLOWED_ENDPOINTS";
/// Whether plain http is accepted beyond loopback: `yes` or `no`.
pub const ALLOW_PLAINTEXT: &str = "ORCHESTRA_ALLOW_PLAINTEXT";
/// How long undelivered reports are tried after the end of a run.
pub const DELIVERY_TIMEOUT: &str = "ORCHESTRA_DELIVERY_TIMEOUT";
/// Attempts for one report before a call gives up on it.
pub const RETRY_ATTEMPTS: &str = "ORCHESTRA_RETRY_ATTEMPTS";
/// The longest wait before the second attempt.
pub const RETRY_FIRST_WAIT: &str = "ORCHESTRA_RETRY_FIRST_WAIT";
/// The longest wait before any attempt.
pub const RETRY_LONGEST_WAIT: &str = "ORCHESTRA_RETRY_LONGEST_WAIT";
/// What one report may take in all.
pub const RETRY_BUDGET: &str = "ORCHESTRA_RETRY_BUDGET";
/// How long an attempt may take to connect.
pub const CONNECT_TIMEOUT: &str = "ORCHESTRA_CONNECT_TIMEOUT";
/// How long an attempt may wait for its answer.
pub const FIRST_BYTE_TIMEOUT: &str = "ORCHESTRA_FIRST_BYTE_TIMEOUT";
/// How long an attempt may wait for the next piece of a body.
pub const BETWEEN_BYTES_TIMEOUT: &str = "ORCHESTRA_BETWEEN_BYTES_TIMEOUT";

/// The variables that say how reports are delivered. The contract's `reporter.from-environment` reads them.
pub const OF_DELIVERY: [&str; 9] = [
    ALLOW_PLAINTEXT,
    DELIVERY_TIMEOUT,
    RETRY_ATTEMPTS,
    RETRY_FIRST_WAIT,
    RETRY_LONGEST_WAIT,
    RETRY_BUDGET,
    CONNECT_TIMEOUT,
    FIRST_BYTE_TIMEOUT,
    BETWEEN_BYTES_TIMEOUT,
];

/// Whether a variable is one of ours, and so hidden from tasks. Windows has no case in names, so a host may pass any.
pub fn is_ours(name: &str) -> bool {
    name.as_bytes().get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_begin_with_the_prefix_in_any_case() {
        for name in ["ORCHESTRA_API_KEY", "orchestra_trigger_token", "Orchestra_"] {
            assert!(is_ours(name), "{name}");
        }
        for name in ["ORCHESTRA", "MY_ORCHESTRA_API_KEY", "ORCHESTRÄ_X", "é", ""] {
            assert!(!is_ours(name), "{name}");
        }
    }

    #[test]
    fn every_variable_of_delivery_is_ours() {
        assert!(OF_DELIVERY.iter().all(|name| is_ours(name)));
    }
}

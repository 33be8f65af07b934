//! A configuration out of environment variables.

use alloc::string::String;

use orchestra_policy::{Span, variables};

use crate::config::Config;
use crate::contract::{self};
use crate::contract::{RetryPolicy, VariableError};
use crate::request::Timeouts;
use crate::retry::Policy;

/// Environment pairs. If a name is given twice, the last one counts.
struct Settings<'a>(&'a [(String, String)]);

/// A webhook reporter's. No error holds a value.
pub fn config(pairs: &[(String, String)]) -> Result<Config, VariableError> {
    let settings = Settings(pairs);
    let key = settings.get(variables::API_KEY)?.ok_or_else(|| wrong(variables::API_KEY, "it is not set"))?;
    let mut config = Config::webhook(key).map_err(|what| wrong(variables::API_KEY, what))?;
    if let Some(url) = settings.get(variables::WEBHOOK_URL)? {
        config.set_endpoint(url).map_err(|problem| wrong(variables::WEBHOOK_URL, &problem))?;
    }
    config.plaintext_allowed = match settings.get(variables::ALLOW_PLAINTEXT)? {
        None | Some("no") => false,
        Some("yes") => true,
        Some(_) => return Err(wrong(variables::ALLOW_PLAINTEXT, "the value is neither yes nor no")),
    };
    config.policy = settings.policy()?;
    config.timeouts = settings.timeouts()?;
    Ok(config)
}

impl Settings<'_> {
    /// A blank value is an error: whoever set it did not mean the default.
    fn get(&self, name: &str) -> Result<Option<&str>, VariableError> {
        match self.0.iter().rev().find(|(candidate, _)| candidate == name).map(|(_, value)| value.trim_ascii()) {
            Some("") => Err(wrong(name, "it is set and empty: give it a value, or take the variable away")),
            value => Ok(value),
        }
    }

    /// In milliseconds.
    fn span(&self, name: &str, default: u32) -> Result<u32, VariableError> {
        let Some(value) = self.get(name)? else { return Ok(default) };
        let Span(span) = value.parse().map_err(|error: orchestra_policy::SpanError| {
            wrong(name, &crate::text::concat(&["the value ", error.as_str()]))
        })?;
        // A span has at most as many milliseconds.
        Ok(u32::try_from(span.as_millis()).unwrap_or(u32::MAX))
    }

    fn policy(&self) -> Result<Policy, VariableError> {
        let default = Policy::DEFAULT.to_contract();
        let attempts = match self.get(variables::RETRY_ATTEMPTS)? {
            None => default.attempts,
            Some(value) => value
                .parse()
                .ok()
                .filter(|attempts| *attempts > 0)
                .ok_or_else(|| wrong(variables::RETRY_ATTEMPTS, "the value is not a whole number of at least 1"))?,
        };
        let first_wait = self.span(variables::RETRY_FIRST_WAIT, default.first_wait)?;
        let longest_wait = self.span(variables::RETRY_LONGEST_WAIT, default.longest_wait)?;
        let budget = self.span(variables::RETRY_BUDGET, default.budget)?;
        let delivery_timeout = self.span(variables::DELIVERY_TIMEOUT, default.delivery_timeout)?;
        Policy::parse(RetryPolicy { attempts, first_wait, longest_wait, budget, delivery_timeout })
            // All else is in range.
            .map_err(|_| wrong(variables::RETRY_LONGEST_WAIT, "it is shorter than ORCHESTRA_RETRY_FIRST_WAIT"))
    }

    fn timeouts(&self) -> Result<Timeouts, VariableError> {
        let default = |span: core::time::Duration| u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        let Timeouts { connect, first_byte, between_bytes } = Timeouts::DEFAULT;
        let timeouts = contract::Timeouts {
            connect: self.span(variables::CONNECT_TIMEOUT, default(connect))?,
            first_byte: self.span(variables::FIRST_BYTE_TIMEOUT, default(first_byte))?,
            between_bytes: self.span(variables::BETWEEN_BYTES_TIMEOUT, default(between_bytes))?,
        };
        // A span is never 0.
        Timeouts::parse(timeouts).map_err(|problem| wrong(variables::CONNECT_TIMEOUT, &problem))
    }
}

fn wrong(variable: &str, problem: &str) -> VariableError {
    VariableError { variable: variable.into(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::time::Duration;

    fn of(pairs: &[(&str, &str)]) -> Result<Config, VariableError> {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        config(&pairs)
    }

    #[test]
    fn the_last_value_of_a_name_counts() {
        let config = of(&[("ORCHESTRA_API_KEY", "first"), ("ORCHESTRA_API_KEY", "last")]).unwrap();
        let target = config.target().unwrap();
        assert_eq!(target.key.authorization("Bearer"), "Bearer last");
        assert_eq!(target.authority, "webhook.getorchestra.io");
    }

    #[test]
    fn everything_about_delivery_can_be_set() {
        let config = of(&[
            ("ORCHESTRA_API_KEY", "key"),
            ("ORCHESTRA_WEBHOOK_URL", "http://example.com/hook"),
            ("ORCHESTRA_ALLOW_PLAINTEXT", "yes"),
            ("ORCHESTRA_DELIVERY_TIMEOUT", "2h"),
            ("ORCHESTRA_RETRY_ATTEMPTS", "7"),
            ("ORCHESTRA_RETRY_FIRST_WAIT", "10ms"),
            ("ORCHESTRA_RETRY_LONGEST_WAIT", "20"),
            ("ORCHESTRA_RETRY_BUDGET", "3m"),
            ("ORCHESTRA_CONNECT_TIMEOUT", "1s"),
            ("ORCHESTRA_FIRST_BYTE_TIMEOUT", "2s"),
            ("ORCHESTRA_BETWEEN_BYTES_TIMEOUT", "3s"),
        ])
        .unwrap();
        let Policy { attempts, first_wait, longest_wait, budget, delivery_timeout } = config.policy;
        let expected = [10, 20_000, 180_000, 7_200_000].map(Duration::from_millis);
        assert_eq!((attempts, [first_wait, longest_wait, budget, delivery_timeout]), (7, expected));
        let Timeouts { connect, first_byte, between_bytes } = config.timeouts;
        assert_eq!([connect, first_byte, between_bytes], [1, 2, 3].map(Duration::from_secs));
        assert_eq!(config.target().unwrap().path_with_query, "/hook");
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named_and_its_value_is_not() {
        for (name, value) in [
            ("ORCHESTRA_API_KEY", " \n"),
            ("ORCHESTRA_API_KEY", "sécret"),
            ("ORCHESTRA_WEBHOOK_URL", ""),
            ("ORCHESTRA_WEBHOOK_URL", "secret"),
            ("ORCHESTRA_ALLOW_PLAINTEXT", "secret"),
            ("ORCHESTRA_DELIVERY_TIMEOUT", "secret"),
            ("ORCHESTRA_DELIVERY_TIMEOUT", "0"),
            ("ORCHESTRA_RETRY_ATTEMPTS", "0"),
            ("ORCHESTRA_RETRY_ATTEMPTS", "secret"),
            ("ORCHESTRA_RETRY_BUDGET", "1.5s"),
            ("ORCHESTRA_RETRY_LONGEST_WAIT", "1ms"),
            ("ORCHESTRA_CONNECT_TIMEOUT", "0ms"),
            ("ORCHESTRA_FIRST_BYTE_TIMEOUT", ""),
            ("ORCHESTRA_BETWEEN_BYTES_TIMEOUT", "secret"),
        ] {
            let error = of(&[("ORCHESTRA_API_KEY", "key"), (name, value)]).unwrap_err();
            assert_eq!(error.variable, name);
            assert!(!error.problem.contains("cret"), "{error:?}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        assert_eq!(of(&[]).unwrap_err().variable, "ORCHESTRA_API_KEY");
    }
}

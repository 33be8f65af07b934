use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use fuzz::{Fuzz, Result, Unstructured};
use orchestra_policy::variables;

use crate::retry::Policy;
use crate::settings::config;

/// In the values, and in no sentence.
const SECRET: &str = "Zq7xW";

const NAMES: [&str; 12] = [
    variables::API_KEY,
    variables::WEBHOOK_URL,
    variables::ALLOW_PLAINTEXT,
    variables::DELIVERY_TIMEOUT,
    variables::RETRY_ATTEMPTS,
    variables::RETRY_FIRST_WAIT,
    variables::RETRY_LONGEST_WAIT,
    variables::RETRY_BUDGET,
    variables::CONNECT_TIMEOUT,
    variables::FIRST_BYTE_TIMEOUT,
    variables::BETWEEN_BYTES_TIMEOUT,
    "orchestra_api_key",
];
const VALUES: [&str; 16] = [
    "",
    " ",
    "0",
    "1",
    "7",
    "90s",
    "500ms",
    " 5m\n",
    "2 h",
    "yes",
    "no",
    "4294967295ms",
    "4294967296ms",
    "1193h",
    "http://127.0.0.1/",
    "https://example.com/x?y",
];

fn value(input: &mut Unstructured<'_>) -> Result<String> {
    let (mut text, places) = (String::from(*input.choose(&VALUES)?), input.int_in_range(0..=3)?);
    for _ in 1..places {
        text += input.choose(&[SECRET, SECRET, "é", "\n", "-", ".", "@", "://", "s", "99999999999999999999"])?;
    }
    Ok(text)
}

fn pairs(input: &mut Unstructured<'_>) -> Result<Vec<(String, String)>> {
    let count = input.int_in_range(0..=6)?;
    let mut pairs = Vec::from([(String::from(variables::API_KEY), format!("{SECRET}-key"))]);
    for _ in 0..count {
        pairs.push((String::from(*input.choose(&NAMES)?), value(input)?));
    }
    Ok(pairs)
}

/// What the last value of a name says, in milliseconds.
fn span(pairs: &[(String, String)], name: &str) -> Option<u128> {
    let value = pairs.iter().rev().find(|(candidate, _)| candidate == name).map(|(_, value)| value.trim())?;
    let unit = value.trim_start_matches(|char: char| char.is_ascii_digit());
    let number: u128 = value.strip_suffix(unit)?.parse().ok()?;
    let factor = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(number * factor).filter(|span| (1..=u128::from(u32::MAX)).contains(span))
}

#[test]
fn no_error_about_a_variable_holds_a_value() {
    Fuzz::new().values(|input| {
        if let Err(error) = config(&pairs(input)?) {
            assert!(NAMES.contains(&error.variable.as_str()), "{}", error.variable);
            assert!(!error.problem.is_empty() && !error.problem.contains(SECRET), "{}", error.problem);
        }
        Ok(())
    });
}

#[test]
fn a_configuration_is_what_the_variables_say() {
    Fuzz::new().values(|input| {
        let pairs = pairs(input)?;
        let Ok(config) = config(&pairs) else { return Ok(()) };
        let expected = |name, default: Duration| match pairs.iter().any(|(given, _)| given == name) {
            true => span(&pairs, name),
            false => Some(default.as_millis()),
        };
        let Policy { first_wait, longest_wait, budget, delivery_timeout, .. } = Policy::DEFAULT;
        for (name, default, set) in [
            (variables::RETRY_FIRST_WAIT, first_wait, config.policy.first_wait),
            (variables::RETRY_LONGEST_WAIT, longest_wait, config.policy.longest_wait),
            (variables::RETRY_BUDGET, budget, config.policy.budget),
            (variables::DELIVERY_TIMEOUT, delivery_timeout, config.policy.delivery_timeout),
        ] {
            assert_eq!(Some(set.as_millis()), expected(name, default), "{name}");
        }
        assert!(config.policy.first_wait <= config.policy.longest_wait);
        assert!(!format!("{config:?}").contains(&format!("{SECRET}-key")));
        Ok(())
    });
}

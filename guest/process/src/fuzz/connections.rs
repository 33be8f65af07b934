use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use fuzz::{Fuzz, Result, Unstructured};
use serde_json::Value as JsonValue;

use crate::connections::{field, get, list};
use crate::contract::{LookupError, Value};

/// By the rule in words: three parts between two underscores, each of upper case letters and digits, in words with one
/// underscore between them.
fn parts(name: &str) -> Option<[&str; 3]> {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|char| matches!(char, 'A'..='Z' | '0'..='9'));
    let parts: Vec<&str> = name.split("__").collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    parts.iter().all(|part| part.split('_').all(is_word)).then_some(parts)
}

fn text(input: &mut Unstructured<'_>, pieces: &[&str]) -> Result<String> {
    let count = input.int_in_range(0..=7)?;
    (0..count).map(|_| Ok(*input.choose(pieces)?)).collect()
}

fn variables(input: &mut Unstructured<'_>) -> Result<Vec<(String, String)>> {
    const IN_NAMES: [&str; 12] = ["A", "B", "1", "SNOWFLAKE", "_", "__", "__", "__", "___", "a", "é", "-"];
    const IN_VALUES: [&str; 14] =
        ["{", "}", "[", "]", "\"", ":", ",", "1", "null", " ", "\\u00e9", "text", "{}", "[1]"];
    let count = input.int_in_range(0..=8)?;
    (0..count).map(|_| Ok((text(input, &IN_NAMES)?, text(input, &IN_VALUES)?))).collect()
}

type Fields = Vec<(String, String)>;

/// Of each connection the fields, in the order of their first mention, with their last values.
fn model(variables: &[(String, String)]) -> BTreeMap<(String, String), Fields> {
    let mut connections = BTreeMap::<_, Fields>::new();
    for (name, value) in variables {
        let Some([integration, connection_id, field]) = parts(name) else { continue };
        let fields = connections.entry((integration.into(), connection_id.into())).or_default();
        match fields.iter_mut().find(|(name, _)| name == field) {
            Some((_, earlier)) => earlier.clone_from(value),
            None => fields.push((field.into(), value.clone())),
        }
    }
    connections
}

fn is_meant(value: &Value, given: &str) -> bool {
    let is_json = given.starts_with(['{', '[']) && serde_json::from_str::<JsonValue>(given).is_ok();
    match value {
        Value::Json(text) => is_json && text == given,
        Value::Text(text) => !is_json && text == given,
    }
}

#[test]
fn connections_are_those_of_the_rule_in_words() {
    Fuzz::new().values(|input| {
        let variables = variables(input)?;
        let (connections, model) = (list(variables.clone()), model(&variables));
        assert_eq!(connections.len(), model.len());
        for (connection, ((integration, connection_id), fields)) in connections.into_iter().zip(model) {
            assert_eq!((&connection.integration, &connection.connection_id), (&integration, &connection_id));
            assert_eq!(connection.fields.len(), fields.len());
            for ((name, value), (expected, given)) in connection.fields.iter().zip(&fields) {
                assert_eq!(name, expected);
                assert!(is_meant(value, given), "{value:?} {given}");
            }
            let found = get(variables.clone(), &integration.to_lowercase(), Some(&connection_id));
            assert_eq!(found.as_ref(), Ok(&connection));
            for (name, value) in &connection.fields {
                assert_eq!(field(connection.clone(), &name.replace('_', " ")).as_ref(), Some(value));
            }
        }
        Ok(())
    });
}

#[test]
fn a_lookup_finds_the_one_connection_that_is_meant() {
    Fuzz::new().values(|input| {
        let variables = variables(input)?;
        let integration = text(input, &["A", "B", "1", " ", "-", "a", "_", "é"])?;
        let connections = list(variables.clone());
        match get(variables, &integration, None) {
            Ok(found) => {
                assert_eq!(connections.iter().filter(|other| other.integration == found.integration).count(), 1);
            }
            Err(LookupError::Several(ids)) => assert!(ids.len() > 1 && ids.is_sorted()),
            Err(LookupError::NotLinked(name)) => {
                assert!(connections.iter().all(|connection| connection.integration != name));
            }
        }
        Ok(())
    });
}

/// It names what is looked for, and is asked for in logs.
#[test]
fn a_lookup_that_finds_nothing_shows_no_value() {
    Fuzz::new().values(|input| {
        let mut variables = variables(input)?;
        variables.iter_mut().for_each(|(_, value)| value.push_str("secret"));
        let error = get(variables, &text(input, &["A", "B"])?, Some(&text(input, &["A", "1"])?)).err();
        assert!(!alloc::format!("{error:?}").contains("secret"));
        Ok(())
    });
}

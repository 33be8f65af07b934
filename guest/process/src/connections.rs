//! Linked connections, read out of environment pairs by the rule of orchestra-sdk 0.2.0. Pure.

use alloc::string::String;
use alloc::vec::Vec;

use crate::contract::{Connection, LookupError, Value};
use crate::json::Json;
use crate::text;

/// Every linked connection, sorted by integration and connection id.
#[inline(never)]
pub fn list(variables: Vec<(String, String)>) -> Vec<Connection> {
    let mut connections = Vec::<Connection>::new();
    for (name, value) in variables {
        let Some([integration, connection_id, field]) = parts(&name) else { continue };
        let before = |other: &Connection| {
            (other.integration.as_str(), other.connection_id.as_str()) < (integration, connection_id)
        };
        let place = connections.iter().position(|other| !before(other)).unwrap_or(connections.len());
        let is_new = connections
            .get(place)
            .is_none_or(|other| other.integration != integration || other.connection_id != connection_id);
        if is_new {
            let (integration, connection_id) = (integration.into(), connection_id.into());
            connections.insert(place, Connection { integration, connection_id, fields: Vec::new() });
        }
        let Some(Connection { fields, .. }) = connections.get_mut(place) else { continue };
        // Of a name given twice the last counts, in the place of the first.
        match fields.iter_mut().find(|(name, _)| name == field) {
            Some((_, earlier)) => *earlier = decode(value),
            None => fields.push((field.into(), decode(value))),
        }
    }
    connections
}

/// The one connection of this integration, or the one with this id.
pub fn get(
    variables: Vec<(String, String)>,
    integration: &str,
    connection_id: Option<&str>,
) -> Result<Connection, LookupError> {
    let integration = normal(integration);
    let connection_id = connection_id.map(normal);
    let mut found = Vec::new();
    for connection in list(variables) {
        let is_meant = connection_id.as_ref().is_none_or(|connection_id| connection.connection_id == *connection_id);
        if connection.integration == integration && is_meant {
            found.push(connection);
        }
    }
    if found.len() > 1 {
        return Err(LookupError::Several(found.into_iter().map(|connection| connection.connection_id).collect()));
    }
    found.pop().ok_or_else(|| {
        LookupError::NotLinked(match connection_id {
            Some(connection_id) => text::concat(&[&integration, " ", &connection_id]),
            None => integration,
        })
    })
}

/// The field of this name.
pub fn field(connection: Connection, name: &str) -> Option<Value> {
    let name = normal(name);
    connection.fields.into_iter().find_map(|(field, value)| (field == name).then_some(value))
}

/// The parts of `INTEGRATION__CONNECTION_ID__FIELD`, if this is such a name.
fn parts(name: &str) -> Option<[&str; 3]> {
    // The parts of a name in normal form have no `_` at their ends, so the first `__` is where a part ends.
    let (integration, rest) = name.split_once("__")?;
    let (connection_id, field) = rest.split_once("__")?;
    let parts = [integration, connection_id, field];
    parts.iter().all(|part| !part.is_empty() && normal(part) == **part).then_some(parts)
}

/// Upper case, and one `_` for each run of other characters, none at the ends.
#[inline(never)]
fn normal(name: &str) -> String {
    let mut normal = String::new();
    let mut between_words = false;
    for character in name.chars() {
        if !character.is_ascii_alphanumeric() {
            between_words = true;
            continue;
        }
        if between_words && !normal.is_empty() {
            normal.push('_');
        }
        between_words = false;
        normal.push(character.to_ascii_uppercase());
    }
    normal
}

/// Only what looks like an object or an array is JSON: an account id of digits stays a text.
fn decode(value: String) -> Value {
    if !value.starts_with(['{', '[']) {
        return Value::Text(value);
    }
    match Json::parse(value.clone()) {
        Ok(_) => Value::Json(value),
        Err(_) => Value::Text(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn linked() -> Vec<(String, String)> {
        variables(&[
            ("PATH", "/bin"),
            ("SNOWFLAKE__PROD__PASSWORD", "secret"),
            ("SNOWFLAKE__DEV_1__PASSWORD", "other"),
            ("SNOWFLAKE__DEV_1__ACCOUNT_ID", "12345"),
            ("POSTGRES__MAIN__OPTIONS", r#"{"ssl": true}"#),
        ])
    }

    #[test]
    fn connections_are_sorted_and_their_fields_in_order() {
        let connections = list(linked());
        let names: Vec<_> = connections.iter().map(|c| (c.integration.as_str(), c.connection_id.as_str())).collect();
        assert_eq!(names, [("POSTGRES", "MAIN"), ("SNOWFLAKE", "DEV_1"), ("SNOWFLAKE", "PROD")]);
        let fields: Vec<_> = connections[1].fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(fields, ["PASSWORD", "ACCOUNT_ID"]);
    }

    #[test]
    fn other_variables_are_ignored() {
        for name in [
            "A__B",
            "A__B__C__D",
            "__B__C",
            "A____C",
            "a__B__C",
            "A__B-1__C",
            "A_B_C",
            "A___B__C",
            "A__B__C_",
            "É__B__C",
        ] {
            assert_eq!(list(variables(&[(name, "x")])), [], "{name}");
        }
    }

    #[test]
    fn a_lookup_takes_any_case_and_punctuation() {
        let connection = get(linked(), " snowflake ", Some("dev-1")).unwrap();
        assert_eq!(connection.connection_id, "DEV_1");
        assert_eq!(field(connection, "account id"), Some(Value::Text("12345".to_string())));
    }

    #[test]
    fn the_id_may_be_left_out_if_there_is_one_connection() {
        assert_eq!(get(linked(), "postgres", None).unwrap().connection_id, "MAIN");
        assert_eq!(
            get(linked(), "snowflake", None),
            Err(LookupError::Several(["DEV_1".to_string(), "PROD".to_string()].into()))
        );
        assert_eq!(get(linked(), "mysql", None), Err(LookupError::NotLinked("MYSQL".to_string())));
        assert_eq!(get(linked(), "postgres", Some("b")), Err(LookupError::NotLinked("POSTGRES B".to_string())));
    }

    #[test]
    fn what_looks_like_json_and_is_json_is_json() {
        let value = |text: &str| list(variables(&[("A__B__C", text)])).remove(0).fields.remove(0).1;
        for json in [r#"{"a": 1}"#, "[1234]", "[]"] {
            assert_eq!(value(json), Value::Json(json.to_string()));
        }
        for text in ["", "1", "true", "\"a\"", " {}", "{oops", "[1,]", "{} x"] {
            assert_eq!(value(text), Value::Text(text.to_string()));
        }
    }

    #[test]
    fn of_a_name_given_twice_the_last_counts() {
        let connections = list(variables(&[("A__B__C", "1"), ("A__B__D", "2"), ("A__B__C", "3")]));
        let fields = &connections[0].fields;
        assert_eq!(fields[0], ("C".to_string(), Value::Text("3".to_string())));
        assert_eq!(fields.len(), 2);
    }
}

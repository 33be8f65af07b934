//! How the component differs from a recording, and `golden/differences.json`, which says how it is to differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What differs at one place.
#[derive(Debug, PartialEq)]
struct Difference {
    /// A JSON pointer (RFC 6901).
    path: String,
    /// Absent if `None`.
    sdk: Option<Value>,
    component: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    rules: BTreeMap<String, Rule>,
    differences: Vec<Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// In the list of differences that were agreed on before the component was written.
    #[serde(rename = "number")]
    _number: Option<u8>,
    reason: String,
}

/// A difference that must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    rule: String,
    /// Ids; or `*` for all, `0.0.9/*` for all of one SDK.
    scenarios: Vec<String>,
    /// A JSON pointer. `*` in the place of an index stands for every index that both sides have.
    path: String,
    /// What the component has there; left out if it has nothing. What the SDK has is in the recording.
    #[serde(default, deserialize_with = "present")]
    component: Option<Value>,
}

/// A `null` is something, too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Differences {
    pub fn read() -> Self {
        let value = super::read(&super::golden().join("differences.json"));
        serde_json::from_value(value).unwrap_or_else(|error| panic!("golden/differences.json: {error}"))
    }

    /// The error lists differences that were not declared, and declared ones that are not there, a line each.
    pub fn check(&self, id: &str, sdk: &Value, component: &Value) -> Result<(), String> {
        let found = between(sdk, component);
        let declared = self.differences.iter().filter(|declared| declared.is_about(id));
        let (mut complaints, mut expected) = (Vec::new(), Vec::new());
        for declared in declared {
            let paths = declared.paths(sdk, component);
            if paths.is_empty() && declared.scenarios.iter().any(|name| name == id) {
                complaints.push(format!("  declared ({}), but not there: {}", declared.rule, declared.path));
            }
            expected.extend(paths.into_iter().map(|path| (path, declared)));
        }
        let is = |found: &Difference, path: &str, declared: &Declared| {
            found.path == path && found.component == declared.component
        };
        complaints.extend(
            expected
                .iter()
                .filter(|(path, declared)| !found.iter().any(|found| is(found, path, declared)))
                .map(|(path, declared)| format!("  declared ({}), but not there: {path}", declared.rule)),
        );
        complaints.extend(
            found
                .iter()
                .filter(|found| !expected.iter().any(|(path, declared)| is(found, path, declared)))
                .map(|found| format!("  not declared: {found}")),
        );
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
    }

    /// # Panics
    ///
    /// If a difference is of no scenario or has no rule, or a rule has no difference or no reason.
    #[track_caller]
    pub fn check_references(&self, ids: &BTreeSet<String>) {
        let mut unused: BTreeSet<_> = self.rules.keys().collect();
        for declared in &self.differences {
            let Declared { rule, scenarios, path, .. } = declared;
            assert!(self.rules.contains_key(rule), "{path}: there is no rule {rule}");
            unused.remove(rule);
            for name in scenarios {
                assert!(name.ends_with('*') || ids.contains(name), "{rule}, {path}: there is no scenario {name}");
            }
            assert!(ids.iter().any(|id| declared.is_about(id)), "{rule}, {path}: is about no scenario");
        }
        assert!(unused.is_empty(), "no difference has the rule {unused:?}");
        assert!(self.rules.values().all(|rule| !rule.reason.is_empty()), "a rule has no reason");
    }
}

impl Declared {
    fn is_about(&self, id: &str) -> bool {
        self.scenarios.iter().any(|name| match name.strip_suffix('*') {
            Some(beginning) => id.starts_with(beginning),
            None => id == name,
        })
    }

    fn paths(&self, sdk: &Value, component: &Value) -> Vec<String> {
        let Some((list, rest)) = self.path.split_once("/*") else { return vec![self.path.clone()] };
        let count = |side: &Value| side.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count(sdk).min(count(component))).map(|index| format!("{list}/{index}{rest}")).collect()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |side: &Option<Value>| side.as_ref().map_or("nothing".to_string(), Value::to_string);
        write!(to, "{}: the SDK has {}, the component {}", self.path, shown(&self.sdk), shown(&self.component))
    }
}

/// Numbers are compared as they are written, and objects also by the order of their keys.
fn between(sdk: &Value, component: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(sdk), Some(component), &mut found);
    found
}

fn compare(path: String, sdk: Option<&Value>, component: Option<&Value>, found: &mut Vec<Difference>) {
    match (sdk, component) {
        (Some(Value::Object(sdk)), Some(Value::Object(component))) if !raised(sdk) => {
            let common = |object: &serde_json::Map<String, Value>| -> Vec<Value> {
                let keys = object.keys().filter(|key| sdk.contains_key(*key) && component.contains_key(*key));
                keys.map(|key| key.as_str().into()).collect()
            };
            let (sdk_order, component_order) = (common(sdk), common(component));
            if sdk_order != component_order {
                let (sdk, component) = (Some(sdk_order.into()), Some(component_order.into()));
                found.push(Difference { path: path.clone(), sdk, component });
            }
            let keys: BTreeSet<_> = sdk.keys().chain(component.keys()).collect();
            for key in keys {
                let step = key.replace('~', "~0").replace('/', "~1");
                compare(format!("{path}/{step}"), sdk.get(key), component.get(key), found);
            }
        }
        (Some(Value::Array(sdk)), Some(Value::Array(component))) => {
            for index in 0..sdk.len().max(component.len()) {
                compare(format!("{path}/{index}"), sdk.get(index), component.get(index), found);
            }
        }
        // Python raises, the component returns.
        (Some(Value::Object(sdk)), Some(Value::Bool(false))) if raised(sdk) => {}
        (sdk, component) if sdk == component => {}
        (sdk, component) => found.push(Difference { path, sdk: sdk.cloned(), component: component.cloned() }),
    }
}

/// How the recorder writes an exception.
fn raised(value: &serde_json::Map<String, Value>) -> bool {
    value.len() == 1 && value.contains_key("raised")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn paths(sdk: &str, component: &str) -> Vec<String> {
        between(&parse(sdk), &parse(component)).into_iter().map(|difference| difference.path).collect()
    }

    fn declared(path: &str, component: &str) -> Differences {
        let differences = json!([{"rule": "r", "scenarios": ["s/*"], "path": path, "component": parse(component)}]);
        serde_json::from_value(json!({"rules": {"r": {"reason": "x"}}, "differences": differences})).unwrap()
    }

    #[test]
    fn a_number_is_compared_as_it_is_written() {
        assert_eq!(paths("[1.0, 1e2, 9007199254740993]", "[1.00, 100, 9007199254740992]"), ["/0", "/1", "/2"]);
        assert!(paths("[123456789012345678901234567890]", "[123456789012345678901234567890]").is_empty());
    }

    #[test]
    fn the_order_of_keys_is_compared() {
        assert_eq!(paths(r#"{"x": {"a": 1, "b": 2}}"#, r#"{"x": {"b": 2, "a": 1}}"#), ["/x"]);
        assert_eq!(paths(r#"{"a": 1, "b": 2, "c": 3}"#, r#"{"a": 1, "c": 3}"#), ["/b"]);
    }

    #[test]
    fn null_is_not_nothing() {
        let found = between(&parse("{}"), &parse(r#"{"a/b": null}"#));
        assert_eq!(found, [Difference { path: "/a~1b".to_string(), sdk: None, component: Some(Value::Null) }]);
    }

    #[test]
    fn an_exception_is_a_call_that_failed() {
        assert!(paths(r#"[{"raised": "TypeError"}]"#, "[false]").is_empty());
        assert_eq!(paths(r#"[{"raised": "TypeError"}]"#, "[true]"), ["/0"]);
    }

    #[test]
    fn a_difference_is_declared_with_its_value() {
        let check = |declared: Differences| declared.check("s/a", &parse("[1]"), &parse("[2]"));
        assert!(check(declared("/0", "2")).is_ok());
        assert_eq!(check(declared("/0", "3")).unwrap_err().lines().count(), 2);
    }

    #[test]
    fn a_declared_difference_must_be_there_at_every_index() {
        let check = |component: &str| declared("/*/k", "1").check("s/a", &parse("[{}, {}]"), &parse(component));
        assert!(check(r#"[{"k": 1}, {"k": 1}]"#).is_ok());
        assert!(check(r#"[{"k": 1}, {}]"#).unwrap_err().contains("declared (r), but not there: /1/k"));
    }
}

//! What a host cannot do: `limits.json`.

use std::fs;

use serde_json::Value;

/// An expected failure.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The test's name.
    pub test: String,
    /// What the failure must say.
    pub says: String,
    /// Why it fails.
    pub reason: String,
    /// Where that can be read.
    pub link: String,
}

/// Every line of `limits.json`.
///
/// # Panics
///
/// If the file is malformed, or a line has no reason or no link.
pub fn all() -> Vec<Limit> {
    let path = crate::root().join("host-test/foreign-hosts/limits.json");
    let text = fs::read_to_string(&path).expect("limits.json is a part of this crate");
    let lines: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("limits.json: {error}"));
    lines.iter().map(limit).collect()
}

fn limit(line: &Value) -> Limit {
    let text = |name| match line[name].as_str() {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => panic!("limits.json: there is no {name:?} in {line}"),
    };
    Limit { test: text("test"), says: text("says"), reason: text("reason"), link: text("link") }
}

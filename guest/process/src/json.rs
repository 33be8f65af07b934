//! JSON: the caller's is checked here, then passed on as it stands; ours is written.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::IgnoredAny;

/// `data` and the value of an output.
pub const JSON_BYTES: usize = 1024 * 1024;
/// The contract's, and about that of many a parser on the way: serde_json's values have 127.
const NESTING: usize = 128;

/// One JSON text.
#[derive(Debug)]
pub struct Json(String);

impl Json {
    /// The error ends the sentence "the value …".
    pub fn parse(text: String) -> Result<Self, &'static str> {
        if text.len() > JSON_BYTES {
            return Err("is longer than 1 MiB");
        }
        serde_json::from_str::<IgnoredAny>(&text).map_err(|_| "is not a JSON text (RFC 8259)")?;
        if nesting(&text) > NESTING {
            return Err("is nested more than 128 levels deep");
        }
        Ok(Self(text))
    }

    /// Without white space around it.
    pub fn as_str(&self) -> &str {
        self.0.trim_ascii()
    }
}

/// One JSON object.
#[derive(Debug)]
pub struct Object(Json);

impl Object {
    /// The error ends the sentence "the data …".
    pub fn parse(text: String) -> Result<Self, &'static str> {
        let json = Json::parse(text)?;
        match json.as_str().starts_with('{') {
            true => Ok(Self(json)),
            false => Err("is not a JSON object: wrap it in one, such as {\"value\": …}"),
        }
    }
}

/// A JSON object that is being written; its fields keep their order. (Derived serializers, one for each shape of a
/// body, would be a tenth of the component.)
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    #[inline(never)]
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.string(text);
    }

    #[inline(never)]
    pub fn json(&mut self, name: &str, json: &str) {
        self.name(name);
        self.0.extend_from_slice(json.as_bytes());
    }

    /// The caller's `data`, or `{}`.
    pub fn data(&mut self, name: &str, data: Option<&Object>) {
        self.json(name, data.map_or("{}", |Object(json)| json.as_str()));
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        self.string(name);
        self.0.push(b':');
    }

    #[inline(never)]
    fn string(&mut self, text: &str) {
        // A text can always be written into memory.
        self.0.append(&mut serde_json::to_vec(text).unwrap_or_default());
    }
}

/// How deep the arrays and objects of `json`, which is valid JSON, are nested.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn passed_on(text: &str) -> String {
        Json::parse(text.to_string()).unwrap().as_str().to_string()
    }

    #[test]
    fn json_is_passed_on_as_it_stands() {
        for text in [
            "123456789012345678901234567890.10",
            "1E400",
            "-0.0",
            r#"{"b": 1, "a": [true, null],  "b": 2}"#,
            r#""\ud800 é \/""#,
        ] {
            assert_eq!(passed_on(text), text);
        }
        assert_eq!(passed_on(" \n[1]\t"), "[1]");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", " ", "{", "[1,]", "NaN", "01", "'a'", "1 2", "{a: 1}", "\"\n\"", "\u{feff}1"] {
            assert_eq!(Json::parse(text.to_string()).unwrap_err(), "is not a JSON text (RFC 8259)", "{text:?}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |levels: usize| "[".repeat(levels) + "\"]]\\\"[[\"" + &"]".repeat(levels);
        assert!(Json::parse(nested(128)).is_ok());
        assert!(Json::parse(nested(129)).is_err());
        assert!(Json::parse(nested(500_000)).is_err());
        assert!(Json::parse("[".repeat(100_000)).is_err());
    }

    #[test]
    fn data_is_an_object() {
        assert!(Object::parse(" {\"a\": 1} ".to_string()).is_ok());
        for text in ["[]", "\"{}\"", "null", "1"] {
            assert!(Object::parse(text.to_string()).unwrap_err().contains("not a JSON object"), "{text}");
        }
    }
}

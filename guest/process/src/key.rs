//! The key of an Orchestra account.

use alloc::string::String;
use core::fmt;

use crate::text;

/// Hosts trap on more than 128 KiB of headers; no key comes near this.
const API_KEY_BYTES: usize = 8 * 1024;
/// A text's end of at most this many bytes may be the beginning of a key or of any other word: it stays.
const API_KEY_SHOWN_BYTES: usize = 3;

/// It leaves this type in one place only: [`AccountKey::authorization`].
#[derive(Clone)]
pub struct AccountKey(String);

impl AccountKey {
    /// White space at the ends is not a part of a key: files and secret stores add a newline. The error is a sentence, and
    /// does not repeat the key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let key = text.trim_ascii();
        if key.is_empty() {
            return Err("the API key is empty: pass the key of your Orchestra account");
        }
        if key.len() > API_KEY_BYTES {
            return Err("the API key is longer than 8 KiB");
        }
        if !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(
                "the API key has a character other than printable ASCII in it: pass the key, whole and nothing else",
            );
        }
        Ok(Self(key.into()))
    }

    /// Of a run that is not reported.
    pub fn none() -> Self {
        Self("none".into())
    }

    /// The value of the `Authorization` header under `scheme`.
    pub fn authorization(&self, scheme: &str) -> String {
        text::concat(&[scheme, " ", &self.0])
    }

    /// `text` without the key: an endpoint may send back what it was sent. The text may have been cut off, so the
    /// beginning of a key at its end goes, too.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.replace(&self.0, "[API key]");
        let mut beginnings = (API_KEY_SHOWN_BYTES + 1..self.0.len()).rev().filter_map(|bytes| self.0.get(..bytes));
        if let Some(beginning) = beginnings.find(|beginning| text.ends_with(beginning)) {
            text.truncate(text.len() - beginning.len());
        }
        text
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_key_loses_the_white_space_at_its_ends() {
        assert_eq!(AccountKey::parse(" key\r\n").unwrap().authorization("Bearer"), "Bearer key");
    }

    #[test]
    fn a_wrong_key_is_never_echoed() {
        for key in ["", " \n", "secret\nkey", "secret\0", "sécret", &"secret".repeat(2000)] {
            let error = AccountKey::parse(key).unwrap_err();
            assert!(!error.contains("secret") && !error.contains("sécret"), "{error}");
        }
    }

    #[test]
    fn neither_a_key_nor_its_beginning_at_the_end_stays_in_a_text() {
        let key = AccountKey::parse("secret-key").unwrap();
        assert_eq!(key.redact("a secret-key b secret-key"), "a [API key] b [API key]");
        assert_eq!(key.redact("secret-keysecret-ke"), "[API key]");
        assert_eq!(key.redact("it is secr"), "it is ");
        assert_eq!(key.redact("it is sec"), "it is sec");
        assert_eq!(key.redact("secret"), "");
        assert_eq!(AccountKey::parse("k").unwrap().redact("k?"), "[API key]?");
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", AccountKey::parse("secret").unwrap()), "AccountKey");
    }
}

//! A configuration is parsed once, here, into values that cannot be wrong; nothing checks them again.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::contract::{self, ConfigError, Delivery};
use crate::endpoint::Endpoint;
use crate::protocol::Protocol;
use crate::retry::Policy;
use crate::text;

/// Hosts trap on more than 128 KiB of headers; no key comes near this.
const API_KEY_BYTES: usize = 8 * 1024;
/// So little at the end of a text may be the beginning of a key or any word: it stays.
const API_KEY_SHOWN_BYTES: usize = 3;
/// Names of tasks, stages, outputs and logs, run ids and client ids.
const NAME_BYTES: usize = 256;

/// The key of an Orchestra account. It leaves this type in one place only: [`ApiKey::authorization`].
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// White space at the ends is no part of a key: files and secret stores add a newline.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let key = text.trim_ascii();
        let wrong = |what: &str| Err(ConfigError::InvalidApiKey(what.into()));
        if key.is_empty() {
            return wrong("the API key is empty: pass the key of your Orchestra account");
        }
        if key.len() > API_KEY_BYTES {
            return wrong("the API key is longer than 8 KiB");
        }
        if !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return wrong("the API key holds a character other than printable ASCII: is it the key, whole and alone?");
        }
        Ok(Self(key.into()))
    }

    /// The value of the `Authorization` header under `scheme`.
    pub fn authorization(&self, scheme: &str) -> String {
        text::concat(&[scheme, " ", &self.0])
    }

    /// `text` without the key: an endpoint may send back what it was sent. The text may have been cut off, so the
    /// beginning of a key at its end goes, too.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.replace(&self.0, "[API key]");
        let beginnings = (API_KEY_SHOWN_BYTES + 1..self.0.len()).rev();
        if let Some(bytes) =
            beginnings.into_iter().find(|bytes| text.as_bytes().ends_with(&self.0.as_bytes()[..*bytes]))
        {
            text.truncate(text.len() - bytes);
        }
        text
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

/// Limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    pub first_byte: Duration,
    pub between_bytes: Duration,
}

impl Timeouts {
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(15),
        between_bytes: Duration::from_secs(15),
    };

    /// 0 is refused: hosts take it in different ways.
    pub fn parse(timeouts: contract::Timeouts) -> Result<Self, ConfigError> {
        let contract::Timeouts { connect, first_byte, between_bytes } = timeouts;
        for (timeout, name) in [(connect, "connect"), (first_byte, "first-byte"), (between_bytes, "between-bytes")] {
            if timeout == 0 {
                return Err(ConfigError::InvalidTimeouts(text::concat(&[
                    "the timeout ",
                    name,
                    " is 0: give at least 1 ms",
                ])));
            }
        }
        Ok(Self {
            connect: Duration::from_millis(connect.into()),
            first_byte: Duration::from_millis(first_byte.into()),
            between_bytes: Duration::from_millis(between_bytes.into()),
        })
    }
}

/// Everything about reporting that is not about one run.
#[derive(Clone, Debug)]
pub struct Config {
    pub protocol: Protocol,
    pub key: ApiKey,
    pub endpoint: Endpoint,
    pub delivery: Delivery,
    pub policy: Policy,
    pub timeouts: Timeouts,
    pub plaintext_allowed: bool,
    /// Nothing is sent.
    pub silent: bool,
}

impl Config {
    pub fn webhook(key: &str, endpoint: Option<&str>) -> Result<Self, ConfigError> {
        let key = ApiKey::parse(key)?;
        let endpoint = match endpoint {
            Some(url) => Protocol::Webhook.parse_endpoint(url)?,
            None => Endpoint::orchestra(),
        };
        Ok(Self::new(Protocol::Webhook, key, endpoint))
    }

    pub fn jobs(key: &str, client_id: &str, endpoint: &str) -> Result<Self, ConfigError> {
        let client_id = parse_name(client_id)
            .map_err(|what| ConfigError::InvalidClientId(text::concat(&["the client id ", what])))?;
        let protocol = Protocol::Jobs { client_id };
        let (key, endpoint) = (ApiKey::parse(key)?, protocol.parse_endpoint(endpoint)?);
        Ok(Self::new(protocol, key, endpoint))
    }

    /// Checks what the webhook protocol checks, and sends nothing.
    pub fn silent() -> Self {
        let key = ApiKey("none".into());
        Self { silent: true, ..Self::new(Protocol::Webhook, key, Endpoint::orchestra()) }
    }

    /// Of a name given twice the last counts.
    pub fn from_environment(variables: &[(String, String)]) -> Result<Self, ConfigError> {
        let variable = |name: &str| {
            let (_, value) = variables.iter().rev().find(|(candidate, _)| candidate == name)?;
            Some(value.as_str()).filter(|value| !value.trim_ascii().is_empty())
        };
        let key =
            variable("ORCHESTRA_API_KEY").ok_or_else(|| ConfigError::MissingVariable("ORCHESTRA_API_KEY".into()))?;
        Self::webhook(key, variable("ORCHESTRA_WEBHOOK_URL"))
    }

    fn new(protocol: Protocol, key: ApiKey, endpoint: Endpoint) -> Self {
        Self {
            protocol,
            key,
            endpoint,
            delivery: Delivery::Blocking,
            policy: Policy::DEFAULT,
            timeouts: Timeouts::DEFAULT,
            plaintext_allowed: false,
            silent: false,
        }
    }

    pub fn set_endpoint(&mut self, url: &str) -> Result<(), ConfigError> {
        self.endpoint = self.protocol.parse_endpoint(url)?;
        Ok(())
    }

    /// The key may go to the endpoint. Asked when a run is opened, so that `allow-plaintext` may come after the endpoint.
    pub fn check_plaintext(&self) -> Result<(), ConfigError> {
        if self.endpoint.https || self.endpoint.loopback() || self.plaintext_allowed {
            return Ok(());
        }
        Err(ConfigError::PlaintextEndpoint(self.endpoint.origin()))
    }
}

/// A name that can stand in a URL and in a text: the error ends the sentence "the name …".
pub fn parse_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() > NAME_BYTES {
        return Err("is longer than 256 bytes");
    }
    if text.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn a_key_loses_the_white_space_at_its_ends() {
        assert_eq!(ApiKey::parse(" key\r\n").unwrap().authorization("Bearer"), "Bearer key");
    }

    #[test]
    fn a_wrong_key_is_never_echoed() {
        for key in ["", " \n", "secret\nkey", "secret\0", "sécret", &"secret".repeat(2000)] {
            let error = format!("{:?}", ApiKey::parse(key).unwrap_err());
            assert!(!error.contains("secret") && !error.contains("sécret"), "{error}");
        }
    }

    #[test]
    fn neither_a_key_nor_its_beginning_at_the_end_stays_in_a_text() {
        let key = ApiKey::parse("secret-key").unwrap();
        assert_eq!(key.redact("a secret-key b secret-key"), "a [API key] b [API key]");
        assert_eq!(key.redact("secret-keysecret-ke"), "[API key]");
        assert_eq!(key.redact("it is secr"), "it is ");
        assert_eq!(key.redact("it is sec"), "it is sec");
        assert_eq!(key.redact("secret"), "");
        assert_eq!(ApiKey::parse("k").unwrap().redact("k?"), "[API key]?");
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", ApiKey::parse("secret").unwrap()), "ApiKey");
    }

    #[test]
    fn plain_http_is_for_loopback() {
        for (url, accepted) in [
            ("http://127.0.0.1:1", true),
            ("http://127.8.9.10", true),
            ("http://[::1]:1", true),
            ("http://LocalHost", true),
            ("https://example.com", true),
            ("http://example.com", false),
            ("http://10.0.0.1", false),
            ("http://[::]", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
        ] {
            let mut config = Config::webhook("key", Some(url)).unwrap();
            assert_eq!(config.check_plaintext().is_ok(), accepted, "{url}");
            config.plaintext_allowed = true;
            assert!(config.check_plaintext().is_ok(), "{url}");
        }
    }

    #[test]
    fn the_environment_gives_key_and_endpoint() {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        let config = Config::from_environment(&[
            pair("ORCHESTRA_API_KEY", "first"),
            pair("ORCHESTRA_API_KEY", "last"),
            pair("ORCHESTRA_WEBHOOK_URL", ""),
        ]);
        let config = config.unwrap();
        assert_eq!(config.key.authorization("Bearer"), "Bearer last");
        assert_eq!(config.endpoint.origin(), "https://webhook.getorchestra.io");
        assert_eq!(
            Config::from_environment(&[]).unwrap_err(),
            ConfigError::MissingVariable("ORCHESTRA_API_KEY".into())
        );
    }
}

//! A configuration is parsed once, here, into values that cannot be wrong; nothing checks them again.

use alloc::rc::Rc;
use alloc::string::String;

use orchestra_url::Endpoint;

use crate::contract::{Delivery, JobsError, OpenError};
use crate::key::AccountKey;
use crate::name::parse_name;
use crate::protocol::Protocol;
use crate::request::{Target, Timeouts};
use crate::retry::Policy;
use crate::text;

/// Everything about reporting that is not about one run.
#[derive(Clone, Debug)]
pub struct Config {
    pub protocol: Protocol,
    key: AccountKey,
    endpoint: Endpoint,
    pub delivery: Delivery,
    pub policy: Policy,
    pub timeouts: Timeouts,
    pub plaintext_allowed: bool,
    /// Nothing is sent.
    pub silent: bool,
}

impl Config {
    /// The error is a sentence about the key.
    pub fn webhook(key: &str) -> Result<Self, &'static str> {
        Ok(Self::new(Protocol::Webhook, AccountKey::parse(key)?, Endpoint::orchestra()))
    }

    pub fn jobs(key: &str, client_id: &str, endpoint: &str) -> Result<Self, JobsError> {
        let client_id =
            parse_name(client_id).map_err(|what| JobsError::ClientId(text::concat(&["the client id ", what])))?;
        let key = AccountKey::parse(key).map_err(|what| JobsError::ApiKey(what.into()))?;
        let protocol = Protocol::Jobs { client_id };
        let endpoint = protocol.parse_endpoint(endpoint).map_err(JobsError::Endpoint)?;
        Ok(Self::new(protocol, key, endpoint))
    }

    /// Checks what the webhook protocol checks, and sends nothing.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::new(Protocol::Webhook, AccountKey::none(), Endpoint::orchestra()) }
    }

    fn new(protocol: Protocol, key: AccountKey, endpoint: Endpoint) -> Self {
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

    /// The error is a sentence about the endpoint.
    pub fn set_endpoint(&mut self, url: &str) -> Result<(), String> {
        self.endpoint = self.protocol.parse_endpoint(url)?;
        Ok(())
    }

    /// Where the reports of a run go. Asked when the run is opened, so that `allow-plaintext` may come after the endpoint.
    pub fn target(&self) -> Result<Rc<Target>, OpenError> {
        let Endpoint { https, authority, .. } = &self.endpoint;
        if !https && !self.endpoint.loopback() && !self.plaintext_allowed {
            return Err(OpenError::PlaintextEndpoint(self.endpoint.origin()));
        }
        Ok(Rc::new(Target {
            https: *https,
            authority: authority.clone(),
            path_with_query: self.protocol.path_with_query(&self.endpoint),
            authorization_scheme: self.protocol.authorization_scheme(),
            key: self.key.clone(),
            timeouts: self.timeouts,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let mut config = Config::webhook("key").unwrap();
            config.set_endpoint(url).unwrap();
            assert_eq!(config.target().is_ok(), accepted, "{url}");
            config.plaintext_allowed = true;
            assert!(config.target().is_ok(), "{url}");
        }
    }
}

//! The URL that reports are posted to, as the contract speaks of it.

pub use orchestra_url::Endpoint;

use crate::contract::ConfigError;
use crate::text;

impl From<orchestra_url::Error> for ConfigError {
    fn from(error: orchestra_url::Error) -> Self {
        Self::InvalidEndpoint(text::concat(&["the endpoint ", error.what()]))
    }
}

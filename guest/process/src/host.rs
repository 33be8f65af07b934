//! What reporting asks of the world outside: an exchange over HTTP, time and chance. Tests put their own in its place.

use alloc::string::String;
use core::time::Duration;

use crate::config::Config;
use crate::protocol::Request;

pub trait Host {
    /// One attempt under way. Dropping it gives the attempt up.
    type Exchange;

    /// Begin an attempt. What goes wrong comes out of [`Host::advance`].
    fn begin(&self, config: &Config, request: &Request) -> Self::Exchange;

    /// Move the attempt on for at most `wait`; `None` if it is not over then. `config` and `request` are those it began
    /// with.
    fn advance(
        &self,
        exchange: &mut Self::Exchange,
        config: &Config,
        request: &Request,
        wait: Duration,
    ) -> Option<Result<Answer, Fault>>;

    /// Since some moment in the past; never runs backwards.
    fn now(&self) -> Duration;

    /// Since 1970.
    fn unix_time(&self) -> Duration;

    fn sleep(&self, span: Duration);

    /// Uniform, and unpredictable.
    fn random(&self) -> u64;
}

/// What of an answer matters here. No text in it holds the API key.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// The header of that name.
    pub retry_after: Option<String>,
    /// The header of that name.
    pub location: Option<String>,
    /// The first bytes of the body, or an empty text.
    pub text: String,
}

/// Why an attempt came to no answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It may pass.
    Network(String),
    /// The host does not let the request out.
    Denied(String),
}

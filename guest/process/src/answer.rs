//! What comes of an attempt.

use alloc::string::String;

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

/// Why an attempt came to no answer. No text in it holds the API key.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It may pass.
    Network(String),
    /// The host does not let the request out.
    Denied(String),
}

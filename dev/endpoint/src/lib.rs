//! An endpoint on loopback that takes what a client of Orchestra sends.
//!
//! One server, for two: the [`MockEndpoint`] of the tests follows a script, and fails the test that departs from it; a
//! [`LiveEndpoint`] asks a [`Respond`] about each request, for as long as somebody wants to look. Both receive a
//! [`Request`] and give an [`Answer`].
//!
//! It knows HTTP, and nothing of what the reports say. It is not for a network: nothing here defends against a peer on
//! another machine.

mod answer;
mod connection;
mod live;
#[cfg(feature = "mock")]
mod mock;
mod reply;
mod request;
mod server;

pub use answer::{
    Answer, close_after_head, close_after_request, close_in_body, close_on_connect, endless_body, garbage, hang,
    hang_in_body, hang_on_connect, redirect, reset_after_head, reset_after_request, reset_in_body, reset_inside_answer,
    reset_on_connect, retry_after, slow_body, status,
};
pub use live::{CONNECTIONS, LiveEndpoint, Respond, Response};
#[cfg(feature = "mock")]
pub use mock::{MockEndpoint, WAIT_LIMIT, dead_url, full_url};
pub use request::{KEPT_BODY_BYTES, Request};

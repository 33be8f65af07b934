//! An endpoint on loopback that takes what a client of Orchestra sends.
//!
//! The [`MockEndpoint`] of the tests follows a script of [`Answer`]s, keeps each [`Request`], and fails the test that departs
//! from it.
//!
//! It knows HTTP, and nothing of what the reports say. It is not for a network: nothing here defends against a peer on
//! another machine.

mod answer;
mod connection;
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
#[cfg(feature = "mock")]
pub use mock::{MockEndpoint, WAIT_LIMIT, dead_url, full_url};
pub use request::{KEPT_BODY_BYTES, Request};

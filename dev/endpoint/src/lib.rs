//! An endpoint on loopback that takes what a client of Orchestra sends.
//!
//! A [`LiveEndpoint`] asks a [`Respond`] about each [`Request`], and sends the [`Answer`]. Its parts are there for another
//! endpoint, too: a [`ServerThread`] accepts connections, and any [`Serve`] serves them.
//!
//! It knows HTTP, and nothing of what the reports say. It is not for a network: nothing here defends against a peer on
//! another machine.

mod answer;
mod live;
mod request;
mod server;

pub use answer::{Answer, Reply, redirect, retry_after, status, write_response};
pub use live::{CONNECTIONS, LiveEndpoint, Respond, Response};
pub use request::{KEPT_BODY_BYTES, Request, read_body};
pub use server::{Serve, ServerThread};

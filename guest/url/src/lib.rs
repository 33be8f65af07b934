//! The URLs that reports are posted to: one grammar for the process component, which sends the API key to its endpoint, and
//! for whoever says which endpoints are allowed.
//!
//! It is RFC 3986 without what clients read in different ways. Hosts under `host/` read a URL as browsers do (WHATWG): to
//! them `127.1` is an address, and a backslash ends a host. A URL that is accepted here leads to one place in both; a test
//! compares them.
//!
//! It is not a parser for URLs in general, and it resolves no names.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]
#![no_std]

extern crate alloc;

mod endpoint;
mod error;
#[cfg(test)]
mod fuzz;
mod host;
mod origin;
mod parts;

pub use endpoint::Endpoint;
pub use error::Error;
pub use origin::Origin;

//! What both programs of this crate are made of: `bench` measures what reporting costs, `chaos` reports many runs to an
//! endpoint that fails.
//!
//! It measures, and decides nothing about reporting. Everything is on loopback.

pub mod child;
pub mod place;
pub mod runs;
pub mod sample;
pub mod usage;

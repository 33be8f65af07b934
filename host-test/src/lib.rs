//! The harness: a mock endpoint, and the built components in wasmtime.
//!
//! It knows the contract in `wit/` and the built components, never the Rust of `guest/`.

mod clock;
pub mod component;
pub mod composed;
pub mod guest;
mod hooks;
pub mod host;
mod output;
pub mod plugins;
pub mod report;

pub use mock_endpoint as endpoint;

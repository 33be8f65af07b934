//! HTTP as companies have it. And who may reach what.

mod allowed;
mod client;
mod errors;
mod exchange;
mod hooks;

pub(crate) use allowed::Allowed;
pub(crate) use client::Client;
pub use client::NetworkError;
pub(crate) use hooks::Hooks;

//! HTTP as companies have it. And who may reach what.

mod allowed;
mod client;
mod clock;
mod descriptors;
mod download;
mod errors;
mod exchange;
#[cfg(all(test, unix))]
mod few_descriptors;
mod handler;
mod hooks;
mod lanes;
mod origin;
mod places;
mod pool;
mod queue;
mod shortage;
mod trust;
mod upload;

pub(crate) use allowed::Allowed;
pub(crate) use client::Client;
pub use client::NetworkError;
pub(crate) use clock::Clock;
#[cfg(test)]
pub(crate) use exchange::tests::cache;
pub(crate) use handler::link;
pub(crate) use hooks::Hooks;
pub(crate) use places::EndingFirst;

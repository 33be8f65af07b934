//! The components of this workspace as bytes, built from its tree along with this crate, so that they are never out of
//! date. The contract in `wit/` says what each imports and exports.
//!
//! They are as the linker leaves them: `orchestra_compose::strip` takes out the names.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

/// The process component: world `process-component`.
pub const PROCESS: &[u8] = include_bytes!(env!("ORCHESTRA_PROCESS_WASM"));
/// The guard component: world `guard-component`.
pub const GUARD: &[u8] = include_bytes!(env!("ORCHESTRA_GUARD_WASM"));
/// The runner component: world `runner-component`.
pub const RUNNER: &[u8] = include_bytes!(env!("ORCHESTRA_RUNNER_WASM"));
/// The wrapper component: world `wrapper-component`.
pub const WRAPPER: &[u8] = include_bytes!(env!("ORCHESTRA_WRAPPER_WASM"));

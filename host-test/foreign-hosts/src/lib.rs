//! Runs the examples under hosts that are not ours, and compares what they report.
//!
//! It knows nothing of how an example or a host is made: `make examples` and `scripts/tools` do that beforehand. What a
//! host cannot do is a line in `limits.json`, and must really fail.

pub mod host;
pub mod limit;
pub mod listener;
mod process;
pub mod recording;

use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace is two folders up")
}

/// The folder that everything is built into.
pub fn target() -> PathBuf {
    // Relative to the folder that cargo is called from, which is the root.
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

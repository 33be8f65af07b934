//! The components under test, built from this very tree.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The process component, built on first use.
pub fn process() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is one folder up");
        // Relative to the folder that cargo is called from, which is the root.
        let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--package", "orchestra-process", "--target", "wasm32-wasip2"])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(root)
            .status()
            .expect("cargo runs, as it runs this test");
        assert!(
            status.success(),
            "the process component does not build: is wasm32-wasip2 installed? `make target` sees to it"
        );
        target.join("wasm32-wasip2/release/orchestra_process.wasm")
    })
}

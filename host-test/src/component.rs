//! The components under test, and what is composed with them, built from this very tree.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use orchestra_compose::Components;

/// The process component.
pub fn process() -> &'static [u8] {
    &components().process
}

/// All four components.
pub fn components() -> &'static Components {
    static COMPONENTS: OnceLock<Components> = OnceLock::new();
    COMPONENTS.get_or_init(Components::built)
}

/// The task of `tasks/`, built on first use.
pub fn test_task() -> &'static [u8] {
    static TASK: OnceLock<Vec<u8>> = OnceLock::new();
    TASK.get_or_init(|| read(&build(&["test-task"]).join("test_task.wasm")))
}

/// The command of `tasks/`, built on first use.
pub fn test_command() -> &'static [u8] {
    static COMMAND: OnceLock<Vec<u8>> = OnceLock::new();
    COMMAND.get_or_init(|| read(&build(&["test-task"]).join("test-command.wasm")))
}

/// The example of a task in Rust, built on first use.
pub fn example_task() -> &'static [u8] {
    static TASK: OnceLock<Vec<u8>> = OnceLock::new();
    TASK.get_or_init(|| read(&build(&["task-example"]).join("task_example.wasm")))
}

/// The example of a program in Rust that reports itself, built on first use.
pub fn example_program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| read(&build(&["manual-example"]).join("manual-example.wasm")))
}

/// Builds these packages, and returns the folder that they lie in.
fn build(packages: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is one folder up");
    // Relative to the folder that cargo is called from, which is the root.
    let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .arg("--target-dir")
        .arg(&target)
        .current_dir(root)
        .status()
        .expect("cargo runs, as it runs this test");
    assert!(status.success(), "{packages:?} does not build: is wasm32-wasip2 installed? `make target` sees to it");
    target.join("wasm32-wasip2/release")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

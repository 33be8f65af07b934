//! Builds the components with cargo, in their own profile, for the crate to embed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const NAMES: [&str; 4] = ["process", "guard", "runner", "wrapper"];
const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "component";
/// What the components are made of, below the workspace's folder.
const SOURCES: [&str; 5] = [".cargo/config.toml", "Cargo.toml", "Cargo.lock", "guest", "wit"];
/// What cargo and clippy tell a build script is for the host; the components have flags of their own.
const FOR_THE_HOST: [&str; 7] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// The crate is told where each component is as `ORCHESTRA_NAME_WASM`.
fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package's folder"));
    let root = workspace(&manifest);
    // A target folder of its own, because the build that waits for this script has locked the other.
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo gives a folder to write to")).join("target");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo says where it is"));
    cargo.args(["build", "--quiet", "--locked", "--profile", PROFILE, "--target", TARGET, "--target-dir"]).arg(&folder);
    cargo.args(NAMES.map(|name| format!("--package=orchestra-{name}"))).current_dir(root);
    FOR_THE_HOST.iter().for_each(|variable| _ = cargo.env_remove(variable));
    let status = cargo.status().expect("cargo runs, as it runs this script");
    assert!(status.success(), "the components do not build: is {TARGET} installed? `make target` sees to it");
    for name in NAMES {
        let component = folder.join(TARGET).join(PROFILE).join(format!("orchestra_{name}.wasm"));
        println!("cargo::rustc-env=ORCHESTRA_{}_WASM={}", name.to_uppercase(), component.display());
    }
}

/// The nearest folder upwards that has the lock file.
fn workspace(package: &Path) -> &Path {
    let mut folders = package.ancestors();
    folders
        .find(|folder| fs::exists(folder.join("Cargo.lock")).unwrap_or(false))
        .expect("the package is in a workspace")
}

//! Fails the build if the conformance suite has no module for a part of the contract, or a file that nobody includes.
//! Writes a test for each recording in `golden/recordings`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The parts of the contract.
const MODULES: [&str; 16] = [
    "start",
    "progress",
    "stages",
    "outputs",
    "logs",
    "terminal",
    "drop",
    "delivery",
    "retry",
    "limits",
    "connections",
    "configuration",
    "secrets",
    "jobs",
    "faults",
    "golden",
];

fn main() {
    check_modules();
    let out = env::var_os("OUT_DIR").expect("cargo gives a build script a folder to write to");
    fs::write(Path::new(&out).join("golden.rs"), golden_tests()).expect("that folder can be written to");
}

fn check_modules() {
    let folder = "tests/conformance";
    println!("cargo::rerun-if-changed={folder}");
    let main = fs::read_to_string(format!("{folder}/main.rs")).expect("the suite has a main.rs");
    let is_included = |module: &str| main.lines().any(|line| line.trim() == format!("mod {module};"));
    for module in MODULES {
        assert!(
            is_included(module),
            "{folder}/main.rs has no `mod {module};`: that part of the contract is not tested"
        );
    }
    for path in files(folder) {
        let module = stem(&path);
        assert!(
            module == "main" || is_included(module),
            "{folder}/main.rs has no `mod {module};` for {}",
            path.display()
        );
    }
}

/// `mod orchestra_sdk_0_2_0 { #[test] fn start() { … } … }` for each SDK, and a list of all ids.
fn golden_tests() -> String {
    let folder = "golden/recordings";
    println!("cargo::rerun-if-changed={folder}");
    let (mut tests, mut ids) = (String::new(), Vec::new());
    for recordings in files(folder) {
        // Its stem would be 0.2.
        let sdk = recordings.file_name().and_then(|name| name.to_str()).expect("an SDK's version is ASCII");
        // Writing into memory cannot fail.
        _ = writeln!(tests, "mod orchestra_sdk_{} {{", identifier(sdk));
        for recording in files(&recordings) {
            let name = stem(&recording);
            _ = writeln!(tests, "#[test] fn {}() {{ super::is_replayed({sdk:?}, {name:?}) }}", identifier(name));
            ids.push(format!("{sdk}/{name}"));
        }
        tests += "}\n";
    }
    _ = writeln!(tests, "const RECORDINGS: &[&str] = &{ids:?};");
    tests
}

fn identifier(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("files that are tests are named in UTF-8")
}

/// Sorted, so that the generated code is the same everywhere.
fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.as_ref().display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder's files can be listed").path()).collect();
    paths.sort();
    paths
}

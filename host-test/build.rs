//! Fails the build where the conformance suite has no module for a part of the contract, or a file that nobody includes.

use std::fs;

/// The parts of the contract.
const MODULES: [&str; 15] = [
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
];

fn main() {
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
    for file in fs::read_dir(folder).expect("the suite is a folder") {
        let path = file.expect("its files can be listed").path();
        let module = path.file_stem().and_then(|stem| stem.to_str()).expect("a file of the suite is named in UTF-8");
        assert!(
            module == "main" || is_included(module),
            "{folder}/main.rs has no `mod {module};` for {}",
            path.display()
        );
    }
}

//! `wac compose` makes of the `.wac` files what the library makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use hosts_test::host::{folder, tool};
use libtest_mimic::{Failed, Trial};
use orchestra_compose::{Components, compose, strip};

pub fn trials() -> Vec<Trial> {
    [("task", "runner", "task-rust"), ("task", "runner", "task-javascript"), ("command", "wrapper", "command-python")]
        .into_iter()
        .map(|(kind, runner, example)| Trial::test(format!("{example}/wac"), move || same(kind, runner, example)))
        .collect()
}

fn same(kind: &str, runner: &str, example: &str) -> Result<(), Failed> {
    let components = hosts_test::target().join("components");
    let program = components.join(format!("examples/{example}.wasm"));
    let composed = folder("wac").join(format!("{example}.wasm"));
    let dependency = |name: &str, file: &Path| format!("{name}={}", file.display());
    let component = |name: &str| components.join(format!("orchestra-{name}.wasm"));
    let output = Command::new(tool("wac"))
        .arg("compose")
        .arg(hosts_test::root().join(format!("compose/{kind}.wac")))
        .arg("--output")
        .arg(&composed)
        .args(["--dep", &dependency("orchestra:process-component", &component("process"))])
        .args(["--dep", &dependency("orchestra:guard", &component("guard"))])
        .args(["--dep", &dependency(&format!("orchestra:{runner}"), &component(runner))])
        .args(["--dep", &dependency(&format!("user:{kind}"), &program)])
        .output()?;
    if !output.status.success() {
        return Err(Failed::from(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let from_library = compose(&Components::read(&components)?, &fs::read(program)?)?;
    // Each writes its own name into what it makes.
    if strip(&fs::read(composed)?)? == strip(&from_library)? {
        Ok(())
    } else {
        Err(Failed::from("wac and the library make different components"))
    }
}

//! `wac compose` with the `.wac` files, and `make compose`, make what the library makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use foreign_hosts::host::{folder, tool};
use libtest_mimic::{Failed, Trial};
use orchestra_compose::{Components, compose, strip};

pub fn trials() -> Vec<Trial> {
    let with_wac =
        [("task", "task-rust"), ("task", "task-python"), ("task", "task-javascript"), ("command", "command-python")]
            .map(|(kind, example)| Trial::test(format!("{example}/wac"), move || same(kind, example)));
    let with_make =
        ["task-rust", "command-rust"].map(|example| Trial::test(format!("{example}/make"), move || made(example)));
    with_wac.into_iter().chain(with_make).collect()
}

fn made(example: &str) -> Result<(), Failed> {
    let program = components().join(format!("examples/{example}.wasm"));
    let composed = folder("make").join(format!("{example}.wasm"));
    let output = Command::new("make")
        .current_dir(foreign_hosts::root())
        .args(["--no-print-directory", "compose"])
        .arg(format!("TASK={}", program.display()))
        .arg(format!("OUT={}", composed.display()))
        .output()?;
    is_as_the_library_has_it(&output, &program, &composed)
}

/// The `.wac` file of this kind, as its comments have it: with the guard taken out for what does not need it.
fn document(kind: &str, example: &str) -> Result<PathBuf, Failed> {
    let path = foreign_hosts::root().join(format!("compose/{kind}.wac"));
    // What jco makes imports neither environment nor exit.
    if !example.ends_with("-javascript") {
        return Ok(path);
    }
    let unguarded = folder("wac").join(format!("{example}.wac"));
    fs::write(&unguarded, fs::read_to_string(path)?.replace("{ ...process, ...guard, ... }", "{ ...process, ... }"))?;
    Ok(unguarded)
}

fn same(kind: &str, example: &str) -> Result<(), Failed> {
    let runner = if kind == "task" { "runner" } else { "wrapper" };
    let program = components().join(format!("examples/{example}.wasm"));
    let composed = folder("wac").join(format!("{example}.wasm"));
    let dependency = |name: &str, file: &Path| format!("{name}={}", file.display());
    let component = |name: &str| components().join(format!("orchestra-{name}.wasm"));
    let output = Command::new(tool("wac"))
        .arg("compose")
        .arg(document(kind, example)?)
        .arg("--output")
        .arg(&composed)
        .args(["--dep", &dependency("orchestra:process-component", &component("process"))])
        .args(["--dep", &dependency("orchestra:guard", &component("guard"))])
        .args(["--dep", &dependency(&format!("orchestra:{runner}"), &component(runner))])
        .args(["--dep", &dependency(&format!("user:{kind}"), &program)])
        .output()?;
    is_as_the_library_has_it(&output, &program, &composed)
}

fn components() -> PathBuf {
    foreign_hosts::target().join("components")
}

fn is_as_the_library_has_it(output: &Output, program: &Path, composed: &Path) -> Result<(), Failed> {
    if !output.status.success() {
        return Err(Failed::from(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let from_library = compose(&Components::built(), &fs::read(program)?)?;
    // Each writes its own name into what it makes.
    if strip(&fs::read(composed)?)? == strip(&from_library)? {
        Ok(())
    } else {
        Err(Failed::from("the library makes another component"))
    }
}

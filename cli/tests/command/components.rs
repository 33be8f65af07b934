//! `orchestra-wasm compose`, `inspect` and `completions`.

use std::io;
use std::path::Path;

use host_test::component;

use crate::{file, orchestra, ran};

#[test]
fn compose_makes_a_component_that_runs_by_itself() {
    let task = file("composed-from", component::test_task());
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("composed.wasm");
    let (code, ..) = ran(orchestra(&["compose", &task, "-o"]).arg(&output).output());
    assert_eq!(code, Some(0));
    let (code, stdout, _) = ran(orchestra(&["inspect"]).arg(&output).output());
    assert_eq!(code, Some(0));
    assert!(stdout.contains("Role: composed already: a command and a service\n"), "{stdout}");
}

#[test]
fn compose_says_what_does_not_fit() {
    let guard = file("guard", &component::components().guard);
    let (code, _, stderr) = ran(orchestra(&["compose", &guard, "-o", "/dev/null"]).output());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("orchestra:process/task"), "{stderr}");
}

#[test]
fn inspect_says_what_a_component_is() {
    let task = file("inspected", component::test_task());
    let (_, stdout, _) = ran(orchestra(&["inspect", &task]).output());
    for line in [
        "  orchestra:process/task@0.1.0                  a task, which somebody else runs and reports\n",
        "Role: a task: what it returns is how its run ends\n",
        "  orchestra-wasm run\n  wasmtime, Node through jco, Spin, wasmCloud: after `orchestra-wasm compose`\n",
    ] {
        assert!(stdout.contains(line), "{line:?} is not in\n{stdout}");
    }
}

/// Each role has hosts of its own.
#[test]
fn inspect_says_which_hosts_run_it() {
    let components = component::components();
    let foreign = wat::parse_str(r#"(component (import "acme:db/query@1.0.0" (instance)))"#).unwrap();
    for (name, component, expected) in [
        ("command", component::test_command(), "Runs on:\n  orchestra-wasm run\n  wasmtime run, jco run\n"),
        ("manual", component::example_program(), "Runs on:\n  wasmtime run -Shttp, jco run: after `wac plug`\n"),
        ("foreign", &foreign, "Runs on:\n  no host that is known here\n"),
        ("process", &components.process[..], "Runs on:\n  none by itself: it is a part for others\n"),
        ("runner", &components.runner[..], "Runs on:\n  none by itself: it is a part for others\n"),
    ] {
        let (code, stdout, _) = ran(orchestra(&["inspect", &file(&format!("inspected-{name}"), component)]).output());
        assert_eq!(code, Some(0));
        assert!(stdout.ends_with(expected), "{name}: {stdout}");
    }
}

/// As `orchestra-wasm inspect task.wasm | head` has it.
#[test]
fn a_closed_standard_output_is_not_an_error() {
    let task = file("unread", component::test_task());
    for arguments in [&["inspect", &task][..], &["completions", "bash"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let (code, _, stderr) = ran(orchestra(arguments).stdout(writer).output());
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, stdout, _) = ran(orchestra(&["completions", shell]).output());
        assert_eq!(code, Some(0));
        assert!(stdout.contains("allow-host"), "{shell}");
    }
}

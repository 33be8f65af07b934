//! `orchestra-wasm inspect`

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use orchestra_compose::{ComposeError, Kind, Shape};

use orchestra_policy::escape;

/// What an interface is, in words. The first entry that the name starts with counts.
const WORDS: [(&str, &str); 20] = [
    ("orchestra:process/task", "a task, which somebody else runs and reports"),
    ("orchestra:process/lifecycle", "reports on a run"),
    ("orchestra:process/connections", "credentials of linked connections"),
    ("orchestra:process/guard", "what stands between a host and a task"),
    ("wasi:cli/run", "a command, with an entry point of its own"),
    ("wasi:cli/environment", "environment variables and arguments"),
    ("wasi:cli/exit", "an exit with a status"),
    ("wasi:cli/stdin", "standard input"),
    ("wasi:cli/stdout", "standard output"),
    ("wasi:cli/stderr", "standard error"),
    ("wasi:cli/terminal", "whether it talks to a terminal"),
    ("wasi:clocks/", "the time"),
    ("wasi:filesystem/", "files, in folders that a host grants"),
    ("wasi:http/incoming-handler", "a service, called over HTTP"),
    ("wasi:http/outgoing-handler", "HTTP requests to others"),
    ("wasi:http/types", "the types of HTTP"),
    ("wasi:io/", "streams and waiting"),
    ("wasi:random/", "random numbers"),
    ("wasi:sockets/", "TCP and UDP"),
    ("wasi:keyvalue/", "a key-value store"),
];

/// Show what a component imports and exports, what its role is, and which hosts run it.
#[derive(Args)]
#[command(after_help = "Example:\n  orchestra-wasm inspect task.wasm")]
pub struct Arguments {
    /// A component.
    component: PathBuf,
}

/// The error is a sentence.
pub fn inspect(arguments: &Arguments) -> Result<ExitCode, String> {
    let path = arguments.component.display();
    let bytes = fs::read(&arguments.component).map_err(|error| format!("{path}: {error}"))?;
    let shape = Shape::of(&bytes).map_err(|error| format!("{path}: {error}"))?;
    crate::print(describe(&shape, bytes.len()).as_bytes()).map(|()| ExitCode::SUCCESS)
}

fn describe(shape: &Shape, bytes: usize) -> String {
    let mut text = format!("A component of {} KiB.\n", bytes.div_ceil(1024));
    // Writing into memory cannot fail.
    for (title, names) in [("Exports", &shape.exports), ("Imports", &shape.imports)] {
        _ = writeln!(text, "\n{title}:{}", if names.is_empty() { " nothing" } else { "" });
        for name in names {
            // Whoever built the component has chosen it.
            let name = escape(name);
            let known = WORDS.iter().find(|(start, _)| name.starts_with(start));
            _ = writeln!(text, "  {name:<45} {}", known.map_or("not known to this command", |(_, words)| words));
        }
    }
    _ = writeln!(text, "\nRole: {}", role(shape));
    _ = writeln!(text, "Network: {}", network(shape));
    _ = writeln!(text, "Runs on:");
    for host in hosts(shape) {
        _ = writeln!(text, "  {host}");
    }
    text
}

fn role(shape: &Shape) -> String {
    let exports = |name| has(&shape.exports, name);
    match shape.kind() {
        Ok(Kind::Task) => "a task: what it returns is how its run ends".into(),
        Ok(Kind::Command) if has(&shape.imports, "orchestra:process/lifecycle") => {
            "a command that reports itself: plug the process component into it with `wac plug`".into()
        }
        Ok(Kind::Command) if exports("wasi:http/incoming-handler") => {
            "composed already: a command and a service".into()
        }
        Ok(Kind::Command) => "a command: how it exits is how its run ends".into(),
        Err(_) if exports("orchestra:process/lifecycle") => "the process component, or one in its place".into(),
        Err(error) => format!("none here: {}", escape(&error.to_string())),
    }
}

fn network(shape: &Shape) -> &'static str {
    let imports = |name| has(&shape.imports, name);
    match (imports("wasi:http/outgoing-handler"), imports("wasi:sockets/")) {
        (false, false) => "none, on any host",
        (true, false) => "HTTP requests, if a host grants them",
        (false, true) => "TCP and UDP, if a host grants them",
        (true, true) => "HTTP requests, TCP and UDP, if a host grants them",
    }
}

fn hosts(shape: &Shape) -> Vec<&'static str> {
    let imports = |start: &str| has(&shape.imports, start);
    let mut hosts = Vec::new();
    match shape.kind() {
        Err(ComposeError::Unsatisfied(_) | ComposeError::OtherVersion { .. }) => {
            return vec!["no host that is known here"];
        }
        Ok(Kind::Task) => {
            return vec![
                "orchestra-wasm run",
                "wasmtime, Node through jco, Spin, wasmCloud: after `orchestra-wasm compose`",
            ];
        }
        // Its reports are its own, and so is the key that they take: `orchestra-wasm run` gives it none.
        Ok(Kind::Command) if imports("orchestra:") => return vec!["wasmtime run -Shttp, jco run: after `wac plug`"],
        Ok(Kind::Command) => hosts.push("orchestra-wasm run"),
        Err(_) => {}
    }
    if !imports("orchestra:") {
        if has(&shape.exports, "wasi:cli/run") {
            hosts.push(match imports("wasi:http/") {
                true => "wasmtime run -Shttp, jco run",
                false => "wasmtime run, jco run",
            });
        }
        if has(&shape.exports, "wasi:http/incoming-handler") {
            hosts.push(match imports("wasi:cli/environment") {
                true => "wasmtime serve -Scli, Spin, wasmCloud",
                false => "wasmtime serve, Spin, wasmCloud",
            });
        }
    }
    if hosts.is_empty() {
        hosts.push("none by itself: it is a part for others");
    }
    hosts
}

fn has(names: &[String], start: &str) -> bool {
    names.iter().any(|name| name.starts_with(start))
}

#[cfg(test)]
mod fuzz;

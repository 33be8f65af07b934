//! `wit-check lint WIT` and `wit-check reference WIT PAGE`. `make lint` and `make docs` call it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use wit_check::{Contract, incompatibilities, reference, ungated};

/// The worlds of the components that are published along with the contract, and what they share.
const PROVIDED: [&str; 5] =
    ["process-component", "guard-component", "entry-points", "runner-component", "wrapper-component"];

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let paths: Vec<PathBuf> = arguments.iter().skip(1).map(PathBuf::from).collect();
    let done = match (arguments.first().and_then(|command| command.to_str()), paths.as_slice()) {
        (Some("lint"), [wit]) => lint(wit),
        (Some("reference"), [wit, page]) => write(wit, page),
        _ => {
            eprintln!("usage: wit-check lint WIT\n       wit-check reference WIT PAGE");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A folder `released` in that of the contract is a copy of what was released last, with its dependencies or without.
fn lint(wit: &Path) -> Result<(), String> {
    let dependencies = wit.join("deps");
    let contract = Contract::read(wit, &dependencies)?;
    let mut findings = ungated(&contract);
    let released = wit.join("released");
    if released.is_dir() {
        let own = released.join("deps");
        let released = Contract::read(&released, if own.is_dir() { &own } else { &dependencies })?;
        findings.extend(incompatibilities(&contract, &released, &PROVIDED)?);
    }
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

/// A page that is up to date stays untouched.
fn write(wit: &Path, page: &Path) -> Result<(), String> {
    let text = reference(&Contract::read(wit, &wit.join("deps"))?);
    if fs::read_to_string(page).ok().as_ref() == Some(&text) {
        return Ok(());
    }
    fs::write(page, text).map_err(|error| format!("{}: {error}", page.display()))
}

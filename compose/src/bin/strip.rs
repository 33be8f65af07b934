//! `strip COMPONENT OUTPUT`: the component without its custom sections. `make build` calls it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [component, output] = arguments.as_slice() else {
        eprintln!("usage: strip COMPONENT OUTPUT");
        return ExitCode::from(2);
    };
    let stripped = fs::read(component)
        .map_err(|error| format!("{}: {error}", component.display()))
        .and_then(|bytes| orchestra_compose::strip(&bytes).map_err(|error| format!("{}: {error}", component.display())))
        .and_then(|bytes| fs::write(output, bytes).map_err(|error| format!("{}: {error}", output.display())));
    match stripped {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

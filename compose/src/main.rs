//! `orchestra-compose FOLDER PROGRAM OUTPUT`: the components of `make build` in FOLDER, and a task or a command, as one
//! component. `make compose` calls it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use orchestra_compose::{Components, compose};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, program, output] = arguments.as_slice() else {
        eprintln!("usage: orchestra-compose FOLDER PROGRAM OUTPUT");
        return ExitCode::from(2);
    };
    match run(folder, program, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, program: &Path, output: &Path) -> Result<(), String> {
    let components = Components::read(folder).map_err(|error| with_source(&error))?;
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let composed = compose(&components, &bytes).map_err(|error| format!("{}: {error}", program.display()))?;
    fs::write(output, composed).map_err(|error| format!("{}: {error}", output.display()))
}

fn with_source(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error} ({source})"))
}

//! `orchestra-compose PROGRAM OUTPUT`: a task or a command, and what reports for it, as one component. `make compose` calls
//! it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use orchestra_compose::{Components, compose};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, output] = arguments.as_slice() else {
        eprintln!("usage: orchestra-compose PROGRAM OUTPUT");
        return ExitCode::from(2);
    };
    match run(program, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: &Path, output: &Path) -> Result<(), String> {
    if program == output {
        return Err(format!("{}: that would write over the program", output.display()));
    }
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let composed = compose(&Components::built(), &bytes).map_err(|error| format!("{}: {error}", program.display()))?;
    fs::write(output, composed).map_err(|error| format!("{}: {error}", output.display()))
}

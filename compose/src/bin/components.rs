//! `components FOLDER`: the components as files, for hosts and other tools. `make build` calls it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use orchestra_compose::Components;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("usage: components FOLDER");
        return ExitCode::from(2);
    };
    match write(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// A file that is there already stays as it is, so that nothing made of it counts as out of date.
fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let Components { process, guard, runner, wrapper } = Components::built();
    for (name, bytes) in [("process", process), ("guard", guard), ("runner", runner), ("wrapper", wrapper)] {
        let path = folder.join(format!("orchestra-{name}.wasm"));
        if fs::read(&path).ok().as_ref() != Some(&bytes) {
            fs::write(path, bytes)?;
        }
    }
    Ok(())
}

//! The published SDK for Python, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use delivery_bench::place;

use crate::setting::Failure;

/// Everything that is installed, pinned.
const REQUIREMENTS: &str = "host-test/golden/requirements-0.2.0.txt";
const SCRIPT: &str = "host-test/bench/sdk.py";

/// The interpreter that has the SDK, installed unless it is there; or why there is none.
pub fn environment() -> Result<PathBuf, String> {
    let folder = place::folder().map_err(|error| error.to_string())?.join("sdk");
    let python = folder.join("bin/python");
    let requirements = foreign_hosts::root().join(REQUIREMENTS);
    let wanted = fs::read(&requirements).map_err(|error| format!("{REQUIREMENTS}: {error}"))?;
    let stamp = folder.join("installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), "Python 3.10 with venv is needed")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
    succeed(pip.arg(requirements), "its packages cannot be installed")?;
    // Written last: it says that all of it is installed.
    fs::write(stamp, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn succeed(command: &mut Command, otherwise: &str) -> Result<(), String> {
    let output = command.output().map_err(|_| otherwise.to_string())?;
    if output.status.success() { Ok(()) } else { Err(otherwise.into()) }
}

/// How long one output takes, the median of as many.
pub fn seconds(python: &Path, url: &str, times: usize) -> Result<f64, Failure> {
    let mut command = Command::new(python);
    command.arg(foreign_hosts::root().join(SCRIPT)).arg(times.max(1).to_string());
    command.env_clear().env("ORCHESTRA_WEBHOOK_URL", url).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("ORCHESTRA_TASK_RUN_ID", "12345678-1234-5678-1234-567812345abc");
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| format!("{SCRIPT}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

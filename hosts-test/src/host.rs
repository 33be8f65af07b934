//! A component as a process of a host's own command line.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use wait_timeout::ChildExt;

/// No run takes longer, compilation of the component included.
pub const RUN_LIMIT: Duration = Duration::from_secs(300);

/// Who runs a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `wasmtime run`, wasmtime's own command line.
    Wasmtime,
    /// `jco run`: the component becomes a JavaScript module, and runs on Node.
    Node,
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// Whether the exit status was 0.
    pub succeeded: bool,
    /// Standard output and standard error, as they came.
    pub output: String,
}

impl Host {
    /// Every host of the matrix.
    pub const ALL: [Self; 2] = [Self::Wasmtime, Self::Node];

    /// The name in `limits.json` and in the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasmtime => "wasmtime",
            Self::Node => "node",
        }
    }

    /// Runs a component to its end. `name` is for the file that keeps its output.
    ///
    /// # Panics
    ///
    /// If the component or the host is not there, or [`RUN_LIMIT`] is over; then nothing of the run is left behind.
    pub fn run(self, name: &str, component: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(component, variables);
        run(command.args(arguments), name)
    }

    fn command(self, component: &Path, variables: &[(&str, &str)]) -> Command {
        assert!(component.exists(), "there is no {}: `make examples` builds it", component.display());
        match self {
            Self::Wasmtime => {
                let mut command = Command::new(tool("wasmtime"));
                command.args(["run", "-Shttp"]);
                for (name, value) in variables {
                    command.arg("--env").arg(format!("{name}={value}"));
                }
                // It keeps what it compiled, here and not in the user's cache.
                command.arg(component).env("XDG_CACHE_HOME", folder());
                command
            }
            Self::Node => {
                let mut command = Command::new(tool("jco"));
                command.arg("run").arg(component).envs(variables.iter().copied());
                // componentize-py makes use of extended constant expressions, which Node has without a flag since 21.
                if node_major_version() < 21 {
                    command.env("JCO_RUN_ARGS", "--experimental-wasm-extended-const");
                }
                command
            }
        }
    }
}

fn run(command: &mut Command, name: &str) -> Run {
    let path = folder().join(format!("{name}.log"));
    let output = File::create(&path).expect("the target folder can be written to");
    let errors = output.try_clone().expect("a file can be shared");
    // A group of its own, because jco starts a process in turn.
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let status = child.wait_timeout(RUN_LIMIT).expect("a child can be waited for");
    let output = || String::from_utf8_lossy(&fs::read(&path).expect("the file was made above")).into_owned();
    match status {
        Some(status) => Run { succeeded: status.success(), output: output() },
        None => {
            let group = format!("-{}", child.id());
            _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            _ = child.wait();
            panic!("{command:?} was still running after {RUN_LIMIT:?}:\n{}", output());
        }
    }
}

fn tool(name: &str) -> PathBuf {
    let path = crate::target().join("tools/bin").join(name);
    assert!(path.exists(), "there is no {}: `scripts/tools {name}` installs it", path.display());
    path
}

/// Where runs leave their output.
fn folder() -> PathBuf {
    let folder = crate::target().join("hosts-test");
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    folder
}

fn node_major_version() -> u32 {
    let output = Command::new("node").arg("--version").output().expect("node runs, as jco was installed with it");
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.unwrap_or_else(|| panic!("node gives its version as {version:?}"))
}

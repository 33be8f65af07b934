//! A component under a host's own command line, as a command and as a service.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use host_test::composed::service::{Answered, read};

use crate::process::{HostProcess, RUN_LIMIT};

/// Who runs a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignHost {
    /// wasmtime's own command line.
    Wasmtime,
    /// jco: the component becomes a JavaScript module, and runs on Node.
    Node,
    /// The command `orchestra-wasm`: a task or a command, not composed.
    Orchestra,
}

/// What a component is run with.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// For the folder that keeps what the host makes of the component.
    pub name: &'a str,
    /// The component's file.
    pub component: &'a Path,
    /// The one folder that the component gets.
    pub folder: &'a Path,
    /// Environment variables. Node passes on those of the tests beside them.
    pub variables: &'a [(&'a str, &'a str)],
}

/// What came of a run.
#[derive(Debug)]
pub struct HostRun {
    /// Whether the exit status was 0.
    pub succeeded: bool,
    /// Standard output and standard error, as they came.
    pub output: String,
}

/// A service on loopback, which ends when it is dropped.
pub struct HostedService {
    process: HostProcess,
    address: SocketAddr,
}

impl ForeignHost {
    /// Every host that takes composed components.
    pub const OTHERS: &'static [Self] = &[Self::Wasmtime, Self::Node];
    /// Every host of the matrix.
    pub const ALL: &'static [Self] = &[Self::Wasmtime, Self::Node, Self::Orchestra];

    /// The name in `limits.json` and in the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasmtime => "wasmtime",
            Self::Node => "node",
            Self::Orchestra => "orchestra-wasm",
        }
    }

    /// The file of an example that it runs.
    pub fn component(self, example: &str) -> PathBuf {
        let composed = if self == Self::Orchestra { "" } else { ".composed" };
        crate::target().join(format!("components/examples/{example}{composed}.wasm"))
    }

    /// Runs a component to its end: `wasmtime run`, `jco run`, `orchestra-wasm run`, which takes the first argument as the input.
    ///
    /// # Panics
    ///
    /// If the component or the host is not there, or 5 min are over; then nothing of the run is left behind.
    pub fn run(self, setting: &Setting, arguments: &[&str]) -> HostRun {
        let mut command = match self {
            Self::Wasmtime => wasmtime(setting, &["run", "-Shttp"]),
            Self::Node => jco(setting, &["run"]),
            Self::Orchestra => orchestra(setting, arguments),
        };
        command.arg(setting.component);
        if self != Self::Orchestra {
            command.args(arguments);
        }
        let mut process = HostProcess::start(command);
        let succeeded = process.wait().success();
        HostRun { succeeded, output: process.output() }
    }

    /// Starts a component as a service: `wasmtime serve`, `jco serve`.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run), if it does not listen before 5 min are over. `orchestra-wasm` does not serve.
    pub fn serve(self, setting: &Setting) -> HostedService {
        let address = free_address();
        let (mut command, ready) = match self {
            Self::Wasmtime => {
                // Its pool has room for some forty composed components at a time.
                let mut command = wasmtime(setting, &["serve", "-Scli", "-Opooling-allocator=n"]);
                command.arg("--addr").arg(address.to_string());
                (command, "Serving HTTP on ")
            }
            Self::Node => {
                let mut command = jco(setting, &["serve"]);
                command.args(["--host", &address.ip().to_string(), "--port", &address.port().to_string()]);
                (command, "Server listening @ ")
            }
            Self::Orchestra => panic!("orchestra-wasm does not serve"),
        };
        command.arg(setting.component);
        let process = HostProcess::start(command);
        process.wait_for_line(ready);
        HostedService { process, address }
    }
}

impl HostedService {
    /// `POST /` with this run id, and this token, and read the answer.
    ///
    /// # Panics
    ///
    /// If there is none before 5 min are over.
    pub fn trigger(&self, run_id: &str, token: &str, body: &str) -> Answered {
        let mut stream = TcpStream::connect(self.address).expect("the service listens");
        stream.set_read_timeout(Some(RUN_LIMIT)).expect("the limit is not zero");
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\
             orchestra_task_run_id: {run_id}\r\nauthorization: Bearer {token}\r\n\r\n{body}",
            self.address,
            body.len(),
        );
        stream.write_all(request.as_bytes()).expect("the service reads");
        read(stream)
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        self.process.output()
    }
}

fn wasmtime(setting: &Setting, arguments: &[&str]) -> Command {
    let mut command = Command::new(tool("wasmtime"));
    command.args(arguments).args(["--dir", "."]).current_dir(setting.folder);
    for (name, value) in setting.variables {
        command.args(["--env", name]).env(name, value);
    }
    // It keeps what it compiled, here and not in the user's cache.
    command.env("XDG_CACHE_HOME", folder("wasmtime"));
    command
}

fn jco(setting: &Setting, arguments: &[&str]) -> Command {
    let output = folder(setting.name);
    let import = output.join("folder.js");
    fs::copy(crate::root().join("host-test/foreign-hosts/folder.js"), &import)
        .expect("the target folder can be written to");
    let mut command = Command::new(tool("jco"));
    command.args(arguments).arg("--jco-dir").arg(&output).arg("--jco-import").arg(&import);
    command.current_dir(setting.folder).envs(setting.variables.iter().copied());
    if let Some(flag) = node_flag() {
        command.env("JCO_RUN_ARGS", flag);
    }
    command
}

/// Node, for a program in JavaScript.
pub fn with_node() -> Command {
    let mut command = Command::new("node");
    command.args(node_flag());
    command
}

/// componentize-py makes use of extended constant expressions, which Node has without a flag since 21.
fn node_flag() -> Option<&'static str> {
    (node_major_version() < 21).then_some("--experimental-wasm-extended-const")
}

fn orchestra(setting: &Setting, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("orchestra-wasm"));
    command.args(["run", "--dir-read-only", "."]).current_dir(setting.folder);
    if let Some(input) = arguments.first() {
        command.args(["--input", input]);
    }
    for (name, value) in setting.variables {
        command.env(name, value);
        // Those are its own; it refuses to pass them on.
        if !name.starts_with("ORCHESTRA_") {
            command.args(["--env", name]);
        }
    }
    command.env("XDG_CACHE_HOME", folder("orchestra"));
    command
}

/// jco does not say which port it chose, so one is chosen here.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on 127.0.0.1 is free");
    listener.local_addr().expect("a listener has an address")
}

/// One that `scripts/tools` installs.
///
/// # Panics
///
/// If it is not there.
pub fn tool(name: &str) -> PathBuf {
    let path = crate::target().join("tools/bin").join(name);
    assert!(path.exists(), "there is no {}: `scripts/tools {name}` installs it", path.display());
    path
}

/// One of this workspace, as cargo builds it for tests.
///
/// # Panics
///
/// If it is not there.
pub fn program(name: &str) -> PathBuf {
    let path = crate::target().join("debug").join(name);
    assert!(path.exists(), "there is no {}: `make test-hosts` builds it", path.display());
    path
}

/// Where something that the tests make is kept.
pub fn folder(name: &str) -> PathBuf {
    let folder = crate::target().join("foreign-hosts").join(name);
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    folder
}

fn node_major_version() -> u32 {
    let output = Command::new("node").arg("--version").output().expect("node runs, as jco was installed with it");
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.unwrap_or_else(|| panic!("node gives its version as {version:?}"))
}

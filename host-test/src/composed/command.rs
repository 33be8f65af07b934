//! A program on a command line.

use std::path::PathBuf;

use tokio::time::Instant;
use wasmtime::Store;
use wasmtime::component::Linker;
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{I32Exit, WasiCtx};

use super::{Program, ProgramCtx};
use crate::clock::{Clock, Time};
use crate::endpoint::MockEndpoint;
use crate::guest::{API_KEY, RUN_ID};

/// So much of standard output and of standard error is kept.
const OUTPUT_BYTES: usize = 1024 * 1024;

/// A program that is about to run. Its first argument is its name.
#[must_use = "nothing runs before `run`"]
pub struct Invocation {
    program: &'static Program,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    input: String,
    folder: Option<PathBuf>,
    time: Time,
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// `run` returned: whether it succeeded.
    Returned(bool),
    /// Through `wasi:cli/exit`, with this status.
    Exited(i32),
    /// In a trap: the host's word on it.
    Trapped(String),
}

impl Program {
    /// With these arguments behind its name, and an empty environment.
    pub fn invoke(&'static self, arguments: &[&str]) -> Invocation {
        let arguments = ["program"].iter().chain(arguments).map(ToString::to_string).collect();
        let (variables, input) = (Vec::new(), String::new());
        Invocation { program: self, arguments, variables, input, folder: None, time: Time::Real }
    }
}

impl Invocation {
    /// A key, [`RUN_ID`], and this endpoint.
    pub fn reporting_to(self, endpoint: &MockEndpoint) -> Self {
        self.reporting_to_url(&endpoint.url())
    }

    /// A key, [`RUN_ID`], and whatever is at this URL.
    pub fn reporting_to_url(self, url: &str) -> Self {
        self.variable("ORCHESTRA_API_KEY", API_KEY)
            .variable("ORCHESTRA_TASK_RUN_ID", RUN_ID)
            .variable("ORCHESTRA_WEBHOOK_URL", url)
    }

    /// With time of its own, for an endpoint of which nothing comes: time passes wherever the program waits.
    pub fn simulated_alone(mut self) -> Self {
        self.time = Time::Simulated { hangs: None };
        self
    }

    /// One more environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_string(), value.to_string()));
        self
    }

    /// Standard input, in place of none.
    pub fn input(mut self, text: &str) -> Self {
        self.input = text.to_string();
        self
    }

    /// A folder that the program finds at `/`, to read.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Run it to its end. What it wrote is printed, for a test that fails.
    pub fn run(self) -> Ran {
        let ran = self.run_quietly();
        println!("{ran:#?}");
        ran
    }

    /// Run it to its end.
    pub fn run_quietly(self) -> Ran {
        let runtime = self.time.runtime();
        runtime.block_on(self.conduct())
    }

    async fn conduct(self) -> Ran {
        let engine = self.program.0.engine();
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("no import is there twice");
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("no import is there twice");
        let (stdout, stderr) = (MemoryOutputPipe::new(OUTPUT_BYTES), MemoryOutputPipe::new(OUTPUT_BYTES));
        let mut wasi = WasiCtx::builder();
        wasi.args(&self.arguments).envs(&self.variables).stdin(MemoryInputPipe::new(self.input));
        wasi.stdout(stdout.clone()).stderr(stderr.clone());
        if self.time.is_simulated() {
            wasi.monotonic_clock(Clock { began: Instant::now() });
        }
        if let Some(folder) = self.folder {
            wasi.preopened_dir(folder, "/", FsPerms::ReadOnly).expect("the folder is there");
        }
        let mut store = Store::new(engine, ProgramCtx::new(wasi.build()));
        let called = async {
            let command = Command::instantiate_async(&mut store, &self.program.0, &linker).await?;
            command.wasi_cli_run().call_run(&mut store).await
        };
        let end = match called.await {
            Ok(result) => End::Returned(result.is_ok()),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(I32Exit(status)) => End::Exited(*status),
                None => End::Trapped(format!("{error:?}")),
            },
        };
        let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
        Ran { end, stdout: text(stdout), stderr: text(stderr) }
    }
}

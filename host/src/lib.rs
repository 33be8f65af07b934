//! Runs tasks in wasmtime, and reports every way that they can end to Orchestra.
//!
//! ```
//! use orchestra_host::{ApiKey, Config, Host, Reporting, Run};
//!
//! # fn program() -> Vec<u8> { host_test::component::test_task().to_vec() }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let endpoint = host_test::endpoint::MockEndpoint::always(host_test::endpoint::status(200));
//! let host = Host::new(&Config::default())?;
//! let task = host.load(&program())?; // compiled once, for any number of runs
//!
//! let reporting = Reporting {
//!     run_id: "12345678-1234-5678-1234-567812345abc".into(),
//!     api_key: ApiKey::new("the key"),
//!     endpoint: Some(endpoint.url()),
//! };
//! let run = Run {
//!     reporting: Some(reporting),
//!     name: "load".into(),
//!     input: r#"{"do": "report"}"#.into(),
//!     deadline: Some(std::time::Duration::from_secs(60)),
//!     ..Run::default()
//! };
//! let ended = task.run(run).await;
//! println!("{}: {}", ended.outcome, ended.end);
//! # assert!(ended.trouble.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! The task is in one store, the process component in another, so that a task that traps, loops, or takes all of its memory
//! is reported like any other. The task is given no environment, folder or network but what [`Run`] names, and never the
//! API key.

mod bindings;
mod crash;
mod folder;
mod forward;
mod host;
mod instance;
mod limits;
mod mounts;
mod network;
mod output;
mod process;
mod run;
mod store;
mod task;
mod words;

pub use bindings::lifecycle::Outcome;
pub use crash::{Crash, FRAMES};
pub use folder::Folder;
pub use host::{Cache, Config, Host, HostError};
pub use network::NetworkError;
pub use output::{HEAD_BYTES, Observer, Stdio, Stream, TAIL_BYTES};
pub use run::{ApiKey, End, Ended, INPUT_BYTES, INPUT_VARIABLE, Reporting, Run};
pub use task::{LoadError, PROGRAM_BYTES, Task};
pub use tokio_util::sync::CancellationToken;

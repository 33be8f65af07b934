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
//!     delivery: Vec::new(), // as the contract has it
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

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod at_once;
mod bindings;
mod characters;
mod conduct;
mod contract;
mod crash;
mod end;
mod engine;
mod farewell;
mod folder;
mod forward;
mod host;
mod instance;
mod kept;
mod lent;
mod limits;
mod mounts;
mod network;
mod output;
mod own;
mod process;
mod reporter;
mod reporting;
mod run;
mod running_log;
mod shared;
mod store;
mod task;

pub use crash::{Crash, FRAMES};
pub use end::End;
pub use engine::Instances;
pub use folder::Folder;
pub use host::{Cache, Config, Host, HostError};
pub use instance::DEFAULT_ENDPOINT;
pub use kept::{HEAD_BYTES, TAIL_BYTES};
pub use network::NetworkError;
pub use orchestra_policy::variables::OF_DELIVERY as DELIVERY_VARIABLES;
pub use orchestra_policy::{Cause, DeliveryError, INPUT_BYTES, INPUT_VARIABLE, Outcome, Report, Shortfall};
pub use output::{Observer, Stdio, Stream};
pub use reporting::{ApiKey, Reporting};
pub use run::{Ended, Run};
pub use task::{LoadError, PROGRAM_BYTES, Task};
pub use tokio_util::sync::CancellationToken;

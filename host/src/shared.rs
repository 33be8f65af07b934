//! What everything on one host shares.

use std::sync::Arc;

use wasmtime::Engine;

use crate::contract::Contract;
use crate::engine::Slots;
use crate::folder::Protected;
use crate::network::Client;
use crate::process::Process;

#[derive(Clone)]
pub(crate) struct Shared {
    /// The engine of tasks.
    pub(crate) engine: Engine,
    pub(crate) slots: Slots,
    pub(crate) process: Process,
    pub(crate) contract: Arc<Contract>,
    pub(crate) client: Client,
    /// What the process component of one run may have.
    pub(crate) process_memory_bytes: usize,
    pub(crate) protected: Arc<Protected>,
}

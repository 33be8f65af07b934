//! What everything on one host shares.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::InstancePre;

use crate::folder::Protected;
use crate::forward::Contract;
use crate::network::Client;
use crate::store::Ctx;

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) process: InstancePre<Ctx>,
    pub(crate) contract: Arc<Contract>,
    pub(crate) client: Client,
    /// What the process component of one run may have.
    pub(crate) process_memory_bytes: usize,
    pub(crate) protected: Arc<Protected>,
}

//! The reporters that a task makes itself, and their runs. They have an instance of their own, so that its calls may wait,
//! as the task asks for, and the run that the task was lent goes on.

use wasmtime::Store;
use wasmtime::component::{Instance, ResourceAny, ResourceType};
use wasmtime_wasi::WasiCtx;

use crate::contract::{Answer, Asked};
use crate::limits::Limits;
use crate::network::Allowed;
use crate::shared::Shared;
use crate::store::{self, Pace};

pub(crate) struct Own {
    shared: Shared,
    /// The only place that may be reported to.
    endpoint: Option<Allowed>,
    opened: Option<Box<Opened>>,
}

struct Opened {
    store: Store<store::Ctx>,
    instance: Instance,
    types: Vec<ResourceType>,
}

impl Own {
    pub(crate) fn new(shared: Shared, endpoint: Option<Allowed>) -> Self {
        Self { shared, endpoint, opened: None }
    }

    pub(crate) fn types(&self) -> &[ResourceType] {
        self.opened.as_ref().map_or(&[], |opened| &opened.types)
    }

    pub(crate) async fn call(&mut self, asked: &Asked) -> Answer {
        let failed = |error: wasmtime::Error| format!("the process component failed: {}", error.root_cause());
        let opened = self.open().await.map_err(failed)?;
        let Opened { store, instance, .. } = &mut **opened;
        asked.function.invoke_async(instance, store, &asked.arguments).await.map_err(failed)
    }

    /// A run that ends so is delivered first.
    pub(crate) async fn drop_resource(&mut self, resource: ResourceAny) {
        if let Some(opened) = &mut self.opened {
            // An instance that has failed has said so, and takes its resources along.
            _ = resource.resource_drop_async(&mut opened.store).await;
        }
    }

    async fn open(&mut self) -> wasmtime::Result<&mut Box<Opened>> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => {
                let Shared { client, process, process_memory_bytes, contract, .. } = &self.shared;
                let hooks = client.for_waiting_reports(self.endpoint.clone());
                let limits = Limits::new(*process_memory_bytes);
                let wasi = &mut WasiCtx::builder();
                let mut store = store::new(&process.engine, wasi, hooks, limits, None, Pace::Yielding);
                let instance = process.waiting.instantiate_async(&mut store).await?;
                let types = contract.resource_types(&instance, &mut store)?;
                Box::new(Opened { store, instance, types })
            }
        };
        Ok(self.opened.insert(opened))
    }
}

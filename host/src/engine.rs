//! The engine of tasks: where the memory of their instances comes from.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Component;
use wasmtime::{Cache, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Where the memory of tasks comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// Address space for this many runs at a time, at least 1, is reserved once. A run beyond them waits until another one
    /// ends, and is neither begun nor reported before; its deadline is counted all the same if [`Run::deadline_from`] is
    /// given. To begin a run and to end it takes a fraction of the time.
    ///
    /// Each takes 9 GiB of address space, and no memory before it is used. Linux has 128 TiB for a process, and 65,530
    /// mappings (`vm.max_map_count`), of which a run takes four; `ulimit -v` may leave less. A component may have 16 memories
    /// and 32 tables; one with more than two memories takes the slots of several runs.
    ///
    /// [`Run::deadline_from`]: crate::Run::deadline_from
    Pooled(u32),
    /// The operating system is asked for each run, of which there may be any number at a time. This needs no more address
    /// space than there are runs.
    OnDemand,
}

impl Default for Instances {
    /// A thousand at a time.
    fn default() -> Self {
        Self::Pooled(1000)
    }
}

/// What a component may have, beside the memory that its run has a limit for: more than compilers and compositions make.
const TABLES: u32 = 32;
const TABLE_ELEMENTS: usize = 1 << 20;
const CORE_INSTANCES: u32 = 128;
const MEMORIES: u32 = 16;
const MEMORY_BYTES: usize = 1 << 32;
/// Most components have one memory. One that has more takes the slots of several runs.
const MEMORIES_OF_A_RUN: u32 = 2;
/// What a slot keeps from one run to the next, so that the operating system is not asked for it again.
const KEPT_MEMORY_BYTES: usize = 256 * 1024;
const KEPT_TABLE_BYTES: usize = 16 * 1024;

/// The engine, and the slots that runs take on it.
pub(crate) fn new(instances: Instances, cache: Option<Cache>) -> wasmtime::Result<(Engine, Slots)> {
    let mut config = Config::new();
    config.epoch_interruption(true).cache(cache);
    let Instances::Pooled(runs) = instances else { return Ok((Engine::new(&config)?, Slots(None))) };
    if runs == 0 {
        wasmtime::bail!("a pool for 0 runs can run nothing: `Instances::Pooled` takes 1 or more");
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(runs)));
    let advice = "`Instances::OnDemand` needs no address space in advance";
    let engine = Engine::new(&config).map_err(|error| error.context(advice))?;
    let most = Semaphore::MAX_PERMITS.min(runs as usize);
    Ok((engine, Slots(Some((Arc::new(Semaphore::new(most)), runs)))))
}

fn pool(runs: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_stacks(runs)
        .total_core_instances(runs.saturating_mul(CORE_INSTANCES))
        .total_memories(runs.saturating_mul(MEMORIES_OF_A_RUN).max(MEMORIES))
        .total_tables(runs.saturating_mul(TABLES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_memories_per_module(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(MEMORY_BYTES)
        .max_unused_warm_slots(runs)
        .linear_memory_keep_resident(KEPT_MEMORY_BYTES)
        .table_keep_resident(KEPT_TABLE_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// How many runs may be under way, if that has a limit.
#[derive(Clone)]
pub(crate) struct Slots(Option<(Arc<Semaphore>, u32)>);

impl Slots {
    /// How many of them a run of this component takes.
    pub(crate) fn needed(&self, component: &Component) -> u32 {
        let memories = component.resources_required().map_or(MEMORIES, |required| required.num_memories);
        memories.div_ceil(MEMORIES_OF_A_RUN).max(1)
    }

    /// Waits until there are so many; held until this is dropped.
    pub(crate) async fn take(&self, needed: u32) -> Option<OwnedSemaphorePermit> {
        let (slots, all) = self.0.as_ref()?;
        // The semaphore is never closed.
        Arc::clone(slots).acquire_many_owned(needed.min(*all)).await.ok()
    }
}

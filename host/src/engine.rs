//! The engine of tasks: where the memory of their instances comes from.

use wasmtime::{Cache, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Where the memory of tasks comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// Address space for this many runs at a time, at least 1, is reserved once. A run beyond them waits until another one
    /// ends. To begin a run and to end it then takes a fraction of the time.
    ///
    /// Each takes 4 GiB of address space, and none of memory before it is used. Linux has 128 TiB for a process, and
    /// `ulimit -v` may leave it less.
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

/// What a component may have, beside the memory that its run has a limit for. Compilers for components make one memory and at
/// most a few tables of some thousand elements.
const TABLES: u32 = 8;
const TABLE_ELEMENTS: usize = 1 << 20;
const CORE_INSTANCES: u32 = 64;
/// A few components have a second memory.
const MEMORIES: u32 = 2;
const MOST_MEMORY_BYTES: usize = 1 << 32;
/// What a slot keeps from one run to the next, so that the operating system is not asked for it again.
const KEPT_MEMORY_BYTES: usize = 256 * 1024;
const KEPT_TABLE_BYTES: usize = 16 * 1024;

pub(crate) fn new(instances: Instances, cache: Option<Cache>) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true).cache(cache);
    if let Instances::Pooled(runs) = instances {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(runs)));
    }
    Engine::new(&config)
}

fn pool(runs: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_stacks(runs)
        .total_core_instances(runs.saturating_mul(CORE_INSTANCES))
        .total_memories(runs.saturating_mul(MEMORIES))
        .total_tables(runs.saturating_mul(TABLES))
        .max_tables_per_module(TABLES)
        .max_memories_per_module(MEMORIES)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(MOST_MEMORY_BYTES)
        .max_unused_warm_slots(runs)
        .linear_memory_keep_resident(KEPT_MEMORY_BYTES)
        .table_keep_resident(KEPT_TABLE_BYTES);
    pool
}

//! The task's calls of the contract, forwarded to the process component in another store.
//!
//! A resource of the task is a number in the table below, behind which stands the process component's own resource: of the
//! instance that has the run that the task was lent, or of one that it makes reporters of its own with.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{Linker, ResourceAny, ResourceDynamic, ResourceType, Val};
use wasmtime::{StoreContextMut, format_err};

use crate::contract::{Asked, Contract, Function, bytes};
use crate::lent::Lent;
use crate::own::Own;

/// What a call may hand over, in bytes: the longest report, and to spare. More would only fill the process component's memory.
const ARGUMENT_BYTES: usize = 8 * 1024 * 1024;

/// At most this many resources of the process component are a task's at a time.
const RESOURCES: usize = 1000;

/// A store's data that has a way to the process component.
pub(crate) trait HasForward: Send + 'static {
    /// In a task's store.
    fn forward(&mut self) -> Option<&mut Forward>;
}

/// A task's way to the process component, and the resources that it has there.
pub(crate) struct Forward {
    lent: Arc<Lent>,
    /// What the task's own reporters are made in, from the first one on.
    own: Own,
    resources: HashMap<u32, Held>,
    next: u32,
}

/// A resource of the process component, and of which of its instances.
#[derive(Clone, Copy)]
struct Held {
    resource: ResourceAny,
    whose: Whose,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Lent,
    Own,
}

impl Forward {
    /// With the run that the task is lent, and its number.
    pub(crate) fn new(lent: Arc<Lent>, own: Own) -> (Self, u32) {
        let run = Held { resource: lent.run, whose: Whose::Lent };
        (Self { lent, own, resources: HashMap::from([(0, run)]), next: 1 }, 0)
    }

    fn types(&self, whose: Whose) -> &[ResourceType] {
        match whose {
            Whose::Lent => &self.lent.types,
            Whose::Own => self.own.types(),
        }
    }

    fn insert(&mut self, held: Held) -> wasmtime::Result<ResourceDynamic> {
        let mut kinds = (0..).zip(self.types(held.whose));
        let kind = kinds.find_map(|(kind, ty)| (*ty == held.resource.ty()).then_some(kind));
        let kind = kind.ok_or_else(|| format_err!("the process component returned a resource of another's"))?;
        if self.resources.len() > RESOURCES {
            return Err(format_err!("more than {RESOURCES} reporters and runs are open"));
        }
        let rep = self.next;
        self.next = rep.checked_add(1).ok_or_else(|| format_err!("too many reporters and runs were opened"))?;
        self.resources.insert(rep, held);
        Ok(ResourceDynamic::new_own(rep, kind))
    }
}

/// Gives a task all of the contract.
pub(crate) fn link<T: HasForward>(contract: &Contract, linker: &mut Linker<T>) -> wasmtime::Result<()> {
    for (kind, (_, interface, name)) in (0..).zip(&contract.resources) {
        let mut instance = linker.instance(interface)?;
        instance.resource_async(name, wasmtime::component::ResourceType::host_dynamic(kind), |store, rep| {
            Box::new(drop_resource(store, rep))
        })?;
    }
    for function in &contract.functions {
        let mut instance = linker.instance(&function.interface)?;
        let asked = Arc::clone(function);
        instance.func_new_async(&function.name, move |store, _, arguments, results| {
            Box::new(call(store, Arc::clone(&asked), arguments, results))
        })?;
    }
    Ok(())
}

async fn call<T: HasForward>(
    mut store: StoreContextMut<'_, T>,
    function: Arc<Function>,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let is_fallible = function.is_fallible;
    let mut whose = if function.makes_reporters() { Whose::Own } else { Whose::Lent };
    let mut there = Vec::with_capacity(arguments.len());
    for argument in arguments {
        there.push(match argument {
            Val::Resource(_) => {
                let held = to_process(&mut store, argument)?;
                whose = held.whose;
                Val::Resource(held.resource)
            }
            // Arguments of the contract are plain values, and resources on the outermost level.
            plain => plain.clone(),
        });
    }
    // Not before a lent resource was taken, and so given back.
    if there.iter().map(bytes).sum::<usize>() > ARGUMENT_BYTES {
        let why = format!("the arguments of a call are longer than {} MiB", ARGUMENT_BYTES / (1024 * 1024));
        return refuse(is_fallible, why, results);
    }
    let asked = Asked { function, arguments: there };
    let forward = forward(&mut store)?;
    let answer = match whose {
        Whose::Lent => {
            let lent = Arc::clone(&forward.lent);
            lent.call(&asked).await
        }
        Whose::Own => forward.own.call(&asked).await,
    };
    match answer {
        Ok(values) => {
            for (result, value) in results.iter_mut().zip(values) {
                *result = to_task(&mut store, value, whose)?;
            }
            Ok(())
        }
        Err(why) => refuse(is_fallible, why, results),
    }
}

/// A call that can fail of its argument fails so. Any other call has no error for it, and ends the task.
fn refuse(is_fallible: bool, why: String, results: &mut [Val]) -> wasmtime::Result<()> {
    let [result] = results else { return Err(format_err!("{why}")) };
    if !is_fallible {
        return Err(format_err!("{why}"));
    }
    let error = Val::Variant("invalid-argument".into(), Some(Box::new(Val::String(why))));
    *result = Val::Result(Err(Some(Box::new(error))));
    Ok(())
}

async fn drop_resource<T: HasForward>(mut store: StoreContextMut<'_, T>, rep: u32) -> wasmtime::Result<()> {
    let forward = forward(&mut store)?;
    match forward.resources.remove(&rep) {
        Some(Held { resource, whose: Whose::Lent }) => forward.lent.enter(|instance| instance.drop_resource(resource)),
        Some(Held { resource, whose: Whose::Own }) => forward.own.drop_resource(resource).await,
        None => {}
    }
    Ok(())
}

fn forward<'a, T: HasForward>(store: &'a mut StoreContextMut<'_, T>) -> wasmtime::Result<&'a mut Forward> {
    store.data_mut().forward().ok_or_else(|| format_err!("this store is not a task's"))
}

fn to_process<T: HasForward>(store: &mut StoreContextMut<'_, T>, resource: &Val) -> wasmtime::Result<Held> {
    let missing = || format_err!("there is no such reporter or run");
    let Val::Resource(resource) = resource else { return Err(missing()) };
    let rep = resource.try_into_resource_dynamic(&mut *store)?.rep();
    forward(store)?.resources.get(&rep).copied().ok_or_else(missing)
}

/// Results of the contract have resources on the outermost level, or as what a result holds.
fn to_task<T: HasForward>(store: &mut StoreContextMut<'_, T>, value: Val, whose: Whose) -> wasmtime::Result<Val> {
    match value {
        Val::Resource(resource) => {
            let resource = forward(store)?.insert(Held { resource, whose })?;
            Ok(Val::Resource(resource.try_into_resource_any(&mut *store)?))
        }
        Val::Result(Ok(Some(value))) => Ok(Val::Result(Ok(Some(Box::new(to_task(store, *value, whose)?))))),
        value => Ok(value),
    }
}

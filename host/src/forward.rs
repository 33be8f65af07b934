//! The task's calls of the contract, forwarded to the process component in the other store.
//!
//! What the process component exports is what a task can import; no function has a line of its own here, but the endings,
//! of which one is enough. A resource of the task is a number in the table below, behind which stands the process component's
//! own resource.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, Linker, ResourceAny, ResourceDynamic, ResourceType, Type, Val,
};
use wasmtime::{Engine, StoreContextMut, format_err};

use crate::bindings::lifecycle::Outcome;
use crate::store::Ctx;

/// What a call may hand over, in bytes: the longest report, and to spare. More would only fill the process component's memory.
const ARGUMENT_BYTES: usize = 8 * 1024 * 1024;

/// The calls that end a run.
const ENDINGS: [(&str, Outcome); 4] = [
    ("[method]process.complete", Outcome::Succeeded),
    ("[method]process.warn", Outcome::Warning),
    ("[method]process.fail", Outcome::Failed),
    ("[method]process.cancel", Outcome::Cancelled),
];

/// So many resources a task may hold of the process component at a time.
const RESOURCES: usize = 1000;

/// A function of the contract.
#[derive(Clone)]
pub(crate) struct Function {
    interface: String,
    name: String,
    pub(crate) export: ComponentExportIndex,
    pub(crate) results: usize,
    /// Whether its error is a report's, so that trouble in the process component is a report that did not arrive.
    is_report: bool,
    /// How it ends the run that it is called for, if it does.
    pub(crate) ends: Option<Outcome>,
}

/// The functions and the resources that the process component exports.
#[derive(Clone)]
pub(crate) struct Contract {
    pub(crate) functions: Vec<Function>,
    /// Each with its interface and its name.
    pub(crate) resources: Vec<(ComponentExportIndex, String, String)>,
}

impl Contract {
    pub(crate) fn of(engine: &Engine, process: &Component) -> Self {
        let mut contract = Self { functions: Vec::new(), resources: Vec::new() };
        for (interface, export) in process.component_type().exports(engine) {
            let ComponentItem::ComponentInstance(instance) = export.ty else { continue };
            let Some(parent) = process.get_export_index(None, interface) else { continue };
            for (name, export) in instance.exports(engine) {
                let Some(index) = process.get_export_index(Some(&parent), name) else { continue };
                let (interface, name) = (interface.to_string(), name.to_string());
                match export.ty {
                    ComponentItem::ComponentFunc(function) => {
                        let results: Vec<Type> = function.results().collect();
                        let is_report = results.first().is_some_and(is_report);
                        let results = results.len();
                        let ends = ENDINGS.iter().find_map(|(ending, outcome)| (*ending == name).then_some(*outcome));
                        contract.functions.push(Function { interface, name, export: index, results, is_report, ends });
                    }
                    ComponentItem::Resource(_) => contract.resources.push((index, interface, name)),
                    _ => {}
                }
            }
        }
        contract
    }

    /// Gives a task all of it.
    pub(crate) fn link(&self, linker: &mut Linker<Ctx>) -> wasmtime::Result<()> {
        for (kind, (_, interface, name)) in (0..).zip(&self.resources) {
            let mut instance = linker.instance(interface)?;
            instance.resource_async(name, ResourceType::host_dynamic(kind), |store, rep| {
                Box::new(drop_resource(store, rep))
            })?;
        }
        for (number, function) in self.functions.iter().enumerate() {
            let is_report = function.is_report;
            let mut instance = linker.instance(&function.interface)?;
            instance.func_new_async(&function.name, move |store, _, arguments, results| {
                Box::new(call(store, number, is_report, arguments, results))
            })?;
        }
        Ok(())
    }

    /// The kind of the resource `process`, of which a task is lent one.
    pub(crate) fn process_kind(&self) -> Option<u32> {
        (0..).zip(&self.resources).find_map(|(kind, (_, _, name))| (name == "process").then_some(kind))
    }
}

/// `result<_, report-error>`, whatever else that error will have one day.
fn is_report(result: &Type) -> bool {
    let Type::Result(result) = result else { return false };
    matches!(result.err(), Some(Type::Variant(error)) if error.cases().any(|case| case.name == "undelivered"))
}

/// What the process component is to do for a task.
pub(crate) enum Job {
    /// Call the function with this number.
    Call { number: usize, arguments: Vec<Val>, answer: oneshot::Sender<Answer> },
    /// Drop a resource.
    Drop { resource: ResourceAny, done: oneshot::Sender<()> },
}

/// Results, or why the process component cannot give any.
pub(crate) type Answer = Result<Vec<Val>, String>;

/// A task's way to the process component, and the resources that it has there.
pub(crate) struct Forward {
    jobs: mpsc::Sender<Job>,
    /// The process component's resource types, by kind.
    types: Vec<ResourceType>,
    resources: HashMap<u32, ResourceAny>,
    next: u32,
}

impl Forward {
    /// With the run that the task is lent, and its number.
    pub(crate) fn new(jobs: mpsc::Sender<Job>, types: Vec<ResourceType>, run: ResourceAny) -> (Self, u32) {
        (Self { jobs, types, resources: HashMap::from([(0, run)]), next: 1 }, 0)
    }

    fn insert(&mut self, resource: ResourceAny) -> wasmtime::Result<ResourceDynamic> {
        let kind = (0..).zip(&self.types).find_map(|(kind, ty)| (*ty == resource.ty()).then_some(kind));
        let kind = kind.ok_or_else(|| format_err!("the process component returned a resource of another's"))?;
        if self.resources.len() > RESOURCES {
            return Err(format_err!("more than {RESOURCES} reporters and runs are open"));
        }
        let rep = self.next;
        self.next = rep.checked_add(1).ok_or_else(|| format_err!("too many reporters and runs were opened"))?;
        self.resources.insert(rep, resource);
        Ok(ResourceDynamic::new_own(rep, kind))
    }
}

async fn call(
    mut store: StoreContextMut<'_, Ctx>,
    number: usize,
    is_report: bool,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let mut there = Vec::with_capacity(arguments.len());
    for argument in arguments {
        there.push(to_process(&mut store, argument)?);
    }
    // Not before a lent resource was taken, and so given back.
    if there.iter().map(bytes).sum::<usize>() > ARGUMENT_BYTES {
        let why = format!("the arguments of a call are longer than {} MiB", ARGUMENT_BYTES / (1024 * 1024));
        return refuse(is_report, "invalid-argument", why, results);
    }
    let jobs = forward(&mut store)?.jobs.clone();
    let (answer, answered) = oneshot::channel();
    let sent = jobs.send(Job::Call { number, arguments: there, answer }).await;
    let answer = match sent {
        Ok(()) => answered.await.unwrap_or_else(|_| Err("the process component is gone".into())),
        Err(_) => Err("the process component is gone".into()),
    };
    match answer {
        Ok(values) => {
            for (result, value) in results.iter_mut().zip(values) {
                *result = to_task(&mut store, value)?;
            }
            Ok(())
        }
        Err(why) => refuse(is_report, "undelivered", why, results),
    }
}

/// A report has an error for it. Any other call has none, and ends the task.
fn refuse(is_report: bool, case: &str, why: String, results: &mut [Val]) -> wasmtime::Result<()> {
    if !is_report {
        return Err(format_err!("{why}"));
    }
    let error = Val::Variant(case.into(), Some(Box::new(Val::String(why))));
    results[0] = Val::Result(Err(Some(Box::new(error))));
    Ok(())
}

/// What the texts in it take. The contract's arguments hold nothing else that could be long.
fn bytes(value: &Val) -> usize {
    match value {
        Val::String(text) => text.len(),
        Val::List(values) | Val::Tuple(values) => values.iter().map(bytes).sum(),
        Val::Record(fields) => fields.iter().map(|(_, value)| bytes(value)).sum(),
        Val::Variant(_, Some(value)) | Val::Option(Some(value)) => bytes(value),
        _ => 0,
    }
}

async fn drop_resource(mut store: StoreContextMut<'_, Ctx>, rep: u32) -> wasmtime::Result<()> {
    let forward = forward(&mut store)?;
    let Some(resource) = forward.resources.remove(&rep) else { return Ok(()) };
    let jobs = forward.jobs.clone();
    let (done, is_done) = oneshot::channel();
    // Where the process component is gone, so is the resource.
    if jobs.send(Job::Drop { resource, done }).await.is_ok() {
        _ = is_done.await;
    }
    Ok(())
}

fn forward<'a>(store: &'a mut StoreContextMut<'_, Ctx>) -> wasmtime::Result<&'a mut Forward> {
    store.data_mut().forward.as_mut().ok_or_else(|| format_err!("this store is no task's"))
}

/// Arguments of the contract are plain values, and resources on the outermost level.
fn to_process(store: &mut StoreContextMut<'_, Ctx>, value: &Val) -> wasmtime::Result<Val> {
    let Val::Resource(resource) = value else { return Ok(value.clone()) };
    let rep = resource.try_into_resource_dynamic(&mut *store)?.rep();
    let resource = forward(store)?.resources.get(&rep).copied();
    resource.map(Val::Resource).ok_or_else(|| format_err!("there is no such reporter or run"))
}

/// Results of the contract have resources on the outermost level, or as what a result holds.
fn to_task(store: &mut StoreContextMut<'_, Ctx>, value: Val) -> wasmtime::Result<Val> {
    match value {
        Val::Resource(resource) => {
            let resource = forward(store)?.insert(resource)?;
            Ok(Val::Resource(resource.try_into_resource_any(&mut *store)?))
        }
        Val::Result(Ok(Some(value))) => Ok(Val::Result(Ok(Some(Box::new(to_task(store, *value)?))))),
        value => Ok(value),
    }
}

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
    parameters: Vec<Type>,
    pub(crate) result_types: Vec<Type>,
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
                        let parameters = function.params().map(|(_, ty)| ty).collect();
                        let result_types: Vec<Type> = function.results().collect();
                        let is_report = result_types.first().is_some_and(is_report);
                        let ends = ENDINGS.iter().find_map(|(ending, outcome)| (*ending == name).then_some(*outcome));
                        contract.functions.push(Function {
                            interface,
                            name,
                            export: index,
                            parameters,
                            result_types,
                            is_report,
                            ends,
                        });
                    }
                    ComponentItem::Resource(_) => contract.resources.push((index, interface, name)),
                    _ => {}
                }
            }
        }
        contract
    }

    /// Whether a task imports of it what there is, in the same shape; if not, what.
    ///
    /// A linker does not look at the shape of what it links dynamically.
    pub(crate) fn check(&self, engine: &Engine, task: &Component) -> Result<(), String> {
        for (interface, import) in task.component_type().imports(engine) {
            let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
            let ours = self.functions.iter().filter(|function| are_compatible(&function.interface, interface));
            let ours: Vec<_> = ours.collect();
            for (name, export) in instance.exports(engine).filter(|_| !ours.is_empty()) {
                let ComponentItem::ComponentFunc(theirs) = export.ty else { continue };
                let fits = ours.iter().any(|function| {
                    let (parameters, results) = (theirs.params().map(|(_, ty)| ty), theirs.results());
                    function.name == name
                        && all(&function.parameters, parameters)
                        && all(&function.result_types, results)
                });
                if !fits {
                    return Err(format!(
                        "{name} of {interface}, in a shape that it does not have: build it against `wit/`"
                    ));
                }
            }
        }
        Ok(())
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

/// The same name, or another patch version of it.
fn are_compatible(ours: &str, theirs: &str) -> bool {
    let track = |name: &str| name.rsplit_once('.').map(|(track, _)| track.to_string());
    ours == theirs || track(ours).is_some_and(|ours| track(theirs) == Some(ours))
}

fn all(ours: &[Type], mut theirs: impl ExactSizeIterator<Item = Type>) -> bool {
    ours.len() == theirs.len() && ours.iter().all(|ours| theirs.next().is_some_and(|theirs| is_same(ours, &theirs)))
}

/// Resources have their kind checked where they are passed; here each is as good as another.
fn is_same(ours: &Type, theirs: &Type) -> bool {
    let optional = |ours: Option<Type>, theirs: Option<Type>| match (ours, theirs) {
        (None, None) => true,
        (Some(ours), Some(theirs)) => is_same(&ours, &theirs),
        _ => false,
    };
    match (ours, theirs) {
        (Type::Own(_), Type::Own(_)) | (Type::Borrow(_), Type::Borrow(_)) => true,
        (Type::List(ours), Type::List(theirs)) => is_same(&ours.ty(), &theirs.ty()),
        (Type::Option(ours), Type::Option(theirs)) => is_same(&ours.ty(), &theirs.ty()),
        (Type::Result(ours), Type::Result(theirs)) => {
            optional(ours.ok(), theirs.ok()) && optional(ours.err(), theirs.err())
        }
        (Type::Tuple(ours), Type::Tuple(theirs)) => all(&ours.types().collect::<Vec<_>>(), theirs.types()),
        (Type::Record(ours), Type::Record(theirs)) => {
            let pairs = || ours.fields().zip(theirs.fields());
            ours.fields().len() == theirs.fields().len()
                && pairs().all(|(ours, theirs)| ours.name == theirs.name && is_same(&ours.ty, &theirs.ty))
        }
        (Type::Variant(ours), Type::Variant(theirs)) => {
            let mut pairs = ours.cases().zip(theirs.cases());
            ours.cases().len() == theirs.cases().len()
                && pairs.all(|(ours, theirs)| ours.name == theirs.name && optional(ours.ty, theirs.ty))
        }
        (Type::Enum(ours), Type::Enum(theirs)) => ours.names().eq(theirs.names()),
        (ours, theirs) => ours == theirs,
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
    let [result] = results else { return Err(format_err!("{why}")) };
    if !is_report {
        return Err(format_err!("{why}"));
    }
    let error = Val::Variant(case.into(), Some(Box::new(Val::String(why))));
    *result = Val::Result(Err(Some(Box::new(error))));
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

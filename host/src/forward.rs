//! The task's calls of the contract, forwarded to the process component in the other store.
//!
//! What the process component exports is what a task can import; no function has a line of its own here, but those that
//! end a run or wait for its reports. A resource of the task is a number in the table below, behind which stands the process
//! component's own resource.

use std::collections::HashMap;
use std::sync::Arc;

use orchestra_policy::Outcome;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, Linker, ResourceAny, ResourceDynamic, ResourceType, Type, Val,
};
use wasmtime::{Engine, StoreContextMut, format_err};

/// What a call may hand over, in bytes: the longest report, and to spare. More would only fill the process component's memory.
const ARGUMENT_BYTES: usize = 8 * 1024 * 1024;

/// The calls that end a run.
const ENDINGS: [(&str, Outcome); 4] = [
    ("[method]process.complete", Outcome::Succeeded),
    ("[method]process.warn", Outcome::Warning),
    ("[method]process.fail", Outcome::Failed),
    ("[method]process.cancel", Outcome::Cancelled),
];

/// The call that waits for what was reported.
const FLUSH: &str = "[method]process.flush";

/// At most this many resources of the process component are a task's at a time.
const RESOURCES: usize = 1000;

/// A store's data that has a way to the process component.
pub(crate) trait HasForward: Send + 'static {
    /// In a task's store.
    fn forward(&mut self) -> Option<&mut Forward>;
}

/// A function of the contract.
pub(crate) struct Function {
    interface: String,
    pub(crate) name: String,
    pub(crate) export: ComponentExportIndex,
    parameters: Vec<Type>,
    pub(crate) result_types: Vec<Type>,
    /// Whether its error can say that an argument is wrong, and so what else goes wrong.
    is_fallible: bool,
    /// How it ends the run that it is called for, if it does.
    pub(crate) ends: Option<Outcome>,
    /// What it waits for, if its run's delivery lets it.
    pub(crate) waits: Option<Waits>,
}

/// A call that waits for reports to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Ending,
    Flush,
}

/// What makes one call's results of another's.
pub(crate) type Wrap = fn(Vec<Val>) -> Vec<Val>;

/// A call that a task makes: of which function, with what.
pub(crate) struct Asked {
    pub(crate) function: Arc<Function>,
    pub(crate) arguments: Vec<Val>,
}

impl Asked {
    /// Whether the report is to be made again, because there is no room for it yet.
    pub(crate) fn has_no_room(&self, results: &[Val]) -> bool {
        let [Val::Result(Err(Some(error)))] = results else { return false };
        matches!(&**error, Val::Variant(case, None) if case == "outbox-full")
    }
}

/// The functions and the resources that the process component exports.
#[derive(Clone)]
pub(crate) struct Contract {
    pub(crate) functions: Vec<Arc<Function>>,
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
                        let is_fallible = result_types.first().is_some_and(is_fallible);
                        let ends = ENDINGS.iter().find_map(|(ending, outcome)| (*ending == name).then_some(*outcome));
                        let waits = match ends {
                            Some(_) => Some(Waits::Ending),
                            None => (name == FLUSH).then_some(Waits::Flush),
                        };
                        contract.functions.push(Arc::new(Function {
                            interface,
                            name,
                            export: index,
                            parameters,
                            result_types,
                            is_fallible,
                            ends,
                            waits,
                        }));
                    }
                    ComponentItem::Resource(_) => contract.resources.push((index, interface, name)),
                    _ => {}
                }
            }
        }
        contract
    }

    /// `flush` of the run that this call is for, and what makes that call's result of its result.
    pub(crate) fn flush_for(&self, asked: &Asked) -> Option<(Asked, Wrap)> {
        let function = Arc::clone(self.functions.iter().find(|function| function.name == FLUSH)?);
        let arguments = asked.arguments.get(..1)?.to_vec();
        let wrap: Wrap = if asked.function.name == FLUSH { |results| results } else { as_ending };
        Some((Asked { function, arguments }, wrap))
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
    pub(crate) fn link<T: HasForward>(&self, linker: &mut Linker<T>) -> wasmtime::Result<()> {
        for (kind, (_, interface, name)) in (0..).zip(&self.resources) {
            let mut instance = linker.instance(interface)?;
            instance.resource_async(name, ResourceType::host_dynamic(kind), |store, rep| {
                Box::new(drop_resource(store, rep))
            })?;
        }
        for function in &self.functions {
            let mut instance = linker.instance(&function.interface)?;
            let asked = Arc::clone(function);
            instance.func_new_async(&function.name, move |store, _, arguments, results| {
                Box::new(call(store, Arc::clone(&asked), arguments, results))
            })?;
        }
        Ok(())
    }

    /// The kind of the resource `process`, of which a task is lent one.
    pub(crate) fn process_kind(&self) -> Option<u32> {
        (0..).zip(&self.resources).find_map(|(kind, (_, _, name))| (name == "process").then_some(kind))
    }
}

/// The same name; or one whose version is compatible by semver's rules, as linkers match it: the same major version from 1.0
/// on, the same minor version before that.
fn are_compatible(ours: &str, theirs: &str) -> bool {
    let track = |name: &str| -> Option<(String, String)> {
        let (interface, version) = name.split_once('@')?;
        // What is behind a + says how it was built, and may have any sign in it.
        let version = version.split('+').next().unwrap_or(version);
        let numbers: Vec<&str> = version.split(['.', '-']).collect();
        let track = match numbers[..] {
            // A pre-release is compatible with itself only.
            _ if version.contains('-') => version.to_string(),
            ["0", "0", patch, ..] => format!("0.0.{patch}"),
            ["0", minor, ..] => format!("0.{minor}"),
            [major, ..] => major.to_string(),
            [] => return None,
        };
        Some((interface.to_string(), track))
    };
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

fn is_fallible(result: &Type) -> bool {
    let Type::Result(result) = result else { return false };
    matches!(result.err(), Some(Type::Variant(error)) if error.cases().any(|case| case.name == "invalid-argument"))
}

/// A delivery error as that of an ending.
fn as_ending(results: Vec<Val>) -> Vec<Val> {
    match <[Val; 1]>::try_from(results) {
        Ok([Val::Result(Err(error))]) => {
            vec![Val::Result(Err(Some(Box::new(Val::Variant("delivery".into(), error)))))]
        }
        Ok(result) => result.into(),
        Err(results) => results,
    }
}

/// What the process component is to do for a task.
pub(crate) enum Job {
    Call {
        asked: Asked,
        answer: oneshot::Sender<Answer>,
    },
    /// Drop a resource.
    Drop {
        resource: ResourceAny,
        done: oneshot::Sender<()>,
    },
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

async fn call<T: HasForward>(
    mut store: StoreContextMut<'_, T>,
    function: Arc<Function>,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let is_fallible = function.is_fallible;
    let mut there = Vec::with_capacity(arguments.len());
    for argument in arguments {
        there.push(to_process(&mut store, argument)?);
    }
    // Not before a lent resource was taken, and so given back.
    if there.iter().map(bytes).sum::<usize>() > ARGUMENT_BYTES {
        let why = format!("the arguments of a call are longer than {} MiB", ARGUMENT_BYTES / (1024 * 1024));
        return refuse(is_fallible, why, results);
    }
    let jobs = forward(&mut store)?.jobs.clone();
    let (answer, answered) = oneshot::channel();
    let sent = jobs.send(Job::Call { asked: Asked { function, arguments: there }, answer }).await;
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

/// What a value takes, about: its texts, and a word for each of its parts, so that a long list of nothing is long, too.
fn bytes(value: &Val) -> usize {
    const WORD: usize = size_of::<Val>();
    WORD + match value {
        Val::String(text) => text.len(),
        Val::List(values) | Val::Tuple(values) => values.iter().map(bytes).sum(),
        Val::Record(fields) => fields.iter().map(|(_, value)| bytes(value)).sum(),
        Val::Variant(_, Some(value)) | Val::Option(Some(value)) => bytes(value),
        _ => 0,
    }
}

async fn drop_resource<T: HasForward>(mut store: StoreContextMut<'_, T>, rep: u32) -> wasmtime::Result<()> {
    let forward = forward(&mut store)?;
    let Some(resource) = forward.resources.remove(&rep) else { return Ok(()) };
    let jobs = forward.jobs.clone();
    let (done, is_done) = oneshot::channel();
    // If the process component is gone, so is the resource.
    if jobs.send(Job::Drop { resource, done }).await.is_ok() {
        _ = is_done.await;
    }
    Ok(())
}

fn forward<'a, T: HasForward>(store: &'a mut StoreContextMut<'_, T>) -> wasmtime::Result<&'a mut Forward> {
    store.data_mut().forward().ok_or_else(|| format_err!("this store is not a task's"))
}

/// Arguments of the contract are plain values, and resources on the outermost level.
fn to_process<T: HasForward>(store: &mut StoreContextMut<'_, T>, value: &Val) -> wasmtime::Result<Val> {
    let Val::Resource(resource) = value else { return Ok(value.clone()) };
    let rep = resource.try_into_resource_dynamic(&mut *store)?.rep();
    let resource = forward(store)?.resources.get(&rep).copied();
    resource.map(Val::Resource).ok_or_else(|| format_err!("there is no such reporter or run"))
}

/// Results of the contract have resources on the outermost level, or as what a result holds.
fn to_task<T: HasForward>(store: &mut StoreContextMut<'_, T>, value: Val) -> wasmtime::Result<Val> {
    match value {
        Val::Resource(resource) => {
            let resource = forward(store)?.insert(resource)?;
            Ok(Val::Resource(resource.try_into_resource_any(&mut *store)?))
        }
        Val::Result(Ok(Some(value))) => Ok(Val::Result(Ok(Some(Box::new(to_task(store, *value)?))))),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    mod fuzz;

    use super::*;

    fn contract() -> Contract {
        let engine = Engine::default();
        let process = Component::new(&engine, orchestra_components::PROCESS).unwrap();
        Contract::of(&engine, &process)
    }

    /// The names above are texts, which no compiler checks.
    #[test]
    fn every_ending_every_report_and_the_process_are_found_in_the_real_component() {
        let contract = contract();
        let found = |name: &str| contract.functions.iter().find(|function| function.name == name).expect(name).clone();
        for (name, outcome) in ENDINGS {
            let function = found(name);
            assert_eq!((function.ends, function.waits), (Some(outcome), Some(Waits::Ending)));
            assert!(function.is_fallible, "{name}");
        }
        assert_eq!(found(FLUSH).waits, Some(Waits::Flush));
        for report in ["start", "progress", "complete-stage", "fail-stage", "set-output", "send-log", "open-log"] {
            assert!(found(&format!("[method]process.{report}")).is_fallible, "{report}");
        }
        assert!(found("[method]log.write").is_fallible);
        assert!(contract.process_kind().is_some());
    }

    #[test]
    fn a_report_without_room_is_recognised_in_the_real_components_type() {
        let contract = contract();
        for report in ["start", "progress", "complete-stage", "fail-stage", "set-output", "send-log"] {
            let name = format!("[method]process.{report}");
            let function = contract.functions.iter().find(|function| function.name == name).unwrap();
            let [Type::Result(result)] = &function.result_types[..] else { panic!("{report}") };
            let Some(Type::Variant(error)) = result.err() else { panic!("{report}") };
            assert!(error.cases().any(|case| case.name == "outbox-full" && case.ty.is_none()), "{report}");
        }
    }

    #[test]
    fn versions_are_compatible_as_linkers_match_them() {
        for (ours, theirs, expected) in [
            ("a:b/c@0.1.0", "a:b/c@0.1.7", true),
            ("a:b/c@0.1.0", "a:b/c@0.2.0", false),
            ("a:b/c@1.2.0", "a:b/c@1.7.3", true),
            ("a:b/c@1.2.0", "a:b/c@2.2.0", false),
            ("a:b/c@0.0.1", "a:b/c@0.0.2", false),
            ("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0", false),
            ("a:b/c@0.1.0", "a:b/c@0.1.7+a-b", true),
            ("a:b/c@0.1.0", "a:b/d@0.1.0", false),
            ("a:b/c", "a:b/c", true),
            ("a:b/c", "a:b/c@0.1.0", false),
        ] {
            assert_eq!(are_compatible(ours, theirs), expected, "{ours} {theirs}");
        }
    }

    #[test]
    fn a_long_list_of_nothing_is_long() {
        let pairs = Val::List(vec![Val::Tuple(vec![Val::String(String::new()); 2]); 100_000]);
        assert!(bytes(&pairs) > ARGUMENT_BYTES);
    }
}

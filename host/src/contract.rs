//! The contract, as the process component exports it.
//!
//! No function has a line of its own here, but those that end a run or wait for its reports.

use std::sync::Arc;
use std::time::Duration;

use orchestra_policy::Outcome;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, Instance, ResourceType, Type, Val};
use wasmtime::{AsContextMut, Engine, format_err};

use crate::end::Ending;

/// The calls that end a run.
const ENDINGS: [(&str, Outcome); 4] = [
    ("[method]process.complete", Outcome::Succeeded),
    ("[method]process.warn", Outcome::Warning),
    ("[method]process.fail", Outcome::Failed),
    ("[method]process.cancel", Outcome::Cancelled),
];

/// The calls that wait for what was reported.
const FLUSH: &str = "[method]process.flush";
const ADVANCE: &str = "[method]process.advance";

/// The call that is the host's alone for the run that it lends: it may have to send the ending once more.
const ENDING_KEY: &str = "[method]process.set-ending-key";
const KEY_IS_SET: &str = "the host that runs this task has given its ending a key: leave it as it is";

/// What makes reporters begins so.
const OF_REPORTERS: &str = "[static]reporter.";

/// A function of the contract.
pub(crate) struct Function {
    pub(crate) interface: String,
    pub(crate) name: String,
    export: ComponentExportIndex,
    parameters: Vec<Type>,
    result_types: Vec<Type>,
    /// Whether its error can say that an argument is wrong, and so what else goes wrong.
    pub(crate) is_fallible: bool,
    /// How it ends the run that it is called for, if it does.
    ends: Option<Outcome>,
    /// What it waits for.
    pub(crate) waits: Option<Waits>,
}

/// A call that waits for reports to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Ending,
    Flush,
    Advance,
}

/// Results, or why the process component cannot give any.
pub(crate) type Answer = Result<Vec<Val>, String>;

/// What makes one call's results of another's.
pub(crate) type Wrap = fn(Vec<Val>) -> Vec<Val>;

/// A call that a task makes: of which function, with what.
pub(crate) struct Asked {
    pub(crate) function: Arc<Function>,
    pub(crate) arguments: Vec<Val>,
}

impl Function {
    /// Whether it makes a reporter.
    pub(crate) fn makes_reporters(&self) -> bool {
        self.name.starts_with(OF_REPORTERS)
    }

    /// What a task is told that calls it for the run that it is lent, if it may not.
    pub(crate) fn refused(&self) -> Option<Vec<Val>> {
        let why = || Val::Result(Err(Some(Box::new(Val::String(KEY_IS_SET.into())))));
        (self.name == ENDING_KEY).then(|| vec![why()])
    }

    /// The call itself, into an instance that never waits.
    pub(crate) fn invoke(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
        arguments: &[Val],
    ) -> wasmtime::Result<Vec<Val>> {
        let mut results = vec![Val::Bool(false); self.result_types.len()];
        let function = instance.get_func(&mut store, self.export).ok_or_else(|| self.missing())?;
        function.call(store, arguments, &mut results)?;
        Ok(results)
    }

    /// The call itself, into an instance that may wait.
    pub(crate) async fn invoke_async(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut<Data: Send>,
        arguments: &[Val],
    ) -> wasmtime::Result<Vec<Val>> {
        let mut results = vec![Val::Bool(false); self.result_types.len()];
        let function = instance.get_func(&mut store, self.export).ok_or_else(|| self.missing())?;
        function.call_async(store, arguments, &mut results).await?;
        Ok(results)
    }

    fn missing(&self) -> wasmtime::Error {
        format_err!("the process component does not export {}", self.name)
    }
}

impl Asked {
    /// Whether the report is to be made again, because the outbox is full.
    pub(crate) fn has_no_room(&self, results: &[Val]) -> bool {
        let [Val::Result(Err(Some(error)))] = results else { return false };
        matches!(&**error, Val::Variant(case, None) if case == "outbox-full")
    }

    /// The ending that it reports, if it reports one.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let outcome = self.function.ends?;
        let text = |argument| match self.arguments.get(argument) {
            Some(Val::Option(Some(value))) => match &**value {
                Val::String(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        };
        Some(Ending { outcome, message: text(1), data: text(2) })
    }

    /// How long it waits, if it says so itself.
    pub(crate) fn wait(&self) -> Duration {
        match self.arguments.get(1) {
            Some(Val::U32(milliseconds)) => Duration::from_millis((*milliseconds).into()),
            _ => Duration::ZERO,
        }
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
                        let waits = match &*name {
                            _ if ends.is_some() => Some(Waits::Ending),
                            FLUSH => Some(Waits::Flush),
                            ADVANCE => Some(Waits::Advance),
                            _ => None,
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

    /// The types of an instance's resources, in this order.
    pub(crate) fn resource_types(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> wasmtime::Result<Vec<ResourceType>> {
        let missing = |name: &str| format_err!("the process component does not export the resource {name}");
        let resources = self.resources.iter();
        resources
            .map(|(export, _, name)| instance.get_resource(&mut store, export).ok_or_else(|| missing(name)))
            .collect()
    }

    /// What a call that has waited ends with, and what makes that call's result of its result.
    pub(crate) fn after_waiting(&self, asked: &Asked) -> Option<(Asked, Wrap)> {
        let as_it_is: Wrap = |results| results;
        let (name, wrap) = match asked.function.waits? {
            Waits::Ending => (FLUSH, as_ending as Wrap),
            Waits::Flush => (FLUSH, as_it_is),
            Waits::Advance => (ADVANCE, as_it_is),
        };
        let function = Arc::clone(self.functions.iter().find(|function| function.name == name)?);
        let run = asked.arguments.first()?.clone();
        let arguments = if name == ADVANCE { vec![run, Val::U32(0)] } else { vec![run] };
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

/// What a value takes, about: its texts, and a word for each of its parts, so that a long list of nothing is long, too.
pub(crate) fn bytes(value: &Val) -> usize {
    const WORD: usize = size_of::<Val>();
    WORD + match value {
        Val::String(text) => text.len(),
        Val::List(values) | Val::Tuple(values) => values.iter().map(bytes).sum(),
        Val::Record(fields) => fields.iter().map(|(_, value)| bytes(value)).sum(),
        Val::Variant(_, Some(value)) | Val::Option(Some(value)) => bytes(value),
        _ => 0,
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
        assert_eq!((found(FLUSH).waits, found(ADVANCE).waits), (Some(Waits::Flush), Some(Waits::Advance)));
        assert!(found("[static]reporter.webhook").makes_reporters());
        assert_eq!(contract.functions.iter().filter(|function| function.name.contains("[static]")).count(), 4);
        for report in ["start", "progress", "complete-stage", "fail-stage", "set-output", "send-log", "open-log"] {
            assert!(found(&format!("[method]process.{report}")).is_fallible, "{report}");
        }
        assert!(found("[method]log.write").is_fallible);
        let [Type::Result(key)] = &found(ENDING_KEY).result_types[..] else { panic!("{ENDING_KEY}") };
        assert_eq!((key.ok(), key.err()), (None, Some(Type::String)));
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
        assert!(bytes(&pairs) > 100_000 * 2 * size_of::<Val>());
    }
}

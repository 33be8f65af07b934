//! The graph of `task.wac` and `command.wac`, node for node.

use std::error::Error;
use std::fmt::Display;

use wac_graph::types::{ItemKind, Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, Processor};

use crate::fit::{GUARD, Kind, LIFECYCLE, RUN, Shape, TASK};
use crate::{Components, ComposeError};

/// A component's place in the graph.
#[derive(Clone, Copy)]
struct Place {
    package: &'static str,
    /// As the WAC calls it.
    name: &'static str,
    /// Whether it is the user's program, so that an error there is the user's to mend.
    is_users: bool,
}

const PROCESS: Place = Place { package: "orchestra:process-component", name: "process", is_users: false };
const GUARD_PLACE: Place = Place { package: "orchestra:guard", name: "guard", is_users: false };
const RUNNER: Place = Place { package: "orchestra:runner", name: "runner", is_users: false };
const WRAPPER: Place = Place { package: "orchestra:wrapper", name: "wrapper", is_users: false };
const USER_TASK: Place = Place { package: "user:task", name: "task", is_users: true };
const USER_COMMAND: Place = Place { package: "user:command", name: "command", is_users: true };

#[derive(Default)]
struct Graph(CompositionGraph);

pub fn compose(components: &Components, program: &[u8], shape: &Shape, kind: Kind) -> Result<Vec<u8>, ComposeError> {
    let (user, entry_point, runner, runner_bytes) = match kind {
        Kind::Task => (USER_TASK, TASK, RUNNER, &components.runner),
        Kind::Command => (USER_COMMAND, RUN, WRAPPER, &components.wrapper),
    };
    let export = shape.export(entry_point).ok_or(ComposeError::NothingToRun)?;

    let mut graph = Graph::default();
    let process = graph.instantiate(PROCESS, &components.process, &[], &[])?;
    let guard = graph.instantiate(GUARD_PLACE, &components.guard, &[], &[process])?;
    // The guard's environment and exit, in whatever patch version they are imported.
    let user = graph.instantiate(user, program, &[], &[process, guard])?;
    // By name, so that nothing else of what a program exports comes between the runner and the host.
    let named = [(LIFECYCLE, process, LIFECYCLE), (GUARD, guard, GUARD), (entry_point, user, export)];
    let instance = graph.instantiate(runner, runner_bytes, &named, &[])?;
    graph.export_all(runner, instance)?;
    let composed = graph.encode()?;

    let left = Shape::of(&composed)?.imports.into_iter().filter(|import| !import.starts_with("wasi:"));
    match left.collect::<Vec<_>>() {
        left if left.is_empty() => Ok(composed),
        left => Err(ComposeError::Unsatisfied(left)),
    }
}

impl Graph {
    /// `named` has an import's name, and the instance and the export that satisfy it; `spread` satisfies whatever else is
    /// imported here and exported by these instances, the first first.
    fn instantiate(
        &mut self,
        place: Place,
        bytes: &[u8],
        named: &[(&str, NodeId, &str)],
        spread: &[NodeId],
    ) -> Result<NodeId, ComposeError> {
        let package = Package::from_bytes(place.package, None, bytes, self.0.types_mut());
        let package = package.map_err(|error| place.at_fault(format!("{error:#}")))?;
        let imports: Vec<String> = self.0.types()[package.ty()].imports.keys().cloned().collect();
        let package = self.0.register_package(package).map_err(|error| place.at_fault(error))?;

        let mut arguments = Vec::new();
        for (import, instance, export) in named {
            arguments.push(((*import).to_string(), self.alias(place, *instance, export)?));
        }
        for instance in spread {
            for import in &imports {
                if arguments.iter().all(|(name, _)| name != import)
                    && let Some(export) = self.matching_export(*instance, import)
                {
                    arguments.push((import.clone(), self.alias(place, *instance, &export)?));
                }
            }
        }

        let node = self.0.instantiate(package);
        self.0.set_node_name(node, place.name);
        for (import, argument) in arguments {
            self.0.set_instantiation_argument(node, &import, argument).map_err(|error| {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                // The other end of an entry point is the user's.
                match place.is_users || [TASK, RUN].contains(&import.as_str()) {
                    true => ComposeError::Mismatch { name: import.clone(), why },
                    false => place.at_fault(format!("{import}: {why}")),
                }
            })?;
        }
        Ok(node)
    }

    /// The name itself, or another patch version of it.
    fn matching_export(&self, instance: NodeId, import: &str) -> Option<String> {
        let exports = self.exports(instance);
        let exact = exports.iter().find(|export| *export == import);
        exact.or_else(|| exports.iter().find(|export| are_semver_compatible(export, import))).cloned()
    }

    fn exports(&self, instance: NodeId) -> Vec<String> {
        match self.0[instance].item_kind() {
            ItemKind::Instance(id) => self.0.types()[id].exports.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn alias(&mut self, place: Place, instance: NodeId, export: &str) -> Result<NodeId, ComposeError> {
        self.0.alias_instance_export(instance, export).map_err(|error| place.at_fault(error))
    }

    fn export_all(&mut self, place: Place, instance: NodeId) -> Result<(), ComposeError> {
        for export in self.exports(instance) {
            let alias = self.alias(place, instance, &export)?;
            self.0.export(alias, &export).map_err(|error| place.at_fault(error))?;
        }
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, ComposeError> {
        let processor = Some(Processor { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") });
        let options = EncodeOptions { processor, ..EncodeOptions::default() };
        self.0.encode(options).map_err(|error| {
            let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            ComposeError::Invalid(format!("{error}{why}"))
        })
    }
}

impl Place {
    fn at_fault(self, why: impl Display) -> ComposeError {
        match self.is_users {
            true => ComposeError::Invalid(why.to_string()),
            false => ComposeError::Component { component: self.name, why: why.to_string() },
        }
    }
}

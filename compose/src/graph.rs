//! The graph of `task.wac` and `command.wac`, node for node.

use std::fmt::Display;

use wac_graph::types::{Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, Processor};

use crate::fit::{GUARD, Kind, LIFECYCLE, RUN, Shape, TASK};
use crate::{Components, ComposeError};

/// Whose component is at fault.
#[derive(Clone, Copy)]
enum Owner {
    Ours(&'static str),
    User,
}

/// A component's arguments: the aliased exports of others, by the name of the import.
type Arguments = Vec<(String, NodeId)>;

#[derive(Default)]
struct Graph(CompositionGraph);

pub fn compose(components: &Components, program: &[u8], shape: &Shape, kind: Kind) -> Result<Vec<u8>, ComposeError> {
    let (user, entry_point, runner, runner_bytes) = match kind {
        Kind::Task => ("task", TASK, "runner", &components.runner),
        Kind::Command => ("command", RUN, "wrapper", &components.wrapper),
    };
    let export = shape.export(entry_point).ok_or(ComposeError::NothingToRun)?;

    let mut graph = Graph::default();
    let process =
        graph.instantiate(Owner::Ours("process"), "orchestra:process-component", &components.process, &[], &[])?;
    let guard = graph.instantiate(Owner::Ours("guard"), "orchestra:guard", &components.guard, &[], &[process])?;
    // The guard's environment and exit, in whatever patch version they are imported.
    let user = graph.instantiate(Owner::User, &format!("user:{user}"), program, &[], &[process, guard])?;
    // By name, so that nothing else of what a program exports comes between the runner and the host.
    let named = [(LIFECYCLE, process, LIFECYCLE), (GUARD, guard, GUARD), (entry_point, user, export)];
    let runner = graph.instantiate(Owner::Ours(runner), &format!("orchestra:{runner}"), runner_bytes, &named, &[])?;
    graph.export_all(Owner::Ours("runner"), runner)?;
    let composed = graph.encode()?;

    let left = Shape::of(&composed)?.imports.into_iter().filter(|import| !import.starts_with("wasi:"));
    match left.collect::<Vec<_>>() {
        left if left.is_empty() => Ok(composed),
        left => Err(ComposeError::Unsatisfied(left)),
    }
}

impl Graph {
    /// An instance named after its package. `named` has the import's name, and the instance and export that satisfy it;
    /// `spread` satisfies whatever else is imported and exported by these instances, the first first.
    fn instantiate(
        &mut self,
        owner: Owner,
        package: &str,
        bytes: &[u8],
        named: &[(&str, NodeId, &str)],
        spread: &[NodeId],
    ) -> Result<NodeId, ComposeError> {
        let types = self.0.types_mut();
        let parsed = Package::from_bytes(package, None, bytes, types).map_err(|error| match owner {
            Owner::User => ComposeError::Invalid(format!("{error:#}")),
            Owner::Ours(_) => owner.at_fault(format!("{error:#}")),
        })?;
        let imports: Vec<String> = self.0.types()[parsed.ty()].imports.keys().cloned().collect();
        let id = self.0.register_package(parsed).map_err(|error| owner.at_fault(error))?;

        let mut arguments = Arguments::new();
        for (import, instance, export) in named {
            arguments.push(((*import).to_string(), self.alias(owner, *instance, export)?));
        }
        for instance in spread {
            for import in &imports {
                if arguments.iter().all(|(name, _)| name != import)
                    && let Some(export) = self.matching_export(*instance, import)
                {
                    arguments.push((import.clone(), self.alias(owner, *instance, &export)?));
                }
            }
        }
        let node = self.0.instantiate(id);
        self.0.set_node_name(node, package.rsplit(':').next().unwrap_or(package));
        for (import, argument) in arguments {
            self.0.set_instantiation_argument(node, &import, argument).map_err(|error| {
                let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                match owner {
                    Owner::User => ComposeError::Mismatch { name: import.clone(), why },
                    Owner::Ours(_) => owner.at_fault(format!("{import}: {why}")),
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
            wac_graph::types::ItemKind::Instance(id) => self.0.types()[id].exports.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn alias(&mut self, owner: Owner, instance: NodeId, export: &str) -> Result<NodeId, ComposeError> {
        self.0.alias_instance_export(instance, export).map_err(|error| owner.at_fault(error))
    }

    fn export_all(&mut self, owner: Owner, instance: NodeId) -> Result<(), ComposeError> {
        for export in self.exports(instance) {
            let alias = self.alias(owner, instance, &export)?;
            self.0.export(alias, &export).map_err(|error| owner.at_fault(error))?;
        }
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, ComposeError> {
        let processor = Some(Processor { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") });
        let options = EncodeOptions { processor, ..EncodeOptions::default() };
        self.0.encode(options).map_err(|error| {
            let why = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            ComposeError::Invalid(format!("{error}{why}"))
        })
    }
}

impl Owner {
    fn at_fault(self, why: impl Display) -> ComposeError {
        match self {
            Self::Ours(component) => ComposeError::Component { component, why: why.to_string() },
            Self::User => ComposeError::Invalid(why.to_string()),
        }
    }
}

//! Every item is documented, and says since when it is there.

use std::collections::HashMap;

use wit_parser::{
    AstItem, Docs, Function, InterfaceId, SourceMap, Span, Stability, Type, TypeDef, TypeDefKind, UnresolvedPackage,
    WorldItem, WorldKey,
};

use crate::contract::Contract;
use crate::finding::Finding;
use crate::signature::function_name;

/// Every item of the contract that has no documentation, or neither `@since` nor `@unstable`, in the order of the text.
///
/// Fields and cases can have no gate of their own, `use` and `include` no documentation: that is WIT's grammar.
pub fn ungated(contract: &Contract) -> Vec<Finding> {
    let package = &contract.written.main;
    let sources = &contract.written.source_map;
    let mut search = Search { package, foreign: foreign_interfaces(package), sources, findings: Vec::new() };
    for (id, interface) in package.interfaces.iter() {
        if let (Some(name), false) = (&interface.name, search.foreign.contains_key(&id)) {
            search.interface(id, name);
        }
    }
    for (_, world) in package.worlds.iter() {
        search.documented(&format!("world `{}`", world.name), &world.docs, world.span);
        search.gated(&format!("world `{}`", world.name), &world.stability, world.span);
        for include in &world.includes {
            search.gated(&format!("include in world `{}`", world.name), &include.stability, include.span);
        }
        for (direction, items) in [("import", &world.imports), ("export", &world.exports)] {
            for (key, item) in items {
                search.world_item(&world.name, direction, key, item);
            }
        }
    }
    search.findings.sort();
    search.findings
}

/// The names of what the package takes from others. It is parsed as if it were the package's own, without a name.
fn foreign_interfaces(package: &UnresolvedPackage) -> HashMap<InterfaceId, String> {
    let mut names = HashMap::new();
    for (package, items) in &package.foreign_deps {
        for (name, (item, _)) in items {
            if let AstItem::Interface(id) = item {
                names.insert(*id, format!("{}:{}/{name}", package.namespace, package.name));
            }
        }
    }
    names
}

struct Search<'a> {
    package: &'a UnresolvedPackage,
    foreign: HashMap<InterfaceId, String>,
    sources: &'a SourceMap,
    findings: Vec<Finding>,
}

impl Search<'_> {
    fn interface(&mut self, id: InterfaceId, name: &str) {
        let interface = &self.package.interfaces[id];
        self.documented(&format!("interface `{name}`"), &interface.docs, interface.span);
        self.gated(&format!("interface `{name}`"), &interface.stability, interface.span);
        for id in interface.types.values() {
            self.type_def(name, &self.package.types[*id]);
        }
        for function in interface.functions.values() {
            self.function(name, function);
        }
    }

    fn type_def(&mut self, owner: &str, def: &TypeDef) {
        let name = format!("{owner}.{}", def.name.as_deref().unwrap_or_default());
        let what =
            if self.is_use(def) { format!("use of `{name}`") } else { format!("{} `{name}`", def.kind.as_str()) };
        self.gated(&what, &def.stability, def.span);
        if self.is_use(def) {
            return;
        }
        self.documented(&what, &def.docs, def.span);
        let parts: Vec<(&str, &str, &Docs, Span)> = match &def.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|field| ("field", &*field.name, &field.docs, field.span)).collect()
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().map(|case| ("case", &*case.name, &case.docs, case.span)).collect()
            }
            TypeDefKind::Enum(cases) => {
                cases.cases.iter().map(|case| ("case", &*case.name, &case.docs, case.span)).collect()
            }
            TypeDefKind::Flags(flags) => {
                flags.flags.iter().map(|flag| ("flag", &*flag.name, &flag.docs, flag.span)).collect()
            }
            _ => Vec::new(),
        };
        for (kind, part, docs, span) in parts {
            self.documented(&format!("{kind} `{name}.{part}`"), docs, span);
        }
    }

    /// A `use` is an alias of a type that another interface owns.
    fn is_use(&self, def: &TypeDef) -> bool {
        matches!(def.kind, TypeDefKind::Type(Type::Id(id)) if self.package.types[id].owner != def.owner)
    }

    fn function(&mut self, owner: &str, function: &Function) {
        let what = format!("function `{owner}.{}`", function_name(&self.package.types, function));
        self.documented(&what, &function.docs, function.span);
        self.gated(&what, &function.stability, function.span);
    }

    fn world_item(&mut self, world: &str, direction: &str, key: &WorldKey, item: &WorldItem) {
        match item {
            WorldItem::Interface { id, stability, docs, span, .. } => {
                let Some(name) = self.foreign.get(id).or(self.package.interfaces[*id].name.as_ref()) else {
                    // It is written into the world, and has its documentation and its gate itself.
                    let WorldKey::Name(name) = key else { return };
                    return self.interface(*id, name);
                };
                let name = if let WorldKey::Name(name) = key { name } else { name };
                let what = format!("{direction} `{name}` of world `{world}`");
                self.documented(&what, docs, *span);
                self.gated(&what, stability, *span);
            }
            WorldItem::Function(function) => self.function(world, function),
            WorldItem::Type { id, .. } => self.type_def(world, &self.package.types[*id]),
        }
    }

    fn documented(&mut self, what: &str, docs: &Docs, span: Span) {
        if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
            self.find(span, format!("{what} is not documented: write a `///` comment above it"));
        }
    }

    fn gated(&mut self, what: &str, stability: &Stability, span: Span) {
        if stability.is_unknown() {
            self.find(span, format!("{what} is not gated: write `@since(version = …)` or `@unstable(feature = …)`"));
        }
    }

    fn find(&mut self, span: Span, what: String) {
        self.findings.push(Finding::at(self.sources, span, what));
    }
}

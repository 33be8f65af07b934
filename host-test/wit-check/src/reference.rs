//! The contract as one page of Markdown: `docs/wit.md`.

use std::fmt::Write as _;

use wit_parser::{
    Docs, Function, Handle, InterfaceId, PackageId, Resolve, Stability, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
    World, WorldItem, WorldKey,
};

use crate::contract::Contract;
use crate::signature::{definition, function, function_name, type_name};

/// The page: every interface in the order in which one uses another, then every world.
pub fn reference(contract: &Contract) -> String {
    let package = contract.whole.package();
    let mut interfaces: Vec<_> = package.interfaces.values().copied().collect();
    interfaces.sort();
    let mut page = Page { resolve: &contract.whole.resolve, package: contract.whole.id, text: String::new() };
    page.line("<!-- Made from wit/*.wit by `make docs`. Change those, not this. -->");
    page.line(&format!("# The contract: `{}`", package.name));
    page.docs(&package.docs);
    page.contents(&interfaces, package.worlds.values().map(|id| &page.resolve.worlds[*id]).collect());
    for id in interfaces {
        page.interface(id, page.resolve.interfaces[id].name.as_deref().unwrap_or_default());
    }
    for id in package.worlds.values() {
        page.world(&page.resolve.worlds[*id]);
    }
    page.text
}

struct Page<'a> {
    resolve: &'a Resolve,
    package: PackageId,
    text: String,
}

impl<'a> Page<'a> {
    /// A paragraph, or a block of one line.
    fn line(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn docs(&mut self, docs: &Docs) {
        if let Some(text) = &docs.contents {
            self.line(text);
        }
    }

    fn heading(&mut self, level: usize, anchor: &str, title: &str) {
        self.line(&format!("{} <a id=\"{anchor}\"></a>{title}", "#".repeat(level)));
    }

    fn code(&mut self, code: &str) {
        self.line(&format!("```wit\n{code}\n```"));
    }

    /// Says since when, unless what it belongs to says it already.
    fn stability(&mut self, stability: &Stability, outer: &Stability) {
        match stability {
            Stability::Stable { since, deprecated } if stability != outer => {
                let deprecated = deprecated.as_ref().map(|version| format!(", deprecated since {version}"));
                self.line(&format!("Since {since}{}.", deprecated.unwrap_or_default()));
            }
            Stability::Unstable { feature, .. } if stability != outer => {
                self.line(&format!("Unstable: it may change or go, and needs the feature `{feature}`."));
            }
            _ => {}
        }
    }

    fn contents(&mut self, interfaces: &[InterfaceId], worlds: Vec<&'a World>) {
        let mut text = String::new();
        for id in interfaces {
            let interface = &self.resolve.interfaces[*id];
            let name = interface.name.as_deref().unwrap_or_default();
            let _ = writeln!(text, "- [interface `{name}`](#{name}): {}", first_sentence(&interface.docs));
            let mut links = Vec::new();
            for (ty, def) in interface.types.iter().map(|(ty, id)| (ty, &self.resolve.types[*id])) {
                if used_from(self.resolve, def).is_none() {
                    links.push(format!("[`{ty}`](#{name}.{ty})"));
                }
            }
            for of in interface.functions.values().filter(|of| of.kind.resource().is_none()) {
                links.push(format!("[`{}`](#{name}.{})", of.item_name(), of.item_name()));
            }
            let _ = writeln!(text, "  {}", links.join(", "));
        }
        for world in worlds {
            let _ = writeln!(text, "- [world `{0}`](#{0}): {1}", world.name, first_sentence(&world.docs));
        }
        self.line(&text);
    }

    fn interface(&mut self, id: InterfaceId, name: &str) {
        let interface = &self.resolve.interfaces[id];
        self.heading(2, name, &format!("interface `{name}`"));
        self.stability(&interface.stability, &Stability::Unknown);
        self.docs(&interface.docs);
        let uses = interface.types.values().filter_map(|id| used_from(self.resolve, &self.resolve.types[*id]));
        let uses: Vec<_> = uses.map(|(owner, of)| format!("[`{owner}.{of}`](#{owner}.{of})")).collect();
        if !uses.is_empty() {
            self.line(&format!("It uses {}.", uses.join(", ")));
        }
        for (ty, id) in &interface.types {
            let def = &self.resolve.types[*id];
            if used_from(self.resolve, def).is_none() {
                self.type_def(name, ty, *id, &interface.stability);
                for of in interface.functions.values().filter(|of| of.kind.resource() == Some(*id)) {
                    self.function(name, of, &def.stability);
                }
            }
        }
        for of in interface.functions.values().filter(|of| of.kind.resource().is_none()) {
            self.function(name, of, &interface.stability);
        }
    }

    fn type_def(&mut self, owner: &str, name: &str, id: TypeId, outer: &Stability) {
        let def = &self.resolve.types[id];
        self.heading(3, &format!("{owner}.{name}"), &format!("{} `{name}`", def.kind.as_str()));
        let parts: Vec<(String, &Docs)> = match &def.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                fields.map(|of| (format!("`{}: {}`", of.name, type_name(self.resolve, &of.ty)), &of.docs)).collect()
            }
            TypeDefKind::Variant(variant) => {
                let payload = |ty| format!("({})", type_name(self.resolve, &ty));
                let payload = |ty: Option<Type>| ty.map(payload).unwrap_or_default();
                variant.cases.iter().map(|of| (format!("`{}{}`", of.name, payload(of.ty)), &of.docs)).collect()
            }
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|of| (format!("`{}`", of.name), &of.docs)).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|of| (format!("`{}`", of.name), &of.docs)).collect(),
            _ => Vec::new(),
        };
        if parts.is_empty() && !matches!(def.kind, TypeDefKind::Resource) {
            self.code(&format!("{};", definition(self.resolve, id)));
        }
        self.stability(&def.stability, outer);
        self.docs(&def.docs);
        let list: Vec<_> = parts.into_iter().map(|(part, docs)| item(&part, docs)).collect();
        if !list.is_empty() {
            self.line(&list.join("\n"));
        }
    }

    fn function(&mut self, owner: &str, of: &Function, outer: &Stability) {
        let name = function_name(&self.resolve.types, of);
        let level = if of.kind.resource().is_some() { 4 } else { 3 };
        self.heading(level, &format!("{owner}.{name}"), &format!("`{name}`"));
        self.code(&format!("{};", function(self.resolve, of)));
        self.stability(&of.stability, outer);
        self.docs(&of.docs);
        if let Some((owner, name)) = error_of(self.resolve, of) {
            self.line(&format!("Errors: [`{name}`](#{owner}.{name})."));
        }
    }

    fn world(&mut self, world: &World) {
        self.heading(2, &world.name, &format!("world `{}`", world.name));
        self.stability(&world.stability, &Stability::Unknown);
        self.docs(&world.docs);
        for (title, items) in [("Imports", &world.imports), ("Exports", &world.exports)] {
            let list: Vec<_> = items.iter().map(|(key, of)| self.world_item(key, of)).collect();
            if !list.is_empty() {
                self.line(&format!("{title}:"));
                self.line(&list.join("\n"));
            }
        }
        for (key, of) in world.imports.iter().chain(&world.exports) {
            if let (WorldKey::Name(name), WorldItem::Interface { id, .. }) = (key, of)
                && self.resolve.interfaces[*id].name.is_none()
            {
                self.interface(*id, &format!("{}.{name}", world.name));
            }
        }
    }

    fn world_item(&self, key: &WorldKey, of: &WorldItem) -> String {
        let none = Docs::default();
        match (key, of) {
            (WorldKey::Interface(id), WorldItem::Interface { docs, .. }) => {
                let interface = &self.resolve.interfaces[*id];
                let name = interface.name.as_deref().unwrap_or_default();
                let is_own = interface.package == Some(self.package);
                let id = self.resolve.id_of(*id).unwrap_or_default();
                item(&if is_own { format!("[`{name}`](#{name})") } else { format!("`{id}`") }, docs)
            }
            (_, WorldItem::Function(of)) => item(&format!("`{}`", function(self.resolve, of)), &of.docs),
            (WorldKey::Name(name), WorldItem::Interface { docs, .. }) => item(&format!("`{name}`"), docs),
            (_, WorldItem::Type { id, .. }) => item(&format!("`{}`", definition(self.resolve, *id)), &none),
        }
    }
}

/// An item of a list, with its documentation behind it.
fn item(name: &str, docs: &Docs) -> String {
    match &docs.contents {
        None => format!("- {name}"),
        Some(text) => format!("- {name}: {}", text.replace('\n', "\n  ").replace("\n  \n", "\n\n")),
    }
}

/// Up to the first full stop that ends a sentence, on one line.
fn first_sentence(docs: &Docs) -> String {
    let text = docs.contents.as_deref().unwrap_or_default();
    let paragraph = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

/// The interface and the name that a `use` brought here.
fn used_from<'a>(resolve: &'a Resolve, def: &TypeDef) -> Option<(&'a str, &'a str)> {
    let TypeDefKind::Type(Type::Id(id)) = def.kind else { return None };
    if resolve.types[id].owner == def.owner {
        return None;
    }
    origin(resolve, id)
}

/// The definition of a named type, through every `use`.
fn origin(resolve: &Resolve, id: TypeId) -> Option<(&str, &str)> {
    let def = &resolve.types[id];
    if let Some(origin) = used_from(resolve, def) {
        return Some(origin);
    }
    match def.owner {
        TypeOwner::Interface(id) => Some((resolve.interfaces[id].name.as_deref()?, def.name.as_deref()?)),
        TypeOwner::World(_) | TypeOwner::None => None,
    }
}

/// The definition of a function's error type, if it has one that has a name.
fn error_of<'a>(resolve: &'a Resolve, of: &Function) -> Option<(&'a str, &'a str)> {
    let Some(Type::Id(id)) = of.result else { return None };
    let TypeDefKind::Result(result) = &resolve.types[id].kind else { return None };
    let Some(Type::Id(error)) = result.err else { return None };
    match resolve.types[error].kind {
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => origin(resolve, id),
        _ => origin(resolve, error),
    }
}

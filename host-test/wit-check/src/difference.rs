//! Two versions of a package, item by item.

use std::collections::BTreeSet;

use wit_parser::{Interface, InterfaceId, PackageId, Resolve, Span, Stability, WorldId, WorldItem, WorldKey};

use crate::contract::Contract;
use crate::finding::Finding;
use crate::signature::{definition, function, function_name};

/// A contract and the released one, in one graph.
pub struct Pair {
    pub resolve: Resolve,
    pub old: PackageId,
    pub new: PackageId,
}

/// The name of an item, where it is, since when, and its text.
struct Item<'a> {
    name: String,
    span: Span,
    stability: &'a Stability,
    text: String,
}

impl Pair {
    /// The error says which of their dependencies differ.
    pub fn of(contract: &Contract, released: &Contract) -> Result<Self, String> {
        let mut new = contract.stable.clone();
        let mut old = released.stable.clone();
        // Both may be called alike. Versions play no part in what is compared from here on.
        let name = &mut old.resolve.packages[old.id].name;
        old.resolve.package_names.shift_remove(name);
        name.version = None;
        old.resolve.package_names.insert(name.clone(), old.id);
        let map = new.resolve.merge(old.resolve).map_err(|error| format!("{error:#}"))?;
        Ok(Self { resolve: new.resolve, old: map.packages[old.id.index()], new: new.id })
    }

    /// Every released world, and what has become of it.
    pub fn worlds(&self) -> impl Iterator<Item = (&String, WorldId, Option<WorldId>)> {
        let new = &self.resolve.packages[self.new].worlds;
        self.resolve.packages[self.old].worlds.iter().map(|(name, old)| (name, *old, new.get(name).copied()))
    }

    /// Every released interface, and what has become of it.
    pub fn interfaces(&self) -> impl Iterator<Item = (String, InterfaceId, Option<InterfaceId>)> {
        let new = &self.resolve.packages[self.new].interfaces;
        self.resolve.packages[self.old]
            .interfaces
            .iter()
            .map(|(name, old)| (name.clone(), *old, new.get(name).copied()))
    }

    /// The name of an import or export, without its version.
    pub fn key(&self, key: &WorldKey) -> String {
        match key {
            WorldKey::Name(name) => name.clone(),
            WorldKey::Interface(id) => {
                let Interface { name, package, .. } = &self.resolve.interfaces[*id];
                let name = name.as_deref().unwrap_or_default();
                match package {
                    Some(package) if [self.old, self.new].contains(package) => name.to_owned(),
                    Some(package) => {
                        let package = &self.resolve.packages[*package].name;
                        format!("{}:{}/{name}", package.namespace, package.name)
                    }
                    None => name.to_owned(),
                }
            }
        }
    }

    pub fn at(&self, span: Span, what: String) -> Finding {
        Finding::at(&self.resolve.source_map, span, what)
    }

    pub fn gone(&self, span: Span, what: &str) -> Finding {
        self.at(span, format!("{what} was released and is not there any more"))
    }

    /// The place of something that is not in the contract any more.
    pub fn start(&self) -> Span {
        let package = &self.resolve.packages[self.new];
        let interfaces = package.interfaces.values().map(|id| self.resolve.interfaces[*id].span);
        let worlds = package.worlds.values().map(|id| self.resolve.worlds[*id].span);
        interfaces.chain(worlds).min_by_key(Span::start).unwrap_or_default()
    }

    /// What was not released, and says that it was.
    pub fn newer_than_gated(&self, released: &semver::Version) -> BTreeSet<Finding> {
        let old: BTreeSet<_> = self.items(self.old).into_iter().map(|item| item.name).collect();
        let new = self.items(self.new).into_iter().filter(|item| !old.contains(&item.name));
        let mut findings = BTreeSet::new();
        for Item { name, span, stability, .. } in new {
            if let Stability::Stable { since, .. } = stability
                && since <= released
            {
                let what = format!("`{name}` is not in the released contract, {released}, and is gated with {since}");
                findings.insert(self.at(span, format!("{what}: raise its version, and the package's")));
            }
        }
        findings
    }

    fn items(&self, package: PackageId) -> Vec<Item<'_>> {
        let package = &self.resolve.packages[package];
        let mut items = Vec::new();
        for (name, id) in &package.interfaces {
            let Interface { stability, span, .. } = &self.resolve.interfaces[*id];
            items.push(Item { name: name.clone(), span: *span, stability, text: String::new() });
            items.extend(self.items_of(*id));
        }
        for (name, id) in &package.worlds {
            let world = &self.resolve.worlds[*id];
            let (span, stability) = (world.span, &world.stability);
            items.push(Item { name: name.clone(), span, stability, text: String::new() });
        }
        items
    }

    fn items_of(&self, interface: InterfaceId) -> Vec<Item<'_>> {
        let interface = &self.resolve.interfaces[interface];
        let owner = interface.name.as_deref().unwrap_or("inline");
        let types = interface.types.iter().map(|(name, id)| {
            let def = &self.resolve.types[*id];
            let (name, text) = (format!("{owner}.{name}"), definition(&self.resolve, *id));
            Item { name, span: def.span, stability: &def.stability, text }
        });
        let functions = interface.functions.values().map(|of| {
            let name = format!("{owner}.{}", function_name(&self.resolve.types, of));
            Item { name, span: of.span, stability: &of.stability, text: function(&self.resolve, of) }
        });
        types.chain(functions).collect()
    }

    /// What may be why a component that was built for the old world does not go into the new one: something that it imports
    /// is gone or another, something that it is to export is new or another.
    pub fn differences(&self, old: WorldId, new: WorldId) -> BTreeSet<Finding> {
        let (old, new) = (&self.resolve.worlds[old], &self.resolve.worlds[new]);
        let mut findings = BTreeSet::new();
        for (key, was) in &old.imports {
            let name = self.key(key);
            match new.imports.iter().find(|(key, _)| self.key(key) == name) {
                Some((_, is)) => self.compare(was, is, false, &mut findings),
                None => {
                    findings.extend([self.gone(new.span, &format!("the import of `{name}` by world `{}`", new.name))])
                }
            }
        }
        for (key, is) in &new.exports {
            let name = self.key(key);
            match old.exports.iter().find(|(key, _)| self.key(key) == name) {
                Some((_, was)) => self.compare(was, is, true, &mut findings),
                None => {
                    let what =
                        format!("the export of `{name}` by world `{}` is not in the released contract", new.name);
                    findings.insert(self.at(is.span(), format!("{what}: components that were built for it lack it")));
                }
            }
        }
        findings
    }

    fn compare(&self, was: &WorldItem, is: &WorldItem, exported: bool, findings: &mut BTreeSet<Finding>) {
        let (old, new) = match (was, is) {
            (WorldItem::Interface { id: old, .. }, WorldItem::Interface { id: new, .. }) => (*old, *new),
            (WorldItem::Function(old), WorldItem::Function(new)) => {
                let (old, text) = (function(&self.resolve, old), function(&self.resolve, new));
                if old != text {
                    findings.insert(self.changed(new.span, &new.name, &old, &text));
                }
                return;
            }
            _ => return,
        };
        let (released, now) = (self.items_of(old), self.items_of(new));
        for old in &released {
            match now.iter().find(|new| new.name == old.name) {
                Some(new) if new.text == old.text => {}
                Some(new) => findings.extend([self.changed(new.span, &new.name, &old.text, &new.text)]),
                None if exported => {}
                None => {
                    let span = self.resolve.interfaces[new].span;
                    findings.insert(self.gone(span, &format!("`{}`", old.name)));
                }
            }
        }
        for new in now.iter().filter(|new| exported && !released.iter().any(|old| old.name == new.name)) {
            let what = format!("`{}` is not in the released contract: components that export it lack it", new.name);
            findings.insert(self.at(new.span, what));
        }
    }

    fn changed(&self, span: Span, name: &str, was: &str, is: &str) -> Finding {
        self.at(span, format!("`{name}` was released as `{was}`, and is `{is}`"))
    }
}

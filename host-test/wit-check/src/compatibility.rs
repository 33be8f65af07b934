//! What was built with the released contract works with the one that is to be released.
//!
//! The judge is `wit_component::semver_check`, wasm-tools' own. It says of a whole world that something does not fit; what
//! that is, and where, is found by comparing the two texts item by item.

use std::collections::BTreeSet;

use wit_component::semver_check;
use wit_parser::{Docs, InterfaceId, PackageName, Span, Stability, World, WorldId, WorldItem, WorldKey};

use crate::contract::Contract;
use crate::difference::Pair;
use crate::finding::Finding;

/// What was released and would no longer work, and what is newer than it says, in the order of the text.
///
/// `provided` are the worlds of the components that are published along with the contract: who uses one relies on what it
/// exports, and on its needing nothing more of the host. Any other world is one that others have built components for.
/// What is `@unstable` may change, and so may everything with a version that semver takes for incompatible.
///
/// The error says why the two could not be compared.
pub fn incompatibilities(contract: &Contract, released: &Contract, provided: &[&str]) -> Result<Vec<Finding>, String> {
    let (name, released_name) = (&contract.stable.package().name, &released.stable.package().name);
    let (Some(version), Some(released_version)) = (&name.version, &released_name.version) else {
        return Err(format!("{name}, {released_name}: a contract needs a version"));
    };
    if version < released_version {
        return Err(format!("{name}: raise the version, {released_version} is released already"));
    }
    let mut pair = Pair::of(contract, released)?;
    let mut findings = pair.newer_than_gated(released_version);
    if PackageName::version_compat_track(version) == PackageName::version_compat_track(released_version) {
        findings.extend(of_worlds(&pair, provided));
        findings.extend(of_interfaces(&mut pair, provided));
    }
    Ok(findings.into_iter().collect())
}

fn of_worlds(pair: &Pair, provided: &[&str]) -> BTreeSet<Finding> {
    let mut findings = BTreeSet::new();
    for (name, old, new) in pair.worlds() {
        match new {
            None => findings.extend([pair.gone(pair.start(), &format!("world `{name}`"))]),
            Some(new) if provided.contains(&name.as_str()) => findings.extend(of_provided_world(pair, old, new)),
            Some(new) => findings.extend(judged(pair, old, new)),
        }
    }
    findings
}

/// A component of ours takes the place of the released one.
fn of_provided_world(pair: &Pair, old: WorldId, new: WorldId) -> BTreeSet<Finding> {
    let (old, new) = (&pair.resolve.worlds[old], &pair.resolve.worlds[new]);
    let mut findings = BTreeSet::new();
    for (key, item) in &new.imports {
        let name = pair.key(key);
        // What is imported of this package itself is another component of it.
        let of_host = !matches!(key, WorldKey::Interface(id) if pair.resolve.interfaces[*id].package == Some(pair.new));
        if of_host && !old.imports.keys().any(|key| pair.key(key) == name) {
            let what = format!("the import of `{name}` by world `{}` is not in the released contract", new.name);
            findings
                .insert(pair.at(item.span(), format!("{what}: a host that runs the released component may lack it")));
        }
    }
    for key in old.exports.keys() {
        let name = pair.key(key);
        if !new.exports.keys().any(|key| pair.key(key) == name) {
            findings.insert(pair.gone(new.span, &format!("the export of `{name}` by world `{}`", new.name)));
        }
    }
    findings
}

/// Whoever calls the functions of an interface may go on, unless it is others who implement them: then their world says it.
fn of_interfaces(pair: &mut Pair, provided: &[&str]) -> BTreeSet<Finding> {
    let implemented_by_others: BTreeSet<String> = pair
        .worlds()
        .filter(|(name, ..)| !provided.contains(&name.as_str()))
        .flat_map(|(_, world, _)| pair.resolve.worlds[world].exports.keys().map(|key| pair.key(key)))
        .collect();
    let interfaces: Vec<_> = pair.interfaces().collect();
    let mut findings = BTreeSet::new();
    for (name, old, new) in interfaces {
        let Some(new) = new else {
            findings.insert(pair.gone(pair.start(), &format!("interface `{name}`")));
            continue;
        };
        if !implemented_by_others.contains(&pair.key(&WorldKey::Interface(old))) {
            let (old, new) = (caller_of(pair, old), caller_of(pair, new));
            findings.extend(judged(pair, old, new));
        }
    }
    findings
}

/// A world that imports this interface, and what it uses.
fn caller_of(pair: &mut Pair, interface: InterfaceId) -> WorldId {
    fn import(pair: &Pair, id: InterfaceId, world: &mut World) {
        for used in pair.resolve.interface_direct_deps(id).collect::<Vec<_>>() {
            import(pair, used, world);
        }
        let (stability, docs, span) = (Stability::Unknown, Docs::default(), Span::default());
        world
            .imports
            .insert(WorldKey::Interface(id), WorldItem::Interface { id, stability, external_id: None, docs, span });
    }
    let called = &pair.resolve.interfaces[interface];
    let mut world = World {
        name: "caller".to_owned(),
        imports: Default::default(),
        exports: Default::default(),
        package: called.package,
        docs: Docs::default(),
        stability: Stability::Unknown,
        includes: Vec::new(),
        span: called.span,
    };
    import(pair, interface, &mut world);
    pair.resolve.worlds.alloc(world)
}

/// A component that was built for the old world goes into the new one.
fn judged(pair: &Pair, old: WorldId, new: WorldId) -> BTreeSet<Finding> {
    let Err(error) = semver_check(pair.resolve.clone(), old, new) else {
        return BTreeSet::new();
    };
    let findings = pair.differences(old, new);
    if findings.is_empty() {
        let World { name, span, .. } = &pair.resolve.worlds[new];
        return [pair.at(*span, format!("world `{name}` is not compatible with the released one: {error:#}"))].into();
    }
    findings
}

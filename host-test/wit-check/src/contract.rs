//! A WIT package with its dependencies, as it was written and as it is resolved.

use std::fs;
use std::path::Path;

use wit_parser::{Package, PackageId, Resolve, SourceMap, UnresolvedPackageGroup};

/// A WIT package that was read.
pub struct Contract {
    /// As it was written: a world has only what stands in its braces.
    pub(crate) written: UnresolvedPackageGroup,
    /// With everything that is `@unstable`.
    pub(crate) whole: Resolved,
    /// What is promised to stay: without everything that is `@unstable`.
    pub(crate) stable: Resolved,
}

/// A package in the graph of its dependencies: a world also has what it includes, and what its imports use.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub resolve: Resolve,
    pub id: PackageId,
}

impl Contract {
    /// Reads the package whose `*.wit` files lie in `folder`, and its dependencies: each a folder below `dependencies`.
    ///
    /// The error is a text with the place of the mistake.
    pub fn read(folder: &Path, dependencies: &Path) -> Result<Self, String> {
        let unreadable = |error| format!("{}: {error}", dependencies.display());
        let entries = fs::read_dir(dependencies).map_err(unreadable)?;
        let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        folders.sort();
        let dependencies = folders.iter().map(|folder| read(folder)).collect::<Result<_, _>>()?;
        Self::parse(read(folder)?, dependencies)
    }

    /// Parses a package from texts in memory.
    ///
    /// The error is a text with the place of the mistake.
    pub fn parse(package: SourceMap, dependencies: Vec<SourceMap>) -> Result<Self, String> {
        let parse = |map: SourceMap| map.parse().map_err(|(map, error)| error.render(&map));
        let written = parse(package)?;
        let dependencies = dependencies.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let whole = Resolved::new(true, &written, &dependencies)?;
        let stable = Resolved::new(false, &written, &dependencies)?;
        Ok(Self { written, whole, stable })
    }
}

impl Resolved {
    fn new(
        all_features: bool,
        package: &UnresolvedPackageGroup,
        dependencies: &[UnresolvedPackageGroup],
    ) -> Result<Self, String> {
        let mut resolve = Resolve { all_features, ..Resolve::default() };
        let id = resolve.push_groups(package.clone(), dependencies.to_vec());
        let id = id.map_err(|error| error.render(&resolve.source_map))?;
        Ok(Self { resolve, id })
    }

    pub fn package(&self) -> &Package {
        &self.resolve.packages[self.id]
    }
}

fn read(folder: &Path) -> Result<SourceMap, String> {
    let mut map = SourceMap::new();
    map.push_dir(folder).map_err(|error| format!("{error:#}"))?;
    Ok(map)
}

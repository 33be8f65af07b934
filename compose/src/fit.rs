//! What a program imports and exports, and whether that can be composed.

use wac_graph::types::are_semver_compatible;
use wasmparser::{Parser, Payload};

use crate::ComposeError;

pub const TASK: &str = "orchestra:process/task@0.1.0";
pub const RUN: &str = "wasi:cli/run@0.2.12";
pub const LIFECYCLE: &str = "orchestra:process/lifecycle@0.1.0";
pub const GUARD: &str = "orchestra:process/guard@0.1.0";
const CONTRACT: [&str; 4] = [TASK, LIFECYCLE, "orchestra:process/connections@0.1.0", GUARD];
/// The packages that make up WASI 0.2. The environment of another version would be the host's own, with the API key in it.
const WASI: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];
/// Entry points: a host calls them, and gives none.
const ENTRY_POINTS: [&str; 2] = ["wasi:cli/run", "wasi:http/incoming-handler"];

/// Whether a program is run by the runner or by the wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It exports `orchestra:process/task`.
    Task,
    /// It exports `wasi:cli/run`.
    Command,
}

/// The names of a component's imports and exports.
pub struct Shape {
    /// Such as `wasi:io/poll@0.2.0`.
    pub imports: Vec<String>,
    /// Such as `wasi:cli/run@0.2.0`.
    pub exports: Vec<String>,
}

impl Shape {
    /// Read out of a component's bytes.
    pub fn of(program: &[u8]) -> Result<Self, ComposeError> {
        if Parser::is_core_wasm(program) {
            return Err(ComposeError::CoreModule);
        }
        if !Parser::is_component(program) {
            return Err(ComposeError::NotWebAssembly);
        }
        let invalid = |error: wasmparser::BinaryReaderError| ComposeError::Invalid(error.to_string());
        let mut shape = Self { imports: Vec::new(), exports: Vec::new() };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(program) {
            match payload.map_err(invalid)? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        shape.imports.push(import.map_err(invalid)?.name.name.to_string());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        shape.exports.push(export.map_err(invalid)?.name.name.to_string());
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    /// What to run it with, having looked at everything that it would be composed with.
    pub fn kind(&self) -> Result<Kind, ComposeError> {
        self.imports.iter().try_for_each(|import| check_import(import))?;
        let left: Vec<_> = self.imports.iter().filter(|import| !is_given(import)).cloned().collect();
        if !left.is_empty() {
            return Err(ComposeError::Unsatisfied(left));
        }
        for (entry_point, kind) in [(TASK, Kind::Task), (RUN, Kind::Command)] {
            if self.export(entry_point).is_some() {
                return Ok(kind);
            }
            if let Some(other) = self.exports.iter().find(|export| interface(export) == interface(entry_point)) {
                return Err(ComposeError::OtherVersion { name: other.clone(), expected: entry_point });
            }
        }
        Err(ComposeError::NothingToRun)
    }

    /// The export that is this interface, in whatever version of the same track.
    pub fn export(&self, name: &str) -> Option<&str> {
        self.exports.iter().map(String::as_str).find(|export| are_semver_compatible(export, name))
    }
}

fn check_import(name: &str) -> Result<(), ComposeError> {
    if interface(name) == interface(GUARD) {
        return Err(ComposeError::ImportsGuard);
    }
    let expected = CONTRACT.into_iter().find(|part| interface(part) == interface(name));
    if let Some(expected) = expected.filter(|expected| !are_semver_compatible(name, expected)) {
        return Err(ComposeError::OtherVersion { name: name.to_string(), expected });
    }
    if is_wasi(name)
        && !name.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2.") && !version.contains('-'))
    {
        return Err(ComposeError::OtherVersion { name: name.to_string(), expected: "WASI 0.2" });
    }
    Ok(())
}

/// By the composition, or by any host.
fn is_given(name: &str) -> bool {
    CONTRACT[1..].iter().any(|part| interface(part) == interface(name))
        || is_wasi(name) && !ENTRY_POINTS.contains(&interface(name))
}

fn is_wasi(name: &str) -> bool {
    let package = name.strip_prefix("wasi:").and_then(|rest| rest.split_once('/'));
    package.is_some_and(|(package, _)| WASI.contains(&package))
}

/// A name without its version.
fn interface(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(imports: &[&str], exports: &[&str]) -> Result<Kind, String> {
        let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let shape = Shape { imports: strings(imports), exports: strings(exports) };
        shape.kind().map_err(|error| error.to_string())
    }

    #[test]
    fn a_task_or_a_command_is_told_by_its_export() {
        assert_eq!(kind(&[], &[TASK]), Ok(Kind::Task));
        assert_eq!(kind(&[], &["orchestra:process/task@0.1.7"]), Ok(Kind::Task));
        assert_eq!(kind(&[], &["wasi:cli/run@0.2.0"]), Ok(Kind::Command));
        assert_eq!(kind(&[], &["wasi:cli/run@0.2.0", TASK]), Ok(Kind::Task));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (imports, exports, what) in [
            (&[][..], &["wasi:http/incoming-handler@0.2.0"][..], "neither orchestra:process/task nor wasi:cli/run"),
            (&[], &["orchestra:process/task@0.2.0"], "these components go together with orchestra:process/task@0.1.0"),
            (&[], &["wasi:cli/run@0.3.0"], "it has wasi:cli/run@0.3.0"),
            (&["orchestra:process/lifecycle@0.2.0"], &[TASK], "it has orchestra:process/lifecycle@0.2.0"),
            (&["orchestra:process/guard@0.1.0"], &[TASK], "not for tasks"),
            (&["acme:db/query@1.0.0", "log"], &[TASK], "no WASI host gives: acme:db/query@1.0.0, log;"),
            (&["wasi:cli/run@0.2.0"], &[TASK], "no WASI host gives: wasi:cli/run@0.2.0"),
        ] {
            let error = kind(imports, exports).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }

    /// The guard's exports would not match it, and a host that has that version would show the key.
    #[test]
    fn an_environment_of_another_version_is_refused() {
        for name in ["wasi:cli/environment@0.3.0", "wasi:cli/environment@0.2.0-rc-2023-11-10", "wasi:cli/environment"] {
            assert!(kind(&[name], &[TASK]).unwrap_err().contains("WASI 0.2"), "{name}");
        }
        assert_eq!(kind(&["wasi:cli/environment@0.2.0", "wasi:cli/environment@0.2.3"], &[TASK]), Ok(Kind::Task));
    }

    #[test]
    fn a_text_that_is_not_a_component_is_refused() {
        let error = |program: &[u8]| Shape::of(program).map(|_| ()).unwrap_err();
        assert!(matches!(error(b"fn main() {}"), ComposeError::NotWebAssembly));
        assert!(matches!(error(b""), ComposeError::NotWebAssembly));
        assert!(matches!(error(b"\0asm\x01\0\0\0"), ComposeError::CoreModule));
        assert!(matches!(error(b"\0asm\x0d\0\x01\0\x0b\xff"), ComposeError::Invalid(_)));
    }
}

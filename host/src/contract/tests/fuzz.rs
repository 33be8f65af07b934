//! Components that others have built, and what they pass.

use std::sync::{LazyLock, OnceLock};

use ::fuzz::{Fuzz, Result, Unstructured, component};
use semver::Version;
use wasmtime::component::types::ComponentFunc;

use super::*;
use crate::{Cache, Config, Host, Instances};

static CONTRACT: LazyLock<(Engine, Component, Contract)> = LazyLock::new(|| {
    let engine = Engine::default();
    let process = Component::new(&engine, orchestra_components::PROCESS).unwrap();
    let contract = Contract::of(&engine, &process);
    (engine, process, contract)
});

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        Host::new(&Config { cache: Cache::Off, instances: Instances::OnDemand, ..Config::default() }).unwrap()
    })
}

/// A value as a task may pass it, and how long its texts are.
fn value(input: &mut Unstructured<'_>, depth: usize) -> Result<(Val, usize)> {
    let several = |input: &mut Unstructured<'_>| {
        let values = (0..input.int_in_range(0..=4)?).map(|_| value(input, depth - 1));
        Ok::<(Vec<Val>, Vec<usize>), _>(values.collect::<Result<Vec<_>>>()?.into_iter().unzip())
    };
    let kind = if depth == 0 { input.int_in_range(0..=1)? } else { input.int_in_range(0..=6)? };
    Ok(match kind {
        0 => {
            let text: String = input.arbitrary()?;
            (Val::String(text.clone()), text.len())
        }
        1 => (Val::U64(input.arbitrary()?), 0),
        2 => {
            let (values, lengths) = several(input)?;
            (Val::List(values), lengths.iter().sum())
        }
        3 => {
            let (values, lengths) = several(input)?;
            (Val::Tuple(values), lengths.iter().sum())
        }
        4 => {
            let (values, lengths) = several(input)?;
            (Val::Record(values.into_iter().map(|value| ("a".into(), value)).collect()), lengths.iter().sum())
        }
        5 => {
            let (value, length) = value(input, depth - 1)?;
            (Val::Option(Some(Box::new(value))), length)
        }
        _ => {
            let (value, length) = value(input, depth - 1)?;
            (Val::Variant("a".into(), Some(Box::new(value))), length)
        }
    })
}

#[test]
fn a_value_counts_for_at_least_its_texts() {
    Fuzz::new().values(|input| {
        let (value, length) = value(input, 4)?;
        assert!(bytes(&value) >= length + size_of::<Val>());
        assert!(bytes(&Val::List(vec![value.clone(), value.clone()])) > 2 * bytes(&value));
        Ok(())
    });
}

/// The rule of wasmtime's linker: two versions go together if their first number that is not 0 is the same.
fn go_together(ours: &str, theirs: &str) -> bool {
    let track = |name: &str| {
        let (interface, version) = name.split_once('@')?;
        let Version { major, minor, patch, pre, .. } = Version::parse(version).ok()?;
        let track = [major, if major == 0 { minor } else { 0 }, if major == 0 && minor == 0 { patch } else { 0 }];
        pre.is_empty().then(|| (interface.to_string(), track))
    };
    ours == theirs || track(ours).is_some_and(|ours| track(theirs) == Some(ours))
}

#[test]
fn every_version_that_a_linker_matches_is_checked() {
    Fuzz::new().values(|input| {
        let mut name = || {
            let numbers = [0, 0, 0].map(|_| input.int_in_range(0..=2).unwrap_or(0));
            let ends = ["", "", "", "-rc.1", "-0", "+build", "-rc.1+build", "+a-b"];
            let interface = *input.choose(&["a:b/c", "a:b/d"])?;
            Ok(format!("{interface}@{}.{}.{}{}", numbers[0], numbers[1], numbers[2], input.choose(&ends)?))
        };
        let (ours, theirs) = (name()?, name()?);
        let (is_checked, is_linked) = (are_compatible(&ours, &theirs), go_together(&ours, &theirs));
        // How a version was built makes more go together here than for a linker, which costs nothing.
        assert!(is_checked || !is_linked, "{ours} {theirs}");
        assert!(is_checked == is_linked || ours.contains('+') || theirs.contains('+'), "{ours} {theirs}");
        Ok(())
    });
}

#[test]
fn any_name_of_an_interface_is_compatible_with_itself_only_or_with_a_version() {
    Fuzz::new().seeds(["a:b/c@0.1.0", "a:b/c", "@", "a@b@1"]).words(["@", ".", "-", "+", "0", "1"]).texts(|name| {
        assert!(are_compatible(name, name));
        assert!(!are_compatible("a:b/c@0.1.0", name) || name.starts_with("a:b/c@0.1"));
    });
}

/// Types of the contract, written down again; one part of one of them may come out in another shape.
struct Copy {
    /// What the types are made of that need a name.
    named: String,
    count: usize,
    /// How many parts there are before the one in another shape.
    until_change: usize,
    has_changed: bool,
}

impl Copy {
    fn changes(&mut self) -> bool {
        let changes = self.until_change == 0 && !self.has_changed;
        self.until_change = self.until_change.saturating_sub(1);
        self.has_changed |= changes;
        changes
    }

    /// The type in the text form.
    fn of(&mut self, ty: &Type) -> String {
        if self.changes() {
            // No type of the contract is that.
            return "(tuple s8 s8 s8)".into();
        }
        match ty {
            Type::Own(_) => "(own $process)".into(),
            Type::Borrow(_) => "(borrow $process)".into(),
            Type::List(list) => format!("(list {})", self.of(&list.ty())),
            Type::Option(option) => format!("(option {})", self.of(&option.ty())),
            Type::Tuple(tuple) => {
                let types: Vec<String> = tuple.types().map(|ty| self.of(&ty)).collect();
                format!("(tuple {})", types.join(" "))
            }
            Type::Result(result) => {
                let ok = result.ok().map(|ty| self.of(&ty)).unwrap_or_default();
                let error = result.err().map(|ty| format!("(error {})", self.of(&ty))).unwrap_or_default();
                format!("(result {ok} {error})")
            }
            Type::Record(record) => {
                let fields: Vec<_> = record.fields().map(|field| (field.name.to_string(), Some(field.ty))).collect();
                self.parts("record", "field", fields)
            }
            Type::Variant(variant) => {
                let cases: Vec<_> = variant.cases().map(|case| (case.name.to_string(), case.ty)).collect();
                self.parts("variant", "case", cases)
            }
            Type::Enum(names) => {
                let mut names: Vec<String> = names.names().map(|name| format!("\"{name}\"")).collect();
                if self.changes() {
                    names.reverse();
                }
                self.name(&format!("(enum {})", names.join(" ")))
            }
            simple => simple_name(simple).into(),
        }
    }

    fn parts(&mut self, kind: &str, part: &str, parts: Vec<(String, Option<Type>)>) -> String {
        let mut texts = Vec::new();
        for (name, ty) in parts {
            if self.changes() {
                continue;
            }
            let name = if self.changes() { format!("{name}-x") } else { name };
            let ty = ty.map(|ty| self.of(&ty)).unwrap_or_default();
            texts.push(format!("({part} \"{name}\" {ty})"));
        }
        self.name(&format!("({kind} {})", texts.join(" ")))
    }

    fn name(&mut self, ty: &str) -> String {
        self.count += 1;
        let count = self.count;
        self.named += &format!("(type $d{count} {ty}) (export \"t{count}\" (type $t{count} (eq $d{count})))\n");
        format!("$t{count}")
    }

    /// The function, to be exported by an instance. The first parameter of a method and the result of a constructor are a
    /// matter of its name, and stay.
    fn function(&mut self, name: &str, function: &ComponentFunc) -> String {
        let mut parameters = String::new();
        for (number, (parameter, ty)) in function.params().enumerate() {
            let ty = match (number, name.starts_with("[method]")) {
                (0, true) => format!("(borrow ${})", resource(name)),
                _ => self.of(&ty),
            };
            parameters += &format!("(param \"{parameter}\" {ty})");
        }
        let results = function.results().map(|ty| format!("(result {})", self.of(&ty)));
        let results = results.collect::<String>();
        format!("(export \"{name}\" (func {parameters} {results}))\n")
    }
}

/// Which one a method or a static function belongs to.
fn resource(function: &str) -> &str {
    let name = function.split_once(']').map_or(function, |(_, name)| name);
    name.split('.').next().unwrap_or(name)
}

fn simple_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S64 => "s64",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        other => panic!("the contract has no {other:?}"),
    }
}

fn functions() -> Vec<(String, String, ComponentFunc)> {
    let (engine, process, _) = &*CONTRACT;
    let mut functions = Vec::new();
    for (interface, export) in process.component_type().exports(engine) {
        let ComponentItem::ComponentInstance(instance) = export.ty else { continue };
        for (name, export) in instance.exports(engine) {
            let ComponentItem::ComponentFunc(function) = export.ty else { continue };
            functions.push((interface.to_string(), name.to_string(), function));
        }
    }
    functions
}

/// A linker looks at no type of what it links dynamically: a value of another shape would be a trap in the middle of a run.
#[test]
fn a_task_whose_types_differ_in_one_part_is_refused_and_any_other_is_not() {
    static FUNCTIONS: LazyLock<Vec<(String, String, ComponentFunc)>> = LazyLock::new(functions);
    Fuzz::new().slower(10).values(|input| {
        let (engine, _, contract) = &*CONTRACT;
        let (interface, name, function) = input.choose(&FUNCTIONS)?;
        let until_change = input.int_in_range(0..=40)?;
        let mut copy = Copy { named: String::new(), count: 0, until_change, has_changed: false };
        let exported = copy.function(name, function);
        let resource = |name| format!("(export \"{name}\" (type ${name} (sub resource)))\n");
        let resources = ["reporter", "process", "log"].map(resource).concat();
        let interface = match input.arbitrary()? {
            true => interface.replace("@0.1.0", "@0.1.7"),
            false => interface.clone(),
        };
        let text = format!("(component (import \"{interface}\" (instance\n{resources}{}{exported})))", copy.named);
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        // What is left of a variant or a record may be empty, which is not allowed.
        let Ok(task) = Component::new(engine, &binary) else { return Ok(()) };
        let checked = contract.check(engine, &task);
        assert_eq!(checked.is_err(), copy.has_changed, "{checked:?}\n{text}");
        Ok(())
    });
}

const IMPORTS: [&str; 8] = [
    "orchestra:process/lifecycle@0.1.0",
    "orchestra:process/lifecycle@0.1.9",
    "orchestra:process/lifecycle@0.2.0",
    "orchestra:process/connections@0.1.0",
    "wasi:cli/environment@0.2.0",
    "wasi:cli/exit@0.2.99",
    "wasi:http/types@0.3.0",
    "acme:db/query@1.0.0",
];
const EXPORTS: [&str; 5] = [
    "wasi:cli/run@0.2.0",
    "wasi:cli/run@0.2.12",
    "wasi:cli/run@0.3.0",
    "orchestra:process/task@0.1.0",
    "orchestra:process/task@0.1.3",
];

#[test]
fn a_component_of_any_shape_is_loaded_or_refused() {
    Fuzz::new().slower(40).values(|input| {
        if let Ok(program) = wat::parse_str(component(input, &IMPORTS, &EXPORTS)?) {
            // What is not refused has imports that are given.
            if let Err(error) = host().load(&program) {
                assert!(!error.to_string().is_empty());
            }
        }
        Ok(())
    });
}

#[test]
fn bytes_that_were_a_component_are_loaded_or_refused() {
    let text = r#"(component
        (import "wasi:cli/environment@0.2.0" (instance
            (export "get-environment" (func (result (list (tuple string string)))))))
        (core module $m (func (export "run") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func $f (result (result)) (canon lift (core func $i "run")))
        (instance $e (export "run" (func $f)))
        (export "wasi:cli/run@0.2.0" (instance $e)))"#;
    Fuzz::new().slower(40).seeds([wat::parse_str(text).unwrap(), b"\0asm\x0d\0\x01\0".to_vec()]).bytes(|bytes| {
        if let Err(error) = host().load(bytes) {
            assert!(!error.to_string().is_empty());
        }
    });
}

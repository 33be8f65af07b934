//! Small components, in WebAssembly's text form.

use crate::{Result, Unstructured};

/// The types of values that need no name, but for those below that are made of others.
const SIMPLE: [&str; 8] = ["bool", "u8", "s32", "u64", "f32", "char", "string", "(list u8)"];

/// What can be exported under one name: a core function, its type, and what it is lifted to. Mostly that of a command.
const ENTRIES: [(&str, &str); 6] = [
    ("(result i32) i32.const 0", "(result (result))"),
    ("(result i32) i32.const 0", "(result (result))"),
    ("(result i32) i32.const 0", "(result (result))"),
    ("", ""),
    ("(result i32) i32.const 0", "(result u32)"),
    ("(param i32)", "(param \"a\" u32)"),
];

/// A component that imports and exports some of these interfaces, each with functions of any shape. Most of them are valid.
pub fn component(input: &mut Unstructured<'_>, imports: &[&str], exports: &[&str]) -> Result<String> {
    let mut text = String::from("(component\n");
    for _ in 0..input.int_in_range(0..=4)? {
        let name = input.choose(imports)?;
        // A name that is there twice makes a component invalid, which is seldom of interest.
        if text.contains(&format!("\"{name}\"")) && !input.ratio(1, 8)? {
            continue;
        }
        text += &format!("(import \"{name}\" (instance");
        for number in 0..input.int_in_range(0..=3)? {
            let function = *input.choose(&["run", "get-environment", "a", "b", "c"])?;
            let (parameter, result) = (value(input, 3)?, value(input, 3)?);
            text += match number {
                0 => format!(" (export \"r{number}\" (type (sub resource)))"),
                _ => format!(" (export \"{function}\" (func (param \"p\" {parameter}) (result {result})))"),
            }
            .as_str();
        }
        text += "))\n";
    }
    for number in 0..input.int_in_range(0..=2)? {
        let (name, (core, lifted)) = (input.choose(exports)?, input.choose(&ENTRIES)?);
        if text.contains(&format!("\"{name}\"")) {
            continue;
        }
        text += &format!(
            "(core module $m{number} (func (export \"run\") {core}))
            (core instance $i{number} (instantiate $m{number}))
            (func $f{number} {lifted} (canon lift (core func $i{number} \"run\")))
            (instance $e{number} (export \"run\" (func $f{number})))
            (export \"{name}\" (instance $e{number}))\n"
        );
    }
    Ok(text + ")")
}

fn value(input: &mut Unstructured<'_>, depth: usize) -> Result<String> {
    if depth == 0 {
        return Ok((*input.choose(&SIMPLE)?).into());
    }
    Ok(match input.int_in_range(0..=6)? {
        0 => format!("(list {})", value(input, depth - 1)?),
        1 => format!("(option {})", value(input, depth - 1)?),
        2 => format!("(tuple {} {})", value(input, depth - 1)?, value(input, depth - 1)?),
        3 => format!("(result {} (error {}))", value(input, depth - 1)?, value(input, depth - 1)?),
        4 => "(result)".into(),
        _ => (*input.choose(&SIMPLE)?).into(),
    })
}

use fuzz::{Fuzz, Result, Unstructured};
use orchestra_compose::Shape;

use super::describe;

fn names(input: &mut Unstructured<'_>) -> Result<Vec<String>> {
    const NAMES: [&str; 9] = [
        "orchestra:process/task@0.1.0",
        "orchestra:process/lifecycle@0.1.0",
        "orchestra:process/guard@0.2.0",
        "wasi:cli/run@0.2.0",
        "wasi:cli/environment@0.3.0",
        "wasi:http/incoming-handler@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "acme:db/query",
        "wasi:sockets/tcp@0.2.0",
    ];
    let names = (0..input.int_in_range(0..=4)?).map(|_| match input.int_in_range(0..=3)? {
        0 => input.arbitrary(),
        _ => Ok((*input.choose(&NAMES)?).to_string()),
    });
    names.collect()
}

#[test]
fn a_description_has_its_lines_and_nothing_else_that_a_terminal_obeys() {
    Fuzz::new().values(|input| {
        let shape = Shape { imports: names(input)?, exports: names(input)? };
        let text = describe(&shape, input.arbitrary()?);
        assert_eq!(text.chars().find(|char| char.is_control() && *char != '\n'), None);
        // Six lines for whatever there is, one for each name, and one for each host.
        let lines = text.lines().count();
        assert!((9..=12).contains(&(lines - shape.imports.len() - shape.exports.len())), "{text}");
        Ok(())
    });
}

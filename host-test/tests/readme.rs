//! What the README shows of a file is in that file, line for line.

use std::fs;
use std::path::Path;

/// The files that the README shows a part of, and those parts.
fn excerpts(readme: &str) -> Vec<(&str, &str)> {
    let parts = readme.split("<!-- ").skip(1);
    parts
        .map(|part| {
            let (path, rest) = part.split_once(" -->\n```").expect("a file's name stands right before its part");
            let (_language, rest) = rest.split_once('\n').expect("a part has lines");
            let (excerpt, _) = rest.split_once("```").expect("a part ends");
            (path, excerpt)
        })
        .collect()
}

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is one folder up");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let excerpts = excerpts(&readme);
    assert_eq!(excerpts.len(), 6, "a program and a task for each language");
    for (path, excerpt) in excerpts {
        let file = fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(file.contains(excerpt), "README.md shows of {path} what is not in it:\n{excerpt}");
    }
}

//! The documents are true as far as that can be checked: excerpts, links, and the length of their sentences.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Longer ones are not read.
const WORDS_OF_A_SENTENCE: usize = 25;
const LINES_OF_THE_README: usize = 120;

/// Made from `wit/`, whose comments have a check of their own.
const GENERATED: &str = "docs/wit.md";

struct Document {
    /// Below the workspace.
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is one folder up")
}

/// Every Markdown file at the top and in `docs/`.
fn documents() -> Vec<Document> {
    let mut documents = Vec::new();
    for folder in ["", "docs/"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder can be read") {
            let name = entry.expect("the folder can be read").file_name().into_string().expect("names are UTF-8");
            if name.ends_with(".md") {
                let path = format!("{folder}{name}");
                let text = fs::read_to_string(root().join(&path)).expect("a document is UTF-8");
                documents.push(Document { path, text });
            }
        }
    }
    assert!(documents.len() > 10, "the documents are not where they are looked for");
    documents
}

impl Document {
    /// The files that the document shows a part of, and those parts.
    fn excerpts(&self) -> Vec<(&str, &str)> {
        let parts = self.text.split("<!-- ").skip(1);
        parts
            .filter_map(|part| {
                let (path, rest) = part.split_once(" -->\n```").filter(|(path, _)| !path.contains('\n'))?;
                let (_language, rest) = rest.split_once('\n').expect("a part has lines");
                let (excerpt, _) = rest.split_once("```").expect("a part ends");
                Some((path, excerpt))
            })
            .collect()
    }

    /// The lines outside of code.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let mut is_fenced = false;
        self.text.lines().filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            is_fenced ^= is_fence;
            !is_fenced && !is_fence && !line.starts_with("    ")
        })
    }

    /// The code spans of those lines.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
    }

    /// The targets of links and pictures.
    fn links(&self) -> impl Iterator<Item = String> {
        self.lines().flat_map(|line| {
            let line = without_code(line);
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            targets.map(|(target, _)| target.to_string()).collect::<Vec<_>>()
        })
    }

    /// The anchors that GitHub gives to the headings, and those that are written out.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.lines().filter(|line| line.starts_with('#'));
        let headings = headings.map(|heading| anchor(heading.trim_start_matches('#').trim()));
        let written = self.text.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"'));
        headings.chain(written.map(|(id, _)| id.to_string())).collect()
    }

    /// Paragraphs and list items, a line each. Tables and headings have no sentences.
    fn paragraphs(&self) -> Vec<String> {
        let mut paragraphs = vec![String::new()];
        for line in self.lines() {
            let (number, item) = line.split_once(". ").unwrap_or_default();
            let is_numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let text = if is_numbered { item } else { line.strip_prefix("- ").unwrap_or(line) };
            let is_prose = !line.starts_with(['#', '|', '!', '<']);
            if is_numbered || text.len() < line.len() || line.is_empty() || !is_prose {
                paragraphs.push(String::new());
            }
            if let Some(paragraph) = paragraphs.last_mut().filter(|_| is_prose) {
                paragraph.push_str(text);
                paragraph.push(' ');
            }
        }
        paragraphs
    }
}

/// A code span counts as one word.
fn without_code(line: &str) -> String {
    line.split('`').enumerate().map(|(index, part)| if index % 2 == 0 { part } else { "code" }).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char.to_ascii_lowercase() }).collect()
}

/// The sentences of a paragraph, as words. The text of a link counts, its target does not.
fn sentences(paragraph: &str) -> Vec<Vec<String>> {
    let mut prose = without_code(paragraph);
    while let Some((before, rest)) = prose.split_once("](") {
        let (_target, after) = rest.split_once(')').expect("a link's target ends");
        prose = format!("{before}]{after}");
    }
    let mut sentences = vec![Vec::new()];
    for word in prose.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)) {
        sentences.last_mut().expect("there is one from the beginning").push(word.to_string());
        if word.trim_end_matches([')', ']', '*', '"']).ends_with(['.', '!', '?']) {
            sentences.push(Vec::new());
        }
    }
    sentences
}

/// The file as it is, and the documentation of a Rust file as it is shown: without its hidden lines.
fn shown(file: &str) -> String {
    let documentation = file.lines().filter_map(|line| line.strip_prefix("//!"));
    let lines = documentation.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let visible: String = lines.filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect();
    format!("{file}\n{visible}")
}

#[test]
fn every_excerpt_is_in_its_file_as_it_is_shown() {
    let documents = documents();
    let excerpts: Vec<_> = documents.iter().flat_map(Document::excerpts).collect();
    assert!(excerpts.len() >= 8, "a first task, a task and a program for each language, and a plugin host");
    for (path, excerpt) in excerpts {
        let file = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(shown(&file).contains(excerpt), "a document shows of {path} what is not in it:\n{excerpt}");
    }
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    assert!(readme.lines().count() <= LINES_OF_THE_README, "it has {} lines", readme.lines().count());
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let mut broken = Vec::new();
    for document in &documents {
        let folder = Path::new(&document.path).parent().expect("a document is in a folder");
        for link in document.links().filter(|link| !link.contains("://")) {
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { PathBuf::from(&document.path) } else { normal(&folder.join(path)) };
            let found = documents.iter().find(|document| Path::new(&document.path) == target);
            let has_anchor = fragment.is_empty() || found.is_some_and(|found| found.anchors().contains(fragment));
            if !root().join(&target).exists() || !has_anchor {
                broken.push(format!("{}: {link}", document.path));
            }
        }
    }
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}

/// Without `..`
fn normal(path: &Path) -> PathBuf {
    path.iter().fold(PathBuf::new(), |mut normal, part| {
        if part == ".." {
            _ = normal.pop()
        } else {
            normal.push(part)
        }
        normal
    })
}

#[test]
fn every_file_that_a_document_names_is_there() {
    const ROOMS: &[&str] =
        &["cli/", "compose/", "dev/", "docs/", "examples/", "guest/", "host/", "host-test/", "scripts/", "wit/"];
    let mut missing = Vec::new();
    // What was changed is told in the words of its time.
    for document in documents().iter().filter(|document| document.path != "CHANGELOG.md") {
        for name in document.code().filter(|code| ROOMS.iter().any(|room| code.starts_with(room))) {
            // Of a pattern, its folder.
            let (path, _) = name.split_once('*').unwrap_or((name, ""));
            if !root().join(path).exists() {
                missing.push(format!("{}: {name}", document.path));
            }
        }
    }
    assert!(missing.is_empty(), "these files are not there:\n{}", missing.join("\n"));
}

#[test]
fn every_name_on_the_page_of_the_contract_is_in_the_contract() {
    let files = fs::read_dir(root().join("wit")).expect("there is a contract");
    let files = files.map(|entry| entry.expect("the folder can be read").path()).filter(|path| path.is_file());
    let contract: String = files.map(|path| fs::read_to_string(path).expect("it is UTF-8")).collect();
    let documents = documents();
    let page = documents.iter().find(|document| document.path == "docs/contract.md").expect("there is a page");
    let is_name =
        |code: &&str| code.contains('-') && code.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
    let ours = |name: &&str| !name.starts_with("orchestra-");
    let names: Vec<_> = page.code().filter(is_name).filter(ours).collect();
    assert!(names.contains(&"set-output"), "the names are not found");
    for name in names {
        assert!(contract.contains(name), "the contract has no {name}");
    }
}

#[test]
fn every_variable_that_a_document_names_is_in_the_one_table() {
    let variables = |text: &str| -> BTreeSet<String> {
        let words = text.split(|char: char| !char.is_ascii_uppercase() && char != '_');
        words.filter(|word| word.len() > 10 && word.starts_with("ORCHESTRA_")).map(str::to_string).collect()
    };
    let documents = documents();
    let configuration = documents.iter().find(|document| document.path == "docs/configuration.md");
    let rows = configuration.expect("there is a page").lines().filter_map(|line| line.strip_prefix("| "));
    let names: String = rows.filter_map(|row| row.split_once(" | ")).map(|(name, _)| format!("{name} ")).collect();
    let known = variables(&names);
    assert!(known.contains("ORCHESTRA_API_KEY"), "the table is not found");
    for document in &documents {
        let unknown: Vec<_> = variables(&document.text).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{} names {unknown:?}", document.path);
    }
}

#[test]
fn no_sentence_is_long() {
    let mut long = Vec::new();
    let documents = documents();
    let is_checked = |path: &str| path == "README.md" || path.starts_with("docs/") && path != GENERATED;
    for document in documents.iter().filter(|document| is_checked(&document.path)) {
        for sentence in document.paragraphs().iter().flat_map(|paragraph| sentences(paragraph)) {
            if sentence.len() > WORDS_OF_A_SENTENCE {
                long.push(format!("{}: {} words: {}", document.path, sentence.len(), sentence.join(" ")));
            }
        }
    }
    assert!(long.is_empty(), "at most {WORDS_OF_A_SENTENCE} words:\n{}", long.join("\n"));
}

#[test]
fn code_tables_and_headings_have_no_sentences() {
    let text = "# A heading\n\nOne two. Three\n`four five` [six](a.md).\n\n    code\n\n| a | table |\n\n```sh\ncode\n```\n- An item.\n1. Another\n   one.\n";
    let document = Document { path: "a.md".into(), text: text.into() };
    let sentences: Vec<_> = document.paragraphs().iter().flat_map(|paragraph| sentences(paragraph)).collect();
    let sentences: Vec<_> = sentences.iter().filter(|words| !words.is_empty()).map(|words| words.join(" ")).collect();
    assert_eq!(sentences, ["One two.", "Three code [six].", "An item.", "Another one."]);
}

#[test]
fn an_anchor_is_the_heading_in_lower_case_with_hyphens() {
    assert_eq!(anchor("In Rust: `orchestra-host`"), "in-rust-orchestra-host");
}

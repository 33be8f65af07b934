//! The command that `make lint` and `make docs` call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{CONTRACT, HOST, with};

/// A folder with this contract in it, and this released one.
fn folder(name: &str, contract: &str, released: Option<&str>) -> PathBuf {
    let wit = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for folder in ["deps/host", "released"] {
        fs::create_dir_all(wit.join(folder)).unwrap();
    }
    fs::write(wit.join("contract.wit"), contract).unwrap();
    fs::write(wit.join("deps/host/host.wit"), HOST).unwrap();
    match released {
        Some(text) => fs::write(wit.join("released/contract.wit"), text).unwrap(),
        None => fs::remove_dir_all(wit.join("released")).unwrap(),
    }
    wit
}

fn lint(wit: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wit-check")).arg("lint").arg(wit).output().unwrap()
}

#[test]
fn a_contract_that_was_never_released_passes() {
    assert!(lint(&folder("never-released", CONTRACT, None)).status.success());
}

#[test]
fn a_finding_fails_and_is_on_standard_error_with_file_and_line() {
    let wit = folder("undocumented", &with("  /// A name of a type.\n", ""), None);
    let Output { status, stderr, .. } = lint(&wit);
    let what = "type `called.text` is not documented: write a `///` comment above it";
    assert_eq!(String::from_utf8_lossy(&stderr), format!("{}/contract.wit:7: {what}\n", wit.display()));
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_contract_is_compared_with_the_released_one() {
    let text = with("hold: func(name: string);", "hold: func(name: u32);");
    let Output { stderr, .. } = lint(&folder("released", &text, Some(CONTRACT)));
    assert!(String::from_utf8_lossy(&stderr).contains("`inner.hold` was released as `hold: func(name: string)`"));
}

#[test]
fn a_contract_that_is_not_wit_fails_with_the_place_of_the_mistake() {
    let Output { status, stderr, .. } = lint(&folder("not-wit", &with("hold: func(name: string);", "hold"), None));
    assert!(String::from_utf8_lossy(&stderr).contains("contract.wit:"));
    assert_eq!(status.code(), Some(1));
}

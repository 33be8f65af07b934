//! libFuzzer, driven from within a test.
//!
//! `scripts/fuzz` says in the environment where its files go.

use std::ffi::{CString, c_char, c_int};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs, ptr, slice};

type Property = Box<dyn Fn(&[u8]) + Send + Sync>;

/// A process has one target: libFuzzer ends the process with it.
static PROPERTY: OnceLock<Property> = OnceLock::new();

unsafe extern "C" {
    /// <https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library>
    fn LLVMFuzzerRunDriver(
        argument_count: *mut c_int,
        arguments: *mut *mut *mut c_char,
        check: extern "C" fn(*const u8, usize) -> c_int,
    ) -> c_int;
}

/// The crate around libFuzzer wants one, for programs in which libFuzzer has the entry point. Here nobody calls it.
#[unsafe(no_mangle)]
#[expect(improper_ctypes_definitions, reason = "the crate declares it so; both sides are Rust")]
extern "C" fn rust_fuzzer_test_input(input: &[u8]) -> i32 {
    check(input.as_ptr(), input.len())
}

extern "C" fn check(input: *const u8, bytes: usize) -> c_int {
    // SAFETY: libFuzzer passes an input of this length. It may be null if it is empty.
    let input = if bytes == 0 { &[] } else { unsafe { slice::from_raw_parts(input, bytes) } };
    PROPERTY.get().expect("it is set before libFuzzer runs")(input);
    0
}

/// Ends the process: with success if the property holds for this many inputs.
pub fn run(seeds: &[Vec<u8>], words: &[Vec<u8>], count: usize, property: impl Fn(&[u8]) + Send + Sync + 'static) {
    assert!(PROPERTY.set(Box::new(property)).is_ok(), "a process has one target: name it, with --exact");
    let folder = PathBuf::from(env::var_os("FUZZ_FOLDER").expect("scripts/fuzz sets FUZZ_FOLDER"));
    let (inputs, failures, dictionary) = (folder.join("inputs"), folder.join("failures"), folder.join("words"));
    for folder in [&inputs, &failures] {
        fs::create_dir_all(folder).expect("the folder can be made");
    }
    for (number, seed) in (0..).zip(seeds) {
        fs::write(inputs.join(format!("seed-{number}")), seed).expect("the seed can be written");
    }
    let mut arguments = vec![
        "fuzz".to_string(),
        format!("-runs={count}"),
        format!("-artifact_prefix={}/", failures.display()),
        "-max_len=4096".into(),
        "-timeout=20".into(),
        "-print_final_stats=1".into(),
    ];
    // An empty file of words would be an error.
    if !words.is_empty() {
        write_words(&dictionary, words);
        arguments.push(format!("-dict={}", dictionary.display()));
    }
    arguments.push(inputs.display().to_string());
    let to_c = |argument: String| CString::new(argument).expect("paths have no zero in them");
    let arguments: Vec<CString> = arguments.into_iter().map(to_c).collect();
    let mut pointers: Vec<*mut c_char> = arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
    pointers.push(ptr::null_mut());
    let mut argument_count = c_int::try_from(arguments.len()).expect("there are few");
    let mut arguments_there = pointers.as_mut_ptr();
    // A panic ends the process then, so that libFuzzer sees it.
    libfuzzer_sys::initialize(ptr::null(), ptr::null());
    // SAFETY: the arguments are C strings with a null behind them, and outlive the call.
    let status = unsafe { LLVMFuzzerRunDriver(&mut argument_count, &mut arguments_there, check) };
    std::process::exit(status);
}

/// In libFuzzer's form: each in quotes, with bytes in hexadecimal.
fn write_words(path: &Path, words: &[Vec<u8>]) {
    let quoted = |word: &Vec<u8>| {
        let bytes: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("\"{bytes}\"\n")
    };
    fs::write(path, words.iter().map(quoted).collect::<String>()).expect("the words can be written");
}

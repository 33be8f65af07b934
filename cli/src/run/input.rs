//! The input of a task.

use std::fs;
use std::io::{self, Read};

use orchestra_host::INPUT_BYTES;

/// The text that `--input` means. Reads at most one byte beyond the limit: the run itself refuses a longer input.
pub fn read(given: &str) -> Result<String, String> {
    // Only a path is ever shown, never the input itself.
    let (reader, source): (Box<dyn Read>, &str) = match given.strip_prefix('@') {
        Some(path) => (Box::new(fs::File::open(path).map_err(|error| unreadable(path, &error))?), path),
        None if given == "-" => (Box::new(io::stdin()), "standard input"),
        None => return Ok(given.into()),
    };
    let mut text = String::new();
    match reader.take(INPUT_BYTES as u64 + 1).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(unreadable(source, &error)),
    }
}

fn unreadable(source: &str, error: &io::Error) -> String {
    format!("the input cannot be read from {source}: {error}")
}

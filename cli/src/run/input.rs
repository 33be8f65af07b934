//! The input of a task.

use std::fs;
use std::io::{self, Read};

use orchestra_host::INPUT_BYTES;

/// Read no further than the limit, of which the run itself complains.
pub fn read(given: &str) -> Result<String, String> {
    let wrong = |error: io::Error| format!("the input {given} cannot be read: {error}");
    let reader: Box<dyn Read> = match given.strip_prefix('@') {
        Some(path) => Box::new(fs::File::open(path).map_err(wrong)?),
        None if given == "-" => Box::new(io::stdin()),
        None => return Ok(given.into()),
    };
    let mut text = String::new();
    reader.take(INPUT_BYTES as u64 + 1).read_to_string(&mut text).map_err(wrong)?;
    Ok(text)
}

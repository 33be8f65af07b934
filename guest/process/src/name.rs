//! Names of tasks, stages, outputs and logs, run ids and client ids.

use alloc::string::String;

const NAME_BYTES: usize = 256;

/// A name that can stand in a URL and in a text. The error ends the sentence "the name …".
pub fn parse_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() > NAME_BYTES {
        return Err("is longer than 256 bytes");
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character in it");
    }
    Ok(text.into())
}

//! Bytes as text, piece by piece.

use std::borrow::Cow;
use std::str;

/// The characters of one stream of bytes.
#[derive(Debug, Default)]
pub(crate) struct Characters {
    /// The beginning of a character whose end is still to come.
    begun: Vec<u8>,
}

impl Characters {
    /// The text up to here. Bytes that are not UTF-8 are replaced.
    pub(crate) fn read<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, str> {
        if let (true, Ok(text)) = (self.begun.is_empty(), str::from_utf8(bytes)) {
            return Cow::Borrowed(text);
        }
        let bytes = [&std::mem::take(&mut self.begun), bytes].concat();
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_begun(invalid) {
                self.begun = invalid.into();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Cow::Owned(text)
    }

    /// What stands for a character that was begun and never ends.
    pub(crate) fn end(&mut self) -> &'static str {
        if std::mem::take(&mut self.begun).is_empty() { "" } else { "\u{fffd}" }
    }
}

fn is_begun(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> String {
        let mut characters = Characters::default();
        let mut text: String = pieces.iter().map(|piece| characters.read(piece).into_owned()).collect();
        text.push_str(characters.end());
        text
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        assert_eq!(read(&[b"a\xe2", b"\x82", b"\xacb"]), "a€b");
    }

    #[test]
    fn what_is_not_utf_8_is_replaced_as_if_it_had_come_at_once() {
        for bytes in [&b"a\xffb"[..], b"\xe2\x82", b"\xe2\x82a", b"\xf0\x9f\x98", b"\xc3\xc3\xa9", b"\x80\xe2\x28\xa1"]
        {
            let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(read(&pieces), String::from_utf8_lossy(bytes), "{bytes:x?}");
            assert_eq!(read(&[bytes]), String::from_utf8_lossy(bytes), "{bytes:x?}");
        }
    }
}

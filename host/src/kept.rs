//! A text that may become too long to be kept: its head and its tail.

use std::collections::VecDeque;
use std::str;

/// So much is kept of the beginning, in bytes.
pub const HEAD_BYTES: usize = 256 * 1024;
/// At most this many bytes of the end are kept.
pub const TAIL_BYTES: usize = 768 * 1024;

/// The head and the tail. It can be taken away from the front, and then has room for more.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// It is full before there is a tail.
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How much is left out between them.
    cut_bytes: u64,
}

/// Where bytes are left out, and with them the characters that are cut there.
struct Gap {
    head_bytes: usize,
    tail_from: usize,
    marker: String,
}

impl Kept {
    pub(crate) fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES.saturating_sub(self.head.len())));
        self.head.extend_from_slice(head);
        let cut = (self.tail.len() + rest.len()).saturating_sub(TAIL_BYTES);
        let (of_tail, of_rest) = (cut.min(self.tail.len()), cut.saturating_sub(self.tail.len()));
        self.tail.drain(..of_tail);
        self.tail.extend(rest.get(of_rest..).unwrap_or_default());
        self.cut_bytes += cut as u64;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(crate) fn head_is_full(&self) -> bool {
        self.head.len() >= HEAD_BYTES
    }

    /// All of it. If bytes are left out, it says how many.
    pub(crate) fn text(&self) -> String {
        let mut head = self.head.clone();
        let mut tail = self.tail.iter();
        if let Some(Gap { head_bytes, tail_from, marker }) = self.gap() {
            head.truncate(head_bytes);
            head.extend_from_slice(marker.as_bytes());
            tail = self.tail.range(tail_from..);
        }
        head.extend(tail);
        text(&head)
    }

    /// Take the head away. What comes behind it is the head then.
    pub(crate) fn take_head(&mut self) -> String {
        let gap = self.gap();
        let bytes = gap.as_ref().map_or_else(|| whole_characters(&self.head), |gap| gap.head_bytes);
        let rest = self.head.split_off(bytes);
        let head = std::mem::replace(&mut self.head, rest);
        if let Some(Gap { tail_from, marker, .. }) = gap {
            self.head = marker.into_bytes();
            self.tail.drain(..tail_from);
            self.cut_bytes = 0;
        }
        let more = self.tail.len().min(HEAD_BYTES.saturating_sub(self.head.len()));
        self.head.extend(self.tail.drain(..more));
        text(&head)
    }

    fn gap(&self) -> Option<Gap> {
        if self.cut_bytes == 0 {
            return None;
        }
        let head_bytes = whole_characters(&self.head);
        let tail_from = self.tail.iter().take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000).count();
        let left_out = self.cut_bytes + (self.head.len() - head_bytes + tail_from) as u64;
        Some(Gap { head_bytes, tail_from, marker: format!("\n[{left_out} bytes are left out here]\n") })
    }
}

/// How many of the bytes come before a character that is cut.
fn whole_characters(bytes: &[u8]) -> usize {
    str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Whole characters: nothing is replaced.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_limits_is_kept_whole() {
        let mut kept = Kept::default();
        kept.push(&"a".repeat(HEAD_BYTES - 1));
        kept.push("é");
        kept.push(&"b".repeat(TAIL_BYTES - 1));
        assert_eq!(kept.text(), format!("{}é{}", "a".repeat(HEAD_BYTES - 1), "b".repeat(TAIL_BYTES - 1)));
    }

    #[test]
    fn the_middle_is_left_out_and_counted() {
        let mut kept = Kept::default();
        kept.push(&"a".repeat(HEAD_BYTES));
        kept.push("cut");
        kept.push(&"b".repeat(TAIL_BYTES));
        let expected = format!("{}\n[3 bytes are left out here]\n{}", "a".repeat(HEAD_BYTES), "b".repeat(TAIL_BYTES));
        assert_eq!(kept.text(), expected);
    }

    #[test]
    fn a_character_that_is_cut_is_left_out() {
        let mut kept = Kept::default();
        kept.push(&"a".repeat(HEAD_BYTES - 1));
        kept.push("éé");
        kept.push(&"b".repeat(TAIL_BYTES - 1));
        let (head, tail) = ("a".repeat(HEAD_BYTES - 1), "b".repeat(TAIL_BYTES - 1));
        assert_eq!(kept.text(), format!("{head}\n[4 bytes are left out here]\n{tail}"));
        assert_eq!((kept.take_head(), kept.text()), (head, format!("\n[4 bytes are left out here]\n{tail}")));
    }

    /// As two parts of a log.
    #[test]
    fn no_character_is_cut_in_two_where_the_head_ends() {
        let mut kept = Kept::default();
        kept.push(&"a".repeat(HEAD_BYTES - 1));
        kept.push("éb");
        assert_eq!((kept.take_head(), kept.take_head()), ("a".repeat(HEAD_BYTES - 1), "éb".into()));
        assert_eq!(kept.bytes(), 0);
    }

    #[test]
    fn what_comes_after_a_gap_is_kept_as_before_it() {
        let mut kept = Kept::default();
        kept.push(&"a".repeat(HEAD_BYTES + 5));
        kept.push(&"b".repeat(TAIL_BYTES));
        assert_eq!(kept.take_head(), "a".repeat(HEAD_BYTES));
        kept.push("c");
        let expected = format!("\n[5 bytes are left out here]\n{}c", "b".repeat(TAIL_BYTES));
        assert_eq!(kept.text(), expected);
        let parts: String = std::iter::repeat_with(|| kept.take_head()).take_while(|part| !part.is_empty()).collect();
        assert_eq!(parts, expected);
    }

    #[test]
    fn it_never_holds_more_than_the_head_and_the_tail() {
        let mut kept = Kept::default();
        for _ in 0..100 {
            kept.push(&"a".repeat(TAIL_BYTES));
            assert!(kept.bytes() <= HEAD_BYTES + TAIL_BYTES);
            assert!(kept.tail.capacity() <= 2 * TAIL_BYTES);
        }
    }
}

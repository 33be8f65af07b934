//! Texts, put together without `core::fmt` and searched without `str`'s searchers: each would be a twentieth of the
//! component.

use alloc::string::String;
use alloc::vec::Vec;

#[inline(never)]
pub fn concat(parts: &[&str]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
}

/// `from` is not empty.
#[inline(never)]
pub fn replace(text: &str, from: &str, to: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(from) {
            replaced.push_str(to);
            rest = after;
            continue;
        }
        let mut characters = rest.chars();
        replaced.extend(characters.next());
        rest = characters.as_str();
    }
    replaced
}

/// In decimal, with at least so many digits.
#[inline(never)]
pub fn number(mut number: u64, digits: usize) -> String {
    let mut reversed = Vec::new();
    while number > 0 || reversed.len() < digits {
        reversed.push(number % 10);
        number /= 10;
    }
    reversed.into_iter().rev().map(|digit| char::from(b'0' + digit as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced_from_left_to_right() {
        assert_eq!(replace("aaa-é-aa", "aa", "b"), "ba-é-b");
        assert_eq!(replace("", "a", "b"), "");
    }

    #[test]
    fn numbers_have_all_their_digits() {
        assert_eq!(number(0, 1), "0");
        assert_eq!(number(7, 2), "07");
        assert_eq!(number(2026, 2), "2026");
        assert_eq!(number(u64::MAX, 1), u64::MAX.to_string());
    }
}

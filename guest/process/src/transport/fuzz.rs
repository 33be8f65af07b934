use alloc::format;
use std::string::String;
use std::vec::Vec;

use fuzz::{Fuzz, Result, Unstructured};

use super::{ANSWER_KEPT_BYTES, cut, fault, readable};
use crate::answer::Fault;
use crate::key::AccountKey;
use wasi::http::types::ErrorCode;

/// What is shown in place of a key.
const PLACEHOLDER: &str = "[API key]";

/// Keys that repeat their own beginning, too: there a search from one end only misses one.
fn key(input: &mut Unstructured<'_>) -> Result<String> {
    let alphabet: &[u8] = if input.arbitrary()? { b"ab" } else { b"abcXYZ019-_.~+/=" };
    let bytes = input.int_in_range(12..=80)?;
    (0..bytes).map(|_| Ok(char::from(*input.choose(alphabet)?))).collect()
}

/// What an endpoint may answer that was sent this key.
fn answer(input: &mut Unstructured<'_>, key: &str) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    for _ in 0..input.int_in_range(0..=12)? {
        match input.int_in_range(0..=4)? {
            0 => answer.extend_from_slice(key.as_bytes()),
            1 => answer.extend_from_slice(&key.as_bytes()[..input.choose_index(key.len())?]),
            2 => answer.extend(std::iter::repeat_n(*input.choose(b" xa\xc3\n")?, input.int_in_range(0..=600)?)),
            3 => answer.extend_from_slice("é\u{202e}🎼\0".as_bytes()),
            _ => answer.extend_from_slice(input.bytes(3)?),
        }
    }
    Ok(answer)
}

#[test]
fn of_an_answer_at_most_1024_bytes_are_shown_and_no_key() {
    Fuzz::new().values(|input| {
        let secret = key(input)?;
        let (key, answer) = (AccountKey::parse(&secret).unwrap(), answer(input, &secret)?);
        // So much is kept of a body while it is read.
        let kept = &answer[..answer.len().min(ANSWER_KEPT_BYTES + key.len())];
        let shown = cut(key.redact(&readable(kept)));
        assert!(shown.len() <= 1024);
        assert!(!shown.contains(&secret), "{secret}: {shown}");
        // Where reading stopped, a character may have been cut in two, and so may a key: of that at most three bytes stay.
        let whole = String::from_utf8_lossy(&answer).replace(&secret, PLACEHOLDER);
        let is_of_answer = (0..=3).any(|bytes| {
            let rest = secret.get(..bytes).and_then(|beginning| shown.strip_suffix(beginning));
            rest.is_some_and(|rest| whole.starts_with(rest.trim_end_matches(char::REPLACEMENT_CHARACTER)))
        });
        assert!(is_of_answer, "{secret}: {whole:?} {shown:?}");
        Ok(())
    });
}

#[test]
fn of_an_error_of_the_host_at_most_1024_bytes_are_shown_and_no_key() {
    Fuzz::new().values(|input| {
        let secret = key(input)?;
        let text = String::from_utf8_lossy(&answer(input, &secret)?).into_owned();
        let Fault::Network(shown) = fault(ErrorCode::InternalError(Some(text)), &AccountKey::parse(&secret).unwrap())
        else {
            panic!("it is not a denial")
        };
        assert!(shown.len() <= "the host failed: ".len() + 1024);
        assert!(!shown.contains(&secret), "{secret}: {shown}");
        Ok(())
    });
}

#[test]
fn bytes_that_are_not_text_are_read_as_the_standard_library_does() {
    Fuzz::new().seeds([&b"a\xc3\xa9\xf0\x9f\x8e\xbc"[..], b"\xc3", b"\xf0\x9f", b"\xed\xa0\x80"]).bytes(|bytes| {
        assert_eq!(readable(bytes), String::from_utf8_lossy(bytes));
    });
}

#[test]
fn a_key_is_shown_nowhere_but_in_its_header() {
    Fuzz::new().seeds([" key\r\n", "a b", "Zq7xWé", "Zq7xW\0"]).texts(|text| match AccountKey::parse(text) {
        Ok(key) => {
            let header = key.authorization("Bearer");
            assert_eq!(header.strip_prefix("Bearer "), Some(text.trim_ascii()));
            assert!(header.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            assert_eq!(format!("{key:?}"), "AccountKey");
        }
        Err(why) => assert!(!why.contains("Zq7xW")),
    });
}

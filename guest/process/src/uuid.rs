//! UUIDs (RFC 9562): of runs, as Python writes and reads them, and of reports. (A library for them would be a fiftieth of
//! the component.)

use alloc::string::String;

use crate::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(u128);

impl Uuid {
    /// Version 4, out of uniform bits.
    pub fn random(high: u64, low: u64) -> Self {
        let version = 0x4000 | high & 0xffff_ffff_ffff_0fff;
        let variant = 1 << 63 | low & 0x3fff_ffff_ffff_ffff;
        Self(u128::from(version) << 64 | u128::from(variant))
    }

    /// In any form that Python's `uuid.UUID()` takes: `urn:` and `uuid:` go wherever they stand, braces at the ends, hyphens
    /// anywhere; 32 hexadecimal digits are left.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text::replace(&text::replace(text, "urn:", ""), "uuid:", "");
        let digits = text::replace(digits.trim_matches(['{', '}']), "-", "");
        if digits.len() != 32 {
            return None;
        }
        let mut uuid = 0;
        for character in digits.chars() {
            uuid = uuid << 4 | u128::from(character.to_digit(16)?);
        }
        Some(Self(uuid))
    }

    /// Lower case, with hyphens.
    #[inline(never)]
    pub fn hyphenated(self) -> String {
        let mut text = String::with_capacity(36);
        for index in 0..32 {
            if matches!(index, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            let digit = (self.0 >> (124 - 4 * index)) as u8 & 15;
            text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_one_has_version_and_variant() {
        assert_eq!(Uuid::random(0, 0).hyphenated(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(Uuid::random(u64::MAX, u64::MAX).hyphenated(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn it_is_taken_as_python_takes_it() {
        let expected = "12345678-1234-5678-1234-567812345abc";
        for text in [
            "12345678-1234-5678-1234-567812345ABC",
            "{12345678-1234-5678-1234-567812345abc}",
            "urn:uuid:12345678-1234-5678-1234-567812345abc",
            "12345678123456781234567812345abc",
            "1-2345678123456781234567812345ab-c",
            "{{urn:12345678123456781234567812345abc}",
        ] {
            assert_eq!(Uuid::parse(text).unwrap().hyphenated(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in [
            "",
            "x",
            "12345678-1234-5678-1234-567812345ab",
            "g2345678-1234-5678-1234-567812345abc",
            "0x345678-1234-5678-1234-567812345abc",
            " 12345678123456781234567812345abc",
            "1234567812345678123456781234\u{e9}bc",
        ] {
            assert!(Uuid::parse(text).is_none(), "{text}");
        }
    }
}

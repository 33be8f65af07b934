//! UUIDs (RFC 9562): of runs, as Python writes and reads them, and of reports.

use alloc::string::{String, ToString};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(uuid::Uuid);

impl Uuid {
    /// Version 4, out of uniform bits.
    pub fn random(high: u64, low: u64) -> Self {
        let bits = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        Self(uuid::Builder::from_random_bytes(bits).into_uuid())
    }

    /// In any form that Python's `uuid.UUID()` takes: `urn:` and `uuid:` go wherever they stand, braces at the ends, hyphens
    /// anywhere; 32 hexadecimal digits are left. The crate takes those, and wants hyphens and braces in their places: what
    /// a task was given and Python took goes on being taken.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace("urn:", "").replace("uuid:", "");
        let digits = text.trim_matches(['{', '}']).replace('-', "");
        uuid::Uuid::try_parse(&digits).ok().map(Self)
    }

    /// Lower case, with hyphens.
    pub fn hyphenated(self) -> String {
        self.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).to_string()
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
    fn a_text_that_is_not_a_uuid_is_refused() {
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

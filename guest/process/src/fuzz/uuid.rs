use alloc::string::String;

use fuzz::Fuzz;

use crate::uuid::Uuid;

/// Python's, but that Python's `int()` reads the digits: it takes `_` between them and white space around them.
fn digits(text: &str) -> Option<String> {
    let text = text.replace("urn:", "").replace("uuid:", "");
    let digits = text.trim_matches(['{', '}']).replace('-', "");
    (digits.len() == 32 && digits.chars().all(|char| char.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
}

#[test]
fn a_run_id_is_taken_by_the_rule_of_python() {
    Fuzz::new()
        .seeds([
            "12345678-1234-5678-1234-567812345ABC",
            "{urn:uuid:12345678123456781234567812345abc}",
            "ururn:n:uuuuid:id:12345678-1234-5678-1234-567812345abc",
        ])
        .words(["urn:", "uuid:", "{", "}", "-", "urn:uuid:", "0x", "12345678", "deadbeef", "g"])
        .texts(|text| {
            let parsed = Uuid::parse(text).map(Uuid::hyphenated);
            assert_eq!(parsed.as_ref().map(|uuid| uuid.replace('-', "")), digits(text));
            if let Some(uuid) = parsed {
                assert_eq!(Uuid::parse(&uuid).map(Uuid::hyphenated), Some(uuid));
            }
        });
}

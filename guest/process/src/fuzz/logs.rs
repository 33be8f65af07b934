use alloc::format;
use alloc::string::String;
use core::time::Duration;

use fuzz::Fuzz;

use crate::logs::Logs;

/// As the contract has it.
const PART_BYTES: usize = 256 * 1024;

#[test]
fn the_parts_of_a_log_are_what_was_written() {
    Fuzz::new().slower(20).values(|input| {
        let (mut logs, mut written, mut parts) = (Logs::default(), String::new(), String::new());
        let log = logs.open("a").unwrap();
        let mut number = 0;
        let mut take = |name: &str, text: &str| {
            number += 1;
            assert_eq!(name, if number == 1 { "a".into() } else { format!("a.{number}") });
            assert!((1..=PART_BYTES).contains(&text.len()), "{}", text.len());
            parts += text;
        };
        for _ in 0..input.int_in_range(1..=4)? {
            let text = input.choose(&["x", "é", "🎼", ""])?.repeat(input.int_in_range(0..=PART_BYTES)?);
            let mut rest = text.as_str();
            loop {
                let (part, left) = logs.write(log, rest, Duration::ZERO);
                let Some(part) = part else { break };
                take(&part.name, &part.text);
                rest = left;
            }
            written += &text;
        }
        if let Some(part) = logs.close(log) {
            take(&part.name, &part.text);
        }
        assert!(parts == written);
        Ok(())
    });
}

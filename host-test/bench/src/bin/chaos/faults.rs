//! What the endpoint answers: most requests well, the others in every way that it can fail.

use std::time::Duration;

use host_test::endpoint::{
    Answer, Faulty, close_after_head, close_after_request, close_in_body, close_on_connect, endless_body, garbage,
    hang, hang_in_body, hang_on_connect, redirect, reset_after_head, reset_after_request, reset_in_body,
    reset_inside_answer, reset_on_connect, retry_after, slow_body, status,
};
use rand::RngExt;
use rand::rngs::SmallRng;

/// As many of a hundred requests fail.
pub const FAIL_PERCENT: f64 = 30.0;
/// As many of those that fail are refused for good.
const REFUSED_PERCENT: f64 = 2.0;
/// The longest time that an answer in order takes.
const SLOW_MS: u64 = 40;
/// As much of a body is read before the connection breaks: less than any report has.
const HALF: usize = 20;

/// The next answer.
pub fn answer(random: &mut SmallRng) -> Answer {
    if !random.random_bool(FAIL_PERCENT / 100.0) {
        // 200, 201, 202
        let good = status(random.random_range(200..203));
        let is_slow = random.random_bool(0.2);
        return if is_slow { good.delayed(Duration::from_millis(random.random_range(1..SLOW_MS))) } else { good };
    }
    let faults = if random.random_bool(REFUSED_PERCENT / 100.0) { refusals() } else { faults() };
    let index = random.random_range(0..faults.len());
    faults.into_iter().nth(index).unwrap_or_else(hang)
}

/// Whether an answer with this status is the last word on a report that was not acknowledged.
pub fn is_refusal(status: u16) -> bool {
    !(200..300).contains(&status) && ![408, 425, 429, 500, 502, 503, 504].contains(&status)
}

fn refusals() -> Vec<Answer> {
    vec![status(400).body("no"), status(401), status(413).early(), redirect(302, "http://127.0.0.1:9/"), status(501)]
}

/// Each is tried again; but some of them are an acknowledgement, whatever comes after it.
fn faults() -> Vec<Answer> {
    let mut faults = vec![
        hang(),
        hang_on_connect(),
        hang_in_body(HALF),
        close_on_connect(),
        close_after_head(),
        close_in_body(HALF),
        close_after_request(),
        reset_on_connect(),
        reset_after_head(),
        reset_in_body(HALF),
        reset_after_request(),
        garbage("this is not HTTP\r\n\r\n"),
        garbage("HTTP/1.1 2"),
        garbage("HTTP/1.1 200 OK\r\ncontent-len"),
        status(503).early(),
        status(429).early_reset(),
        retry_after(503, "0"),
        retry_after(503, "1"),
        retry_after(429, "1"),
        retry_after(429, "Mon, 23 Nov 2026 08:00:00 GMT"),
        retry_after(503, "soon"),
        status(503).body("half of this answer is missing").truncated_after(HALF),
        status(502).body("half of this answer is missing").hanging_inside(),
        status(200).body("half of this answer is missing").truncated_after(HALF),
        status(200).body("half of this answer is missing").hanging_inside(),
        status(200).body("longer than it says").content_length(4),
        reset_inside_answer(),
        endless_body(),
        slow_body("a byte at a time", Duration::from_millis(20)),
    ];
    faults.extend([408, 425, 429, 500, 502, 503, 504].map(status));
    faults
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_answers_each_time() {
        let answers = |seed| {
            let mut random = SmallRng::seed_from_u64(seed);
            (0..500).map(|_| answer(&mut random).to_string()).collect::<Vec<_>>()
        };
        assert_eq!(answers(1), answers(1));
        assert_ne!(answers(1), answers(2));
    }

    #[test]
    fn three_in_ten_answers_are_not_in_order() {
        let mut random = SmallRng::seed_from_u64(7);
        let answers: Vec<String> = (0..10_000).map(|_| answer(&mut random).to_string()).collect();
        let is_in_order = |answer: &&String| {
            let status = answer.split(',').next().unwrap_or_default();
            ["200", "201", "202"].contains(&status) && (answer.len() == 3 || answer.contains("delayed"))
        };
        let in_order = answers.iter().filter(is_in_order).count();
        assert!((6800..7200).contains(&in_order), "{in_order}");
    }
}

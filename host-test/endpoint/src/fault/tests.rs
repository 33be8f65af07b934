use super::*;
use orchestra_endpoint::retry_after;

#[test]
fn only_an_answer_without_oddities_is_left_to_hyper() {
    let ordinary = |answer: &Answer| matches!(answer.reply, Reply::Http(_));
    assert!(ordinary(&retry_after(503, "1").body("busy").delayed(Duration::from_millis(1))));
    assert!(!ordinary(&status(200).early()));
    assert!(!ordinary(&status(200).content_length(1)));
    assert!(!ordinary(&status(200).body("ab").truncated_after(1)));
    assert!(!ordinary(&garbage("HTTP/1.1 200 OK\r\n\r\n")));
}

#[test]
fn the_log_names_what_was_done() {
    assert_eq!(reset_in_body(9).to_string(), "reset after 9 bytes of the body");
    assert_eq!(hang().delayed(Duration::from_millis(5)).to_string(), "hang, delayed 5ms");
    assert_eq!(status(413).early().to_string(), "413 after the head");
}

#[test]
#[should_panic(expected = "the body has only 3 bytes")]
fn a_truncation_that_cuts_nothing_is_refused() {
    assert_sensible(&status(200).body("abc").truncated_after(3));
}

#[test]
#[should_panic(expected = "no body to stop inside")]
fn hanging_inside_no_body_is_refused() {
    assert_sensible(&status(200).hanging_inside());
}

#[test]
#[should_panic(expected = "reset on connect has no place for a header")]
fn a_fault_has_no_headers() {
    let _ = reset_on_connect().header("retry-after", "1");
}

#[test]
#[should_panic(expected = "hang on connect has no place for a body")]
fn a_fault_has_no_body_to_truncate() {
    let _ = hang_on_connect().truncated_after(1);
}

#[test]
#[should_panic(expected = "close after the head is early already")]
fn a_fault_on_the_head_cannot_be_made_earlier() {
    let _ = close_after_head().early();
}

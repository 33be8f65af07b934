use std::io::{Read, Write};

use super::*;
use crate::record::State;
use crate::test_client::{
    Ended, body, connect, exchange, impatient, post, read_to_end, read_until, send, unfinished_post,
};
use crate::*;

/// What a client sees that sends a whole request, and the body that was recorded.
fn after_whole_request(answer: Answer) -> (String, Ended, Vec<u8>) {
    let endpoint = MockEndpoint::script([answer]);
    let (answer, ended) = exchange(&endpoint, &post("abcdef"));
    let [request] = endpoint.requests();
    assert!(request.body_complete);
    (answer, ended, request.body)
}

#[test]
fn close_on_connect_sends_a_fin_and_records_no_request() {
    let endpoint = MockEndpoint::script([close_on_connect()]);
    assert_eq!(exchange(&endpoint, &post("")), (String::new(), Ended::Fin));
    let [] = endpoint.requests();
}

#[test]
fn reset_on_connect_sends_an_rst_and_records_no_request() {
    let endpoint = MockEndpoint::script([reset_on_connect()]);
    assert_eq!(exchange(&endpoint, ""), (String::new(), Ended::Rst));
    let [] = endpoint.requests();
}

#[test]
fn hang_on_connect_reads_nothing_and_sees_the_client_leave() {
    let endpoint = MockEndpoint::script([hang_on_connect()]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &post("abc"));
    endpoint.wait_for_hanging(1);
    impatient(&stream);

    assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));
    let [] = endpoint.requests();

    drop(stream);
    endpoint.wait_for_hanging(0);
}

#[test]
fn hang_reads_the_request_and_sees_the_client_leave() {
    let endpoint = MockEndpoint::script([hang()]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &post("abc"));
    endpoint.wait_for_hanging(1);
    impatient(&stream);

    assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));
    let [request] = endpoint.requests();
    assert_eq!(request.text(), "abc");

    drop(stream);
    endpoint.wait_for_hanging(0);
}

#[test]
fn close_after_head_does_not_wait_for_the_body() {
    let endpoint = MockEndpoint::script([close_after_head()]);
    assert_eq!(exchange(&endpoint, &unfinished_post(10, "")), (String::new(), Ended::Fin));
    let [request] = endpoint.requests();
    assert!(!request.body_complete);
}

#[test]
fn reset_after_head_does_not_wait_for_the_body() {
    let endpoint = MockEndpoint::script([reset_after_head()]);
    assert_eq!(exchange(&endpoint, &unfinished_post(10, "")), (String::new(), Ended::Rst));
    let [request] = endpoint.requests();
    assert!(!request.body_complete);
}

#[test]
fn close_in_body_keeps_what_came_before() {
    let endpoint = MockEndpoint::script([close_in_body(3)]);
    assert_eq!(exchange(&endpoint, &unfinished_post(100, "abcdef")), (String::new(), Ended::Fin));
    let [request] = endpoint.requests();
    assert_eq!((request.text(), request.body_complete), ("abc", false));
}

#[test]
fn reset_in_body_keeps_what_came_before() {
    let endpoint = MockEndpoint::script([reset_in_body(3)]);
    assert_eq!(exchange(&endpoint, &unfinished_post(100, "abcdef")), (String::new(), Ended::Rst));
    let [request] = endpoint.requests();
    assert_eq!((request.text(), request.body_complete), ("abc", false));
}

#[test]
fn a_fault_after_the_last_byte_of_the_body_has_all_of_it() {
    assert_eq!(after_whole_request(close_in_body(6)), (String::new(), Ended::Fin, b"abcdef".to_vec()));
    assert_eq!(after_whole_request(reset_in_body(7)), (String::new(), Ended::Rst, b"abcdef".to_vec()));
}

#[test]
fn close_after_request_has_all_of_it() {
    assert_eq!(after_whole_request(close_after_request()), (String::new(), Ended::Fin, b"abcdef".to_vec()));
}

#[test]
fn reset_after_request_has_all_of_it() {
    assert_eq!(after_whole_request(reset_after_request()), (String::new(), Ended::Rst, b"abcdef".to_vec()));
}

#[test]
fn a_truncated_body_stops_short_of_its_length() {
    let (answer, ended, _) = after_whole_request(status(200).body("0123456789").truncated_after(4));
    assert!(answer.contains("\r\ncontent-length: 10\r\n"), "{answer}");
    assert_eq!((body(&answer), ended), ("0123", Ended::Fin));
}

#[test]
fn a_content_length_may_be_wrong_both_ways() {
    for length in [2, 20] {
        let (answer, ended, _) = after_whole_request(status(200).body("0123456789").content_length(length));
        assert!(answer.contains(&format!("\r\ncontent-length: {length}\r\n")), "{answer}");
        assert_eq!((body(&answer), ended), ("0123456789", Ended::Fin));
    }
}

#[test]
fn hanging_inside_stops_in_the_middle_of_the_body() {
    let endpoint = MockEndpoint::script([status(200).body("0123456789").hanging_inside()]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &post(""));
    read_until(&mut stream, "\r\n\r\n01234");
    endpoint.wait_for_hanging(1);
    impatient(&stream);

    assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));

    drop(stream);
    endpoint.wait_for_hanging(0);
}

#[test]
fn reset_inside_answer_comes_after_a_part_of_the_body() {
    let (answer, ended, _) = after_whole_request(reset_inside_answer());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && !body(&answer).is_empty(), "{answer}");
    assert_eq!(ended, Ended::Rst);
}

#[test]
fn garbage_is_sent_as_it_is() {
    assert_eq!(after_whole_request(garbage("rubbish\n")), ("rubbish\n".into(), Ended::Fin, b"abcdef".to_vec()));
}

/// More than the sockets' buffers hold: such a body cannot have been read by the kernel in the endpoint's place.
const LARGE_BODY_BYTES: usize = 64 * 1024 * 1024;

#[test]
fn an_early_answer_leaves_the_body_unread() {
    let endpoint = MockEndpoint::script([status(413).body("too large").early()]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &unfinished_post(LARGE_BODY_BYTES, "abc"));

    let (answer, ended) = read_to_end(&mut stream);

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!((body(&answer), ended), ("too large", Ended::Fin));
    let [request] = endpoint.requests();
    assert!(request.body.is_empty() && !request.body_complete);
    stream.set_write_timeout(Some(Duration::from_millis(100))).expect("the limit is not zero");
    let stuck = stream.write_all(&vec![b'x'; LARGE_BODY_BYTES]).expect_err("nobody reads it");
    assert_eq!(stuck.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn an_early_reset_fails_the_writing_and_keeps_the_answer_readable() {
    let endpoint = MockEndpoint::script([status(413).body("too large").early_reset()]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &unfinished_post(LARGE_BODY_BYTES, ""));

    let failed = stream.write_all(&vec![b'x'; LARGE_BODY_BYTES]).expect_err("the connection is reset");

    assert!(matches!(failed.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{failed}");
    assert_eq!(body(&read_to_end(&mut stream).0), "too large");
}

#[test]
fn an_endless_body_ends_when_the_client_leaves() {
    let endpoint = MockEndpoint::script([endless_body()]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &post(""));
    let mut taken = vec![0; 8 * ENDLESS_CHUNK_BYTES];
    stream.read_exact(&mut taken).expect("it goes on");
    assert!(taken.starts_with(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4000\r\nxxx"));

    drop(stream);

    let ended = |state: &State| state.listing("").contains("the client left");
    assert!(ended(&endpoint.record.wait_until(ended)));
}

#[test]
fn a_slow_body_takes_its_time_and_is_whole() {
    let pause = Duration::from_millis(3);
    let began = std::time::Instant::now();

    let (answer, ended, _) = after_whole_request(slow_body("0123456789", pause));

    assert_eq!((body(&answer), ended), ("0123456789", Ended::Fin));
    assert!(began.elapsed() >= 10 * pause);
}

#[test]
fn a_fault_may_be_delayed() {
    let delay = Duration::from_millis(20);
    let began = std::time::Instant::now();
    assert_eq!(after_whole_request(reset_after_request().delayed(delay)).1, Ended::Rst);
    assert!(began.elapsed() >= delay);
}

#[test]
fn a_delay_inside_a_body_leaves_the_rest_of_it_unread() {
    let endpoint = MockEndpoint::script([close_in_body(3).delayed(Duration::from_millis(20))]);
    assert_eq!(exchange(&endpoint, &unfinished_post(6, "abcdef")), (String::new(), Ended::Fin));
    let [request] = endpoint.requests();
    assert_eq!((request.text(), request.body_complete), ("abc", false));
}

//! The script, the record and the endpoint's life. Each fault is tested beside the code that acts it out.

use std::time::Duration;

use super::test_client::{Ended, body, connect, exchange, post, read_to_end, read_until, send, unfinished_post};
use super::*;

fn panic_of(run: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).expect_err("it panics");
    *panic.downcast::<String>().expect("the panic has a formatted message")
}

#[test]
fn it_can_be_shared_between_threads() {
    fn assert_shareable<T: Send + Sync>() {}
    assert_shareable::<MockEndpoint>();
}

#[test]
fn a_request_is_recorded_as_it_came() {
    let endpoint = MockEndpoint::script([status(200)]);

    exchange(&endpoint, &post(r#"{"a": 1}"#));

    let [request] = endpoint.requests();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook"));
    assert_eq!(request.query.as_deref(), Some("a=b"));
    assert_eq!(request.header("Host"), Some("x"));
    assert_eq!(request.json()["a"], 1);
    assert!(request.body_complete);
}

#[test]
fn an_answer_comes_as_it_was_scripted() {
    let endpoint = MockEndpoint::script([retry_after(503, "7").body("busy")]);

    let (answer, ended) = exchange(&endpoint, &post(""));

    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.contains("\r\nretry-after: 7\r\n") && answer.contains("\r\ncontent-length: 4\r\n"), "{answer}");
    assert_eq!((body(&answer), ended), ("busy", Ended::Fin));
}

#[test]
fn a_redirect_has_a_location() {
    let endpoint = MockEndpoint::script([redirect(302, "/elsewhere")]);

    let (answer, _) = exchange(&endpoint, &post(""));

    assert!(answer.contains("\r\nlocation: /elsewhere\r\n"), "{answer}");
}

#[test]
fn requests_of_one_connection_take_one_answer_each() {
    let endpoint = MockEndpoint::script([status(200).body("first"), status(500).body("second"), close_on_connect()]);
    let mut stream = connect(&endpoint);

    send(&mut stream, &unfinished_post(1, "1"));
    read_until(&mut stream, "first");
    send(&mut stream, &unfinished_post(1, "2"));
    read_until(&mut stream, "second");
    send(&mut stream, &unfinished_post(1, "3"));

    assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Fin));
    let [first, second, third] = endpoint.requests();
    assert_eq!((first.text(), second.text(), third.text()), ("1", "2", ""));
    assert_eq!(endpoint.connections(), 1);
}

#[test]
fn connections_are_counted() {
    let endpoint = MockEndpoint::script([status(200), close_on_connect(), status(200)]);

    for _ in 0..3 {
        exchange(&endpoint, &post(""));
    }

    assert_eq!(endpoint.connections(), 3);
    let [_, _] = endpoint.requests();
}

#[test]
fn an_answer_that_is_repeated_may_go_unused() {
    let endpoint = MockEndpoint::always(status(202));
    for _ in 0..3 {
        assert!(exchange(&endpoint, &post("")).0.starts_with("HTTP/1.1 202"));
    }
    drop(endpoint);
    drop(MockEndpoint::always(status(200)));
}

#[test]
fn answers_to_the_first_requests_go_before_the_repeated_one() {
    let endpoint = MockEndpoint::first_then([status(503), status(429)], status(200));
    for code in [503, 429, 200, 200] {
        assert!(exchange(&endpoint, &post("")).0.starts_with(&format!("HTTP/1.1 {code}")));
    }
    drop(MockEndpoint::first_then([status(503)], status(200)));
}

#[test]
fn a_delayed_answer_waits_and_its_request_is_there_before() {
    let delay = Duration::from_millis(40);
    let endpoint = MockEndpoint::script([status(200).delayed(delay)]);
    let began = std::time::Instant::now();
    let mut stream = connect(&endpoint);
    send(&mut stream, &post("x"));

    assert_eq!(endpoint.wait_for_requests(1)[0].text(), "x");
    read_to_end(&mut stream);

    assert!(began.elapsed() >= delay);
}

#[test]
fn a_client_that_does_not_wait_for_its_answer_is_in_the_log() {
    let endpoint = MockEndpoint::script([status(200).delayed(WAIT_LIMIT)]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &post("x"));
    endpoint.wait_for_requests(1);

    drop(stream);

    let left = |state: &State| state.listing("").contains("the client left");
    assert!(left(&endpoint.record.wait_until(left)));
    let [request] = endpoint.requests();
    assert!(request.body_complete);
}

#[test]
fn a_body_that_breaks_off_is_recorded_as_far_as_it_came() {
    let endpoint = MockEndpoint::script([status(200)]);
    let mut stream = connect(&endpoint);
    send(&mut stream, &unfinished_post(100, "abc"));
    drop(stream);

    let [request] = endpoint.wait_for_requests(1).try_into().expect("one request was sent");

    assert_eq!((request.text(), request.body_complete), ("abc", false));
}

#[test]
fn what_is_not_scripted_is_answered_500_and_fails_the_test() {
    let endpoint = MockEndpoint::script([]);

    let (answer, _) = exchange(&endpoint, &post("surprise"));

    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    let message = panic_of(|| drop(endpoint));
    assert!(message.contains("POST /hook?a=b") && message.contains("surprise"), "{message}");
}

#[test]
fn an_unused_answer_fails_the_test() {
    let endpoint = MockEndpoint::script([status(200), retry_after(429, "2")]);
    exchange(&endpoint, &post(""));

    let message = panic_of(|| drop(endpoint));

    assert!(message.contains("not used: 429 retry-after: 2"), "{message}");
}

#[test]
fn a_failing_test_is_not_failed_again() {
    let message = panic_of(|| {
        let _endpoint = MockEndpoint::script([status(200)]);
        std::panic::panic_any("the test itself".to_owned());
    });
    assert_eq!(message, "the test itself");
}

#[test]
fn a_wrong_number_of_requests_is_listed() {
    let endpoint = MockEndpoint::script([status(200)]);
    exchange(&endpoint, &post("one"));

    let message = panic_of(|| drop(endpoint.requests::<2>()));

    assert!(message.starts_with("1 request(s) arrived, expected 2") && message.contains("\"one\""), "{message}");
}

#[test]
fn a_connection_without_a_request_takes_no_answer() {
    let endpoint = MockEndpoint::script([status(200)]);

    drop(connect(&endpoint));

    assert!(exchange(&endpoint, &post("")).0.starts_with("HTTP/1.1 200"));
}

#[test]
fn dropping_it_ends_every_connection() {
    let endpoint = MockEndpoint::script([hang(), hang_on_connect(), slow_body("ab", WAIT_LIMIT)]);
    let mut hanging = connect(&endpoint);
    send(&mut hanging, &post(""));
    endpoint.wait_for_hanging(1);
    let mut unread = connect(&endpoint);
    endpoint.wait_for_hanging(2);
    let mut slow = connect(&endpoint);
    send(&mut slow, &post(""));
    read_until(&mut slow, "\r\n\r\n");

    drop(endpoint);

    for stream in [&mut hanging, &mut unread, &mut slow] {
        assert_ne!(read_to_end(stream).1, Ended::Silence);
    }
}

#[test]
fn ipv6_is_served_too() {
    let endpoint = MockEndpoint::script_ipv6([status(200)]);

    assert!(endpoint.url().starts_with("http://[::1]:"));
    assert!(exchange(&endpoint, &post("")).0.starts_with("HTTP/1.1 200"));
}

#[test]
fn nothing_listens_at_a_dead_url() {
    let url = dead_url();
    let address = url.strip_prefix("http://").expect("it is a URL");

    let error = std::net::TcpStream::connect(address).expect_err("nothing listens");

    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(url, dead_url());
}

#[test]
fn a_header_may_be_sent_twice() {
    let endpoint = MockEndpoint::script([status(200).header("x-twice", "1").header("x-twice", "2")]);

    let (answer, _) = exchange(&endpoint, &post(""));

    assert!(answer.contains("\r\nx-twice: 1\r\nx-twice: 2\r\n"), "{answer}");
}

#[test]
fn a_chunked_body_is_recorded_without_its_chunks() {
    let endpoint = MockEndpoint::script([status(200)]);
    let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";

    exchange(&endpoint, chunked);

    let [request] = endpoint.requests();
    assert_eq!((request.text(), request.body_complete), ("abc", true));
}

#[test]
fn a_fault_on_connect_may_be_repeated() {
    let endpoint = MockEndpoint::always(close_on_connect());
    for _ in 0..2 {
        assert_eq!(exchange(&endpoint, &post("")), (String::new(), Ended::Fin));
    }
    assert_eq!((endpoint.connections(), endpoint.all_requests().len()), (2, 0));
}

#[test]
fn requests_at_the_same_time_take_one_answer_each() {
    let endpoint = MockEndpoint::script((0..8).map(|number| status(200).body(number.to_string())));

    let mut bodies = thread::scope(|scope| {
        let clients = [(); 8].map(|()| scope.spawn(|| body(&exchange(&endpoint, &post("x")).0).to_owned()));
        clients.map(|client| client.join().expect("a client does not panic"))
    });

    bodies.sort();
    assert_eq!(bodies.concat(), "01234567");
}

#[test]
fn what_is_not_http_is_in_the_log() {
    let endpoint = MockEndpoint::script([]);

    exchange(&endpoint, "\u{16}\u{3}\u{1} hello\r\n\r\n");

    let message = panic_of(|| drop(endpoint.requests::<1>()));
    assert!(message.contains("not HTTP"), "{message}");
}

#[test]
fn a_request_is_listed_with_the_status_of_its_answer_whether_it_was_answered_or_not() {
    let endpoint = MockEndpoint::script([status(200), reset_after_request(), retry_after(503, "1").early_reset()]);
    for _ in 0..3 {
        exchange(&endpoint, &post("{}"));
    }

    let statuses: Vec<_> = endpoint.exchanges().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [Some(200), None, Some(503)]);
}

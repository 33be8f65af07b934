use std::time::Duration;

use ::fuzz::Fuzz;

use super::*;

fn request(host: &str, origin: Option<&str>) -> Request {
    let headers = [("host", Some(host)), ("origin", origin)];
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    Request {
        version: "HTTP/1.1".to_owned(),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: None,
        headers: headers.collect(),
        body: Vec::new(),
        body_complete: true,
        arrived: Duration::ZERO,
    }
}

fn hosts() -> Fuzz {
    Fuzz::new().seeds(["127.0.0.1:8080", "localhost", "[::1]:1", "http://localhost:1", "a.example"]).words([
        "127.0.0.1",
        "localhost",
        "[::1]",
        ":",
        "@",
        "/",
        "\\",
        ".",
        "#",
        "?",
        "%2e",
        "LOCALHOST",
        "http://",
        "null",
    ])
}

/// Whatever name an attacker gives to 127.0.0.1, a browser sends that name.
#[test]
fn a_request_is_for_loopback_by_its_name_and_a_port() {
    hosts().texts(|host| {
        if is_for_loopback(&request(host, None)) {
            let host = host.to_ascii_lowercase();
            let rest = ["127.0.0.1", "localhost", "[::1]"].iter().find_map(|name| host.strip_prefix(name));
            let port = rest.expect("it begins with the name");
            let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
            assert!(port.is_empty() || port.strip_prefix(':').is_some_and(is_port), "{port}");
        }
    });
}

#[test]
fn a_page_of_another_site_is_told_by_its_origin() {
    hosts().texts(|origin| {
        let is_ours = !is_of_another_site(&request("localhost:1", Some(origin)));
        assert_eq!(is_ours, origin.starts_with("http://") && origin[7..].eq_ignore_ascii_case("localhost:1"));
    });
}

#[test]
fn any_cursor_is_one_of_ours_or_none() {
    Fuzz::new().seeds(["6f9619ff-8b86-4d01-b42d-00c04fc964ff.7", ".1", "x.+1"]).texts(|text| {
        if let Some(cursor) = Cursor::parse(text) {
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
    });
}

//! The server as programs and browsers see it: over a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use orchestra_dev::{FailRate, Options, Server, serve};

const PATIENCE: Duration = Duration::from_secs(10);
const ID: &str = "6f9619ff-8b86-4d01-b42d-00c04fc964ff";

fn start(options: Options) -> Server {
    serve(options).expect("a port is free")
}

fn authority(server: &Server) -> String {
    server.url().trim_start_matches("http://").trim_end_matches('/').to_owned()
}

fn send(server: &Server, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(authority(server)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("the limit is not zero");
    stream.write_all(request.as_bytes()).expect("the buffers have room");
    stream
}

/// Status and the whole answer.
fn exchange(server: &Server, request: &str) -> (u16, String) {
    let mut answer = String::new();
    send(server, request).read_to_string(&mut answer).expect("the answer is text, and comes to its end");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("an answer has a status");
    (status, answer)
}

fn get(server: &Server, path: &str, headers: &str) -> (u16, String) {
    let host = authority(server);
    exchange(server, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n"))
}

fn post(server: &Server, headers: &str, body: &str) -> (u16, String) {
    let (host, length) = (authority(server), body.len());
    let head = format!("POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    exchange(server, &format!("{head}content-type: application/json\r\n{headers}\r\n{body}"))
}

fn update(status: &str) -> String {
    format!(r#"{{"event_type": "UPDATE_STATUS", "metadata": {{}}, "task_run_id": "{ID}", "status": "{status}"}}"#)
}

fn report(server: &Server, status: &str) -> u16 {
    post(server, "authorization: Bearer dev\r\n", &update(status)).0
}

/// A page's feed.
struct Feed(BufReader<TcpStream>);

/// The `id`, `event` and `data` of a message.
#[derive(Debug)]
struct Message {
    id: String,
    event: String,
    data: serde_json::Value,
}

impl Feed {
    fn open(server: &Server, last_seen: &str) -> Self {
        let host = authority(server);
        let stream =
            send(server, &format!("GET /events HTTP/1.1\r\nhost: {host}\r\nlast-event-id: {last_seen}\r\n\r\n"));
        Self(BufReader::new(stream))
    }

    /// The next message, whatever pieces it came in.
    fn next(&mut self) -> Message {
        let mut message = Message { id: String::new(), event: String::new(), data: serde_json::Value::Null };
        let mut line = String::new();
        while {
            line.clear();
            self.0.read_line(&mut line).expect("there is a next line") > 0
        } {
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => message.id = id.to_owned(),
                Some(("event", event)) => message.event = event.to_owned(),
                Some(("data", data)) => message.data = serde_json::from_str(data).expect("data is JSON"),
                _ if !message.event.is_empty() => return message,
                _ => {}
            }
        }
        panic!("the feed ended");
    }

    fn until(&mut self, event: &str) -> Vec<Message> {
        let mut all = vec![self.next()];
        while all.last().is_none_or(|message| message.event != event) {
            all.push(self.next());
        }
        all
    }
}

#[test]
fn a_report_over_the_webhook_is_taken() {
    let server = start(Options::default());
    let (status, answer) = post(&server, "authorization: Bearer dev\r\n", &update("RUNNING"));
    assert_eq!((status, answer.ends_with("\r\n\r\n{}")), (200, true), "{answer}");
}

#[test]
fn a_report_over_the_jobs_protocol_is_taken() {
    let server = start(Options::default());
    let body = format!(r#"{{"correlation_id": "{ID}", "status": "Running", "stage": "etl"}}"#);
    let (host, length) = (authority(&server), body.len());
    let (status, _) = exchange(
        &server,
        &format!(
            "POST /jobs/sdk/sdk_receive?clientid=acme HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             authorization: Basic dev\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    );
    assert_eq!(status, 200);
}

#[test]
fn a_refusal_says_why() {
    let server = start(Options::default());
    let (status, answer) = post(&server, "authorization: Bearer dev\r\n", &update("DONE"));
    assert_eq!((status, answer.contains("Unknown status “DONE”")), (400, true), "{answer}");
    assert_eq!(post(&server, "authorization: Bearer dev\r\n", "{").0, 400);
    assert_eq!(post(&server, "", &update("RUNNING")).0, 401);
}

#[test]
fn a_wrong_key_is_refused() {
    let server = start(Options { key: Some("right".to_owned()), ..Options::default() });
    assert_eq!(post(&server, "authorization: Bearer wrong\r\n", &update("RUNNING")).0, 401);
    assert_eq!(post(&server, "authorization: Bearer right\r\n", &update("RUNNING")).0, 200);
}

#[test]
fn it_fails_and_delays_reports_as_asked() {
    let delay = Duration::from_millis(30);
    let fail_rate = FailRate::try_from(1.0).expect("it is a rate");
    let status = 429.try_into().expect("it is a status");
    let server = start(Options { fail_rate, status, delay, ..Options::default() });
    let began = Instant::now();
    assert_eq!(report(&server, "RUNNING"), 429);
    assert!(began.elapsed() >= delay);
    assert_eq!(get(&server, "/", "").0, 200, "the page is not a report");
}

#[test]
fn a_page_is_told_of_each_report_as_it_comes() {
    let server = start(Options::default());
    let mut feed = Feed::open(&server, "");
    assert_eq!(feed.until("ready")[0].event, "reset");

    report(&server, "RUNNING");

    let [event, run] = [feed.next(), feed.next()];
    assert_eq!((event.event.as_str(), run.event.as_str()), ("event", "run"));
    assert_eq!((&event.data["run"], &event.data["event"]["label"]), (&run.data["id"], &"RUNNING".into()));
    assert_eq!(run.data["state"], "running");
}

#[test]
fn a_page_that_comes_later_is_told_of_earlier_reports() {
    let server = start(Options::default());
    report(&server, "RUNNING");
    report(&server, "SUCCEEDED");
    let events = Feed::open(&server, "").until("ready");
    let labels: Vec<_> = events
        .iter()
        .filter(|message| message.event == "event")
        .map(|message| &message.data["event"]["label"])
        .collect();
    assert_eq!(labels, ["RUNNING", "SUCCEEDED"]);
}

#[test]
fn a_page_that_was_away_resumes_behind_what_it_has() {
    let server = start(Options::default());
    report(&server, "RUNNING");
    let last_seen = Feed::open(&server, "").until("ready").pop().expect("it is there").id;
    report(&server, "SUCCEEDED");

    let [event, run] = Feed::open(&server, &last_seen).until("run").try_into().expect("one event, and its run");

    assert_eq!((&event.data["event"]["label"], &run.data["state"]), (&"SUCCEEDED".into(), &"succeeded".into()));
}

#[test]
fn a_page_of_an_earlier_server_starts_over() {
    let (old, new) = (start(Options::default()), start(Options::default()));
    let last_seen = Feed::open(&old, "").until("ready").pop().expect("it is there").id;
    assert_eq!(Feed::open(&new, &last_seen).next().event, "reset");
}

#[test]
fn pages_have_a_limit_and_make_room_when_they_leave() {
    let server = start(Options::default());
    let mut feeds: Vec<_> = (0..orchestra_dev::PAGES).map(|_| Feed::open(&server, "")).collect();
    feeds.iter_mut().for_each(|feed| drop(feed.until("ready")));
    assert_eq!(get(&server, "/events", "").0, 503);

    drop(feeds);

    let until = Instant::now() + PATIENCE;
    loop {
        let mut answer = [0; 12];
        let host = authority(&server);
        let mut stream = send(&server, &format!("GET /events HTTP/1.1\r\nhost: {host}\r\n\r\n"));
        stream.read_exact(&mut answer).expect("an answer comes");
        if answer.ends_with(b"200") {
            break;
        }
        assert!(Instant::now() < until, "no page that left made room");
    }
}

#[test]
fn the_key_is_told_to_nobody() {
    let server = start(Options::default());
    post(&server, "authorization: Bearer s3cret-key\r\n", &update("RUNNING"));
    post(&server, "authorization: Bearer s3cret-key\r\n", "s3cret-key");
    let told = Feed::open(&server, "").until("ready");
    assert!(!format!("{told:?}").contains("s3cret-key"));
    assert!(format!("{told:?}").contains("present"));
}

#[test]
fn only_the_names_of_loopback_are_answered() {
    let server = start(Options::default());
    let with = |host: &str| exchange(&server, &format!("GET / HTTP/1.1\r\n{host}connection: close\r\n\r\n")).0;
    for good in ["127.0.0.1", "localhost:80", "LOCALHOST", "[::1]:8000"] {
        assert_eq!(with(&format!("host: {good}\r\n")), 200, "{good}");
    }
    for bad in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "a@localhost", "[::1]a80", ""] {
        assert_eq!(with(&format!("host: {bad}\r\n")), 421, "{bad}");
    }
    assert_eq!(with("host: localhost\r\nhost: evil.example\r\n"), 421);
}

#[test]
fn pages_of_other_sites_are_refused() {
    let server = start(Options::default());
    let own = server.url().trim_end_matches('/').to_owned();
    assert_eq!(get(&server, "/events", "origin: https://evil.example\r\n").0, 403);
    assert_eq!(get(&server, "/", "origin: null\r\n").0, 403);
    assert_eq!(get(&server, "/", &format!("origin: {own}\r\n")).0, 200);
}

#[test]
fn other_methods_and_paths_are_refused() {
    let server = start(Options::default());
    assert_eq!(get(&server, "/nothing", "").0, 404);
    assert_eq!(get(&server, "/jobs/sdk/sdk_receive", "").0, 405);
    let host = authority(&server);
    let (status, answer) =
        exchange(&server, &format!("DELETE / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
    assert_eq!((status, answer.contains("\r\nallow: GET, HEAD, POST\r\n")), (405, true), "{answer}");
}

#[test]
fn the_page_runs_only_its_own_script() {
    let server = start(Options::default());
    let (_, first) = get(&server, "/", "");
    let (_, second) = get(&server, "/", "");
    let policy = |page: &str| page.lines().find(|line| line.starts_with("content-security-policy:")).map(str::to_owned);
    let policy_of_first = policy(&first).expect("there is a policy");
    assert!(policy_of_first.contains("default-src 'none'; script-src 'nonce-"), "{policy_of_first}");
    assert!(!policy_of_first.contains("unsafe"));
    assert_ne!(Some(policy_of_first), policy(&second), "a nonce is used once");
}

#[test]
fn the_environment_is_for_a_new_run_each_time() {
    let server = start(Options::default());
    let (one, other) = (server.environment(), server.environment());
    assert!(
        one.starts_with(&format!(
            "export ORCHESTRA_WEBHOOK_URL={}\nexport ORCHESTRA_API_KEY=local-key\n",
            server.url()
        ))
    );
    assert_ne!(one, other);
}

#[test]
fn a_key_that_was_given_is_not_printed() {
    let server = start(Options { key: Some("s3cret-key".to_owned()), ..Options::default() });
    assert!(!server.environment().contains("s3cret-key"));
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let server = start(Options::default());
    let port = authority(&server).rsplit(':').next().and_then(|port| port.parse().ok()).expect("there is a port");
    assert!(serve(Options { port, ..Options::default() }).is_err());
}

#[test]
fn dropping_it_ends_its_feeds() {
    let server = start(Options::default());
    let mut feed = Feed::open(&server, "");
    feed.until("ready");
    drop(server);
    let mut rest = String::new();
    // A reset is fine, too: the feed is over.
    let _ = feed.0.read_to_string(&mut rest);
    assert!(!rest.contains("event:"));
}

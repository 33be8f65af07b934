//! A real HTTP/1.1 server on loopback that follows a script: answers in, requests out.
//!
//! Each request takes the script's next answer, in the order of arrival. A request that was not scripted is answered
//! `500` and fails the test when the endpoint is dropped, and so does an answer that was not used. An answer may be a fault: a reset,
//! a truncated body, silence. One that strikes [on connect](close_on_connect) is taken by the next connection, before
//! anything is read from it; if a connection is there already (kept alive, or opened while an earlier answer was due), by
//! its next request's head.
//!
//! The server runs in a thread of its own, and ends with the endpoint. Nothing here waits longer than [`WAIT_LIMIT`],
//! unless the script says so.
//!
//! ```
//! # use mock_endpoint::{MockEndpoint, status};
//! # use std::io::{Read, Write};
//! # use std::net::TcpStream;
//! let endpoint = MockEndpoint::script([status(201).body("made")]);
//!
//! let mut client = TcpStream::connect(endpoint.address())?;
//! client.write_all(b"POST /things HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//!
//! assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"));
//! let [request] = endpoint.requests();
//! assert_eq!((request.path.as_str(), request.json()), ("/things", serde_json::json!({})));
//! # std::io::Result::Ok(())
//! ```

mod act;
mod connection;
mod delivery;
mod fault;
mod record;
#[cfg(test)]
mod test_client;
#[cfg(test)]
mod tests;
mod tls;
mod unreachable;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, MutexGuard};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use connection::Scripted;
use fault::assert_sensible;
use orchestra_endpoint::ServerThread;
use record::{Record, Script, State};
use tls::{Authority, HTTP2, Tls};

pub use connection::{Http2, LastRequest};
pub use fault::{
    Answer, Fault, Faulty, close_after_head, close_after_request, close_in_body, close_on_connect, endless_body,
    garbage, hang, hang_in_body, hang_on_connect, reset_after_head, reset_after_request, reset_in_body,
    reset_inside_answer, reset_on_connect, slow_body,
};
pub use orchestra_endpoint::{
    KEPT_BODY_BYTES, LiveEndpoint, Reply, Request, Respond, Response, redirect, retry_after, status,
};
pub use record::WAIT_LIMIT;
pub use unreachable::{dead_url, full_url};

/// The server and its script. Dropping it ends the server, prints a log, and panics if the script was not followed to
/// the letter.
pub struct MockEndpoint {
    authority: Option<Authority>,
    record: Arc<Record>,
    server: ServerThread,
}

impl MockEndpoint {
    /// Plain HTTP on 127.0.0.1.
    #[track_caller]
    pub fn script(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), once(answers), None)
    }

    /// Plain HTTP on \[::1\].
    #[track_caller]
    pub fn script_ipv6(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start(Ipv6Addr::LOCALHOST.into(), once(answers), None)
    }

    /// HTTPS on 127.0.0.1, with a certificate for `127.0.0.1`, `::1` and `localhost`, signed by an
    /// [authority](Self::certificate_authority) that nobody else has.
    ///
    /// A handshake that fails takes no answer, and does not fail the test.
    #[track_caller]
    pub fn script_tls(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::script_tls_named(&[], answers)
    }

    /// As [`script_tls`](Self::script_tls), with further names in the certificate: those by which clients behind a proxy
    /// know it.
    #[track_caller]
    pub fn script_tls_named(names: &[&str], answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), once(answers), Some(Tls::on_loopback(names, "http/1.1")))
    }

    /// As [`script_tls`](Self::script_tls), but over HTTP/2, and without faults.
    ///
    /// # Panics
    ///
    /// If one of the answers is a fault.
    #[track_caller]
    pub fn script_http2(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<Answer> = answers.into_iter().collect();
        assert!(answers.iter().all(|answer| matches!(answer.reply, Reply::Http(_))), "there are no faults over HTTP/2");
        Self::start(Ipv4Addr::LOCALHOST.into(), once(answers), Some(Tls::on_loopback(&[], HTTP2)))
    }

    /// As [`script_http2`](Self::script_http2), with the same answer to any number of requests, and limits as servers have
    /// them.
    ///
    /// # Panics
    ///
    /// If the answer is a fault.
    #[track_caller]
    pub fn always_http2(answer: Answer, limits: Http2) -> Self {
        assert!(matches!(answer.reply, Reply::Http(_)), "there are no faults over HTTP/2");
        let script = Script { first: VecDeque::new(), then: Some(answer) };
        Self::start_limited(Ipv4Addr::LOCALHOST.into(), script, Some(Tls::on_loopback(&[], HTTP2)), limits)
    }

    /// Plain HTTP on 127.0.0.1, with the same answer to any number of requests.
    #[track_caller]
    pub fn always(answer: Answer) -> Self {
        Self::first_then([], answer)
    }

    /// Plain HTTP on 127.0.0.1, with an answer each to the first requests, and another to all that follow. Unused answers
    /// do not fail the test.
    #[track_caller]
    pub fn first_then(first: impl IntoIterator<Item = Answer>, then: Answer) -> Self {
        let first: VecDeque<Answer> = first.into_iter().collect();
        for answer in first.iter().chain([&then]) {
            assert_sensible(answer);
        }
        Self::start(Ipv4Addr::LOCALHOST.into(), Script { first, then: Some(then) }, None)
    }

    /// Plain HTTP on \[::1\], otherwise as [`always`](Self::always).
    #[track_caller]
    pub fn always_ipv6(answer: Answer) -> Self {
        assert_sensible(&answer);
        Self::start(Ipv6Addr::LOCALHOST.into(), Script { first: VecDeque::new(), then: Some(answer) }, None)
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The DER of the certificate authority that a client has to trust.
    ///
    /// # Panics
    ///
    /// If the endpoint has no TLS.
    #[track_caller]
    pub fn certificate_authority(&self) -> Vec<u8> {
        self.authority.as_ref().expect("the endpoint was made by script_tls").der.clone()
    }

    /// The same certificate as a file has it: PEM (RFC 7468).
    ///
    /// # Panics
    ///
    /// If the endpoint has no TLS.
    #[track_caller]
    pub fn certificate_authority_pem(&self) -> String {
        self.authority.as_ref().expect("the endpoint was made by script_tls").pem.clone()
    }

    /// The requests so far, exactly `N`. A request is there before its answer is sent and before its body is complete.
    ///
    /// # Panics
    ///
    /// With a listing, if there are fewer or more.
    #[track_caller]
    pub fn requests<const N: usize>(&self) -> [Request; N] {
        let state = self.record.state();
        let requests = state.requests();
        let count = requests.len();
        match requests.try_into() {
            Ok(requests) => requests,
            Err(_) => self.fail(&state, &format!("{count} request(s) arrived, expected {N}")),
        }
    }

    /// The requests so far, however many.
    pub fn all_requests(&self) -> Vec<Request> {
        self.record.state().requests()
    }

    /// The requests so far, each with the status of the answer that the script had for it, sent or not. A fault that sends no
    /// head has none.
    pub fn exchanges(&self) -> Vec<(Request, Option<u16>)> {
        self.record.state().exchanges()
    }

    /// Waits until at least `count` requests have arrived to their end: with all of their body, or with as much of it as
    /// will ever come. Returns all requests.
    ///
    /// # Panics
    ///
    /// With a listing, after [`WAIT_LIMIT`].
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        let state = self.wait_until(|state| state.settled_requests() >= count, &format!("{count} requests"));
        state.requests()
    }

    /// The time on the clock of [`Request::arrived`].
    pub fn elapsed(&self) -> Duration {
        self.record.started.elapsed()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.record.state().connections
    }

    /// How many connections hang at the moment, as scripted, with the client still connected.
    pub fn hanging(&self) -> usize {
        self.record.state().hanging
    }

    /// Waits until exactly `count` connections hang: 1 for "the client is stuck now", 0 for "it has given up, and left".
    ///
    /// # Panics
    ///
    /// With a listing, after [`WAIT_LIMIT`].
    #[track_caller]
    pub fn wait_for_hanging(&self, count: usize) {
        drop(self.wait_until(|state| state.hanging == count, &format!("{count} hanging connections")));
    }

    /// How many connections have begun to hang so far, for a simulated host to wait on.
    pub fn hangs(&self) -> watch::Receiver<usize> {
        self.record.hangs.subscribe()
    }

    #[track_caller]
    fn start(on: IpAddr, script: Script, tls: Option<Tls>) -> Self {
        Self::start_limited(on, script, tls, Http2::default())
    }

    #[track_caller]
    fn start_limited(on: IpAddr, script: Script, tls: Option<Tls>, limits: Http2) -> Self {
        let listener = TcpListener::bind((on, 0)).unwrap_or_else(|error| panic!("{on} cannot be listened on: {error}"));
        let record = Arc::new(Record::new(script));
        let (tls, authority) = tls.map(|tls| (tls.acceptor, tls.authority)).unzip();
        let service = Scripted { record: Arc::clone(&record), tls, limits };
        let server = ServerThread::start(listener, Arc::new(service)).expect("the server is started");
        Self { authority, record, server }
    }

    #[track_caller]
    fn wait_until(&self, holds: impl Fn(&State) -> bool, what: &str) -> MutexGuard<'_, State> {
        let state = self.record.wait_until(&holds);
        if !holds(&state) {
            self.fail(&state, &format!("waited for {what} in vain"));
        }
        state
    }

    #[track_caller]
    fn fail(&self, state: &State, why: &str) -> ! {
        panic!("{why}\n{}", state.listing(&self.url()));
    }
}

impl Drop for MockEndpoint {
    fn drop(&mut self) {
        self.server.stop();
        let ended = self.record.wait_until(|state| state.server_ended).server_ended;
        let in_order = ended && self.server.join();
        let state = self.record.state();
        let listing = state.listing(&self.url());
        let failure = if in_order { state.failure() } else { Some("the server did not end in order".to_owned()) };
        drop(state);
        println!("{listing}");
        if let Some(failure) = failure
            && !thread::panicking()
        {
            panic!("{failure}\n{listing}");
        }
    }
}

#[track_caller]
fn once(answers: impl IntoIterator<Item = Answer>) -> Script {
    let answers: VecDeque<Answer> = answers.into_iter().collect();
    for answer in &answers {
        assert_sensible(answer);
    }
    Script { first: answers, then: None }
}

//! The least of a client for the endpoint's own tests: it shows what a socket shows.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::MockEndpoint;

/// Long for loopback, short for whoever waits for a failing test.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// How an exchange ended for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Fin,
    Rst,
    /// Neither came, within the time that the test gave it.
    Silence,
}

pub(crate) fn connect(endpoint: &MockEndpoint) -> TcpStream {
    try_connect(endpoint).expect("the endpoint listens")
}

/// A reset on connect may be here before the connection is.
pub(crate) fn try_connect(endpoint: &MockEndpoint) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&endpoint.address(), READ_LIMIT)?;
    stream.set_read_timeout(Some(READ_LIMIT)).expect("the limit is not zero");
    stream.set_write_timeout(Some(READ_LIMIT)).expect("the limit is not zero");
    Ok(stream)
}

/// A POST on a connection of its own.
pub(crate) fn post(body: &str) -> String {
    format!("POST /hook?a=b HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The head of a POST whose body is `length` bytes, and some of them.
pub(crate) fn unfinished_post(length: usize, sent: &str) -> String {
    format!("POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{sent}")
}

/// Sends this on a new connection, and reads to the end.
pub(crate) fn exchange(endpoint: &MockEndpoint, sent: &str) -> (String, Ended) {
    match try_connect(endpoint) {
        Ok(mut stream) => {
            send(&mut stream, sent);
            read_to_end(&mut stream)
        }
        Err(error) if error.kind() == ErrorKind::ConnectionReset => (String::new(), Ended::Rst),
        Err(error) => panic!("connecting: {error}"),
    }
}

/// A connection that was reset may take nothing more, which shows in reading, too.
pub(crate) fn send(stream: &mut TcpStream, sent: &str) {
    match stream.write_all(sent.as_bytes()) {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {}
        Err(error) => panic!("writing: {error}"),
    }
}

pub(crate) fn read_to_end(stream: &mut TcpStream) -> (String, Ended) {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    let ended = loop {
        match stream.read(&mut piece) {
            Ok(0) => break Ended::Fin,
            Ok(count) => all.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break Ended::Rst,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break Ended::Silence,
            Err(error) => panic!("reading: {error}"),
        }
    };
    (String::from_utf8(all).expect("the tests send text"), ended)
}

/// Reads until what was read ends with this, and leaves the connection open.
pub(crate) fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(end.as_bytes()) {
        match stream.read(&mut byte) {
            Ok(1) => all.push(byte[0]),
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&all)),
        }
    }
    String::from_utf8(all).expect("the tests send text")
}

/// The body of an answer.
pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an answer has a head").1
}

/// Stops waiting for more after a moment: for answers that are not to come.
pub(crate) fn impatient(stream: &TcpStream) {
    stream.set_read_timeout(Some(Duration::from_millis(30))).expect("the limit is not zero");
}

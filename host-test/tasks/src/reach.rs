//! Ways out onto the network.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, IncomingResponse, OutgoingRequest, RequestOptions, Scheme};

/// An answer's body is read this often, and at most this much of it each time.
const READS: usize = 16;
const READ_BYTES: u64 = 64 * 1024;

/// A timeout that never fires here.
const OPTION_NANOSECONDS: u64 = 60_000_000_000;

/// A connection is listened to for at most this long, and at most this much of it is kept.
const HEARD_WITHIN: Duration = Duration::from_secs(10);
const HEARD_BYTES: u64 = 64 * 1024;

/// The status of the answer, or why there is none.
pub fn get(url: &str) -> String {
    ask(url, None).map_or_else(|why| why, |response| response.status().to_string())
}

/// As [`get`], this often, with options each time.
pub fn get_often(url: &str, times: u64) -> String {
    let mut got = String::new();
    for _ in 0..times {
        let options = RequestOptions::new();
        // What a host does not support it says here, and nothing depends on it.
        _ = options.set_connect_timeout(Some(OPTION_NANOSECONDS));
        got = ask(url, Some(options)).map_or_else(|why| why, |response| response.status().to_string());
    }
    got
}

/// All of the answer, or why there is none.
pub fn answer(url: &str) -> String {
    match ask(url, None) {
        Ok(response) => {
            let headers = response.headers().entries();
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
            format!("answered {} {headers:?} {:?}", response.status(), body(&response))
        }
        Err(why) => format!("no answer: {why}"),
    }
}

fn ask(url: &str, options: Option<RequestOptions>) -> Result<IncomingResponse, String> {
    let Some((authority, path)) = url.strip_prefix("http://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        return Err(format!("{url} cannot be asked by this task"));
    };
    let request = OutgoingRequest::new(Fields::new());
    request
        .set_scheme(Some(&Scheme::Http))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(&format!("/{path}"))))
        .map_err(|()| "no request can be made")?;
    let answer = handle(request, options).map_err(|error| format!("{error:?}"))?;
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => Ok(response),
        other => Err(format!("{other:?}")),
    }
}

fn body(response: &IncomingResponse) -> String {
    let mut kept = Vec::new();
    if let Ok(body) = response.consume()
        && let Ok(stream) = body.stream()
    {
        // The end of the body is an error, too.
        for piece in (0..READS).map_while(|_| stream.blocking_read(READ_BYTES).ok()) {
            kept.extend(piece);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// What comes on a connection, or why there is none.
pub fn connect(address: &str) -> String {
    match TcpStream::connect(address) {
        Ok(stream) => {
            let mut heard = Vec::new();
            let read = stream.set_read_timeout(Some(HEARD_WITHIN));
            let read = read.and_then(|()| stream.take(HEARD_BYTES).read_to_end(&mut heard));
            format!("connected, {read:?}: {:?}", String::from_utf8_lossy(&heard))
        }
        Err(error) => format!("no connection: {error}"),
    }
}

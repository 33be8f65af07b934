//! Ways out onto the network.

use std::net::TcpStream;

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, OutgoingRequest, Scheme};

/// The status of the answer, or why there is none.
pub fn get(url: &str) -> String {
    let Some((authority, path)) = url.strip_prefix("http://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        return format!("{url} is no URL for this task");
    };
    let request = OutgoingRequest::new(Fields::new());
    let made = request
        .set_scheme(Some(&Scheme::Http))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(&format!("/{path}"))));
    if made.is_err() {
        return "no request can be made".into();
    }
    let answer = match handle(request, None) {
        Ok(answer) => answer,
        Err(error) => return format!("{error:?}"),
    };
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => response.status().to_string(),
        other => format!("{other:?}"),
    }
}

/// Whether a connection is made, or why none is.
pub fn connect(address: &str) -> String {
    TcpStream::connect(address).map_or_else(|error| error.to_string(), |_| "connected".into())
}

//! Proxies, which the environment names.

use std::io::{BufRead, BufReader, Write, copy};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::{fs, io, thread};

use host_test::component;
use host_test::endpoint::{MockEndpoint, WAIT_LIMIT, dead_url, status};
use host_test::guest::{API_KEY, RUN_ID};

use crate::{file, orchestra, ran, reporting_to, statuses};

/// Orchestra's own host, which a run is reported to by default.
const ORCHESTRA: &str = "webhook.getorchestra.io";

/// Takes one connection, wherever it wants to go, to this address instead; and sends the line that it asked with (RFC 9110,
/// section 9.3.6).
fn proxy_to(address: SocketAddr) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on 127.0.0.1 is free");
    let here = listener.local_addr().expect("a listener has an address");
    let (sender, asked) = channel();
    // It ends with the connection; should there be none, with the tests.
    thread::spawn(move || -> io::Result<()> {
        let (mut client, _) = listener.accept()?;
        let mut lines = BufReader::new(client.try_clone()?).lines();
        _ = sender.send(lines.next().transpose()?.unwrap_or_default());
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let mut server = TcpStream::connect(address)?;
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || {
            // Whoever closes a connection in whatever way has nothing more to say.
            _ = copy(&mut from_client, &mut to_server);
            to_server.shutdown(Shutdown::Both)
        });
        _ = copy(&mut server, &mut client);
        client.shutdown(Shutdown::Both)
    });
    (here, asked)
}

/// In TLS with Orchestra itself, whose certificate a company's own authority may have signed anew.
#[test]
fn reports_go_through_a_proxy() {
    let task = file("through-a-proxy", component::test_task());
    let endpoint = MockEndpoint::script_tls_named(&[ORCHESTRA], vec![status(200); 2]);
    let authority = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proxy.pem");
    fs::write(&authority, endpoint.certificate_authority_pem()).unwrap();
    let (proxy, asked) = proxy_to(endpoint.address());
    let mut command = orchestra(&["run", &task, "--ca-file"]);
    command.arg(authority).env("HTTPS_PROXY", format!("http://{proxy}"));
    let (code, _, stderr) =
        ran(command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID).output());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(asked.recv_timeout(WAIT_LIMIT).unwrap(), format!("CONNECT {ORCHESTRA}:443 HTTP/1.1"));
    let [start, end] = endpoint.requests();
    assert!([&start, &end].iter().all(|request| request.header("host") == Some(ORCHESTRA)));
}

/// The command has a copy of what the process component has.
#[test]
fn the_summary_names_orchestras_own_endpoint_if_none_is_set() {
    let task = file("to-orchestra", component::test_task());
    let endpoint = MockEndpoint::script_tls_named(&[ORCHESTRA], vec![status(200); 2]);
    let authority = Path::new(env!("CARGO_TARGET_TMPDIR")).join("to-orchestra.pem");
    fs::write(&authority, endpoint.certificate_authority_pem()).unwrap();
    let (proxy, asked) = proxy_to(endpoint.address());
    let mut command = orchestra(&["run", &task, "--json", "--ca-file"]);
    command.arg(authority).env("HTTPS_PROXY", format!("http://{proxy}"));
    let (_, _, stderr) = ran(command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID).output());
    assert_eq!(asked.recv_timeout(WAIT_LIMIT).unwrap(), format!("CONNECT {ORCHESTRA}:443 HTTP/1.1"));
    let summary: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(summary["reporting"]["to"], format!("https://{ORCHESTRA}"));
}

/// It would have to be one on this machine, and reaches nothing that is not reached without it.
#[test]
fn what_goes_to_loopback_goes_through_no_proxy() {
    let task = file("past-a-proxy", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &task]);
    reporting_to(&mut command, &endpoint);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"] {
        command.env(name, dead_url());
    }
    let (code, _, stderr) = ran(command.output());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(statuses(&endpoint), ["RUNNING", "SUCCEEDED"]);
}

//! A program as an HTTP service on loopback, an instance for each request.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use wasmtime::component::Linker;
use wasmtime::{Result, Store};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::cli::AsyncStdinStream;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::{Program, ProgramCtx};
use crate::clock::{Clock, Time};
use crate::endpoint::{MockEndpoint, WAIT_LIMIT};
use crate::guest::API_KEY;

const OUTPUT_BYTES: usize = 1024 * 1024;

/// A server, which ends when it is dropped, and with it every instance that still runs.
pub struct Service {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// What the test's thread and the server's share.
struct Shared {
    pre: ProxyPre<ProgramCtx>,
    variables: Vec<(String, String)>,
    time: Time,
    /// The other ends of the instances' standard inputs.
    inputs: Mutex<Vec<DuplexStream>>,
    ends: Mutex<Vec<End>>,
    changed: Condvar,
}

/// How one request's instance ended.
#[derive(Clone, Debug)]
pub struct End {
    /// The host's log line, if the instance did not return: a trap, or an exit.
    pub error: Option<String>,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

/// What a client was answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Of HTTP.
    pub status: u16,
    /// All of the head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answered {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Program {
    /// Serve it with a key and this endpoint in its environment.
    pub fn serve(&self, endpoint: &MockEndpoint) -> Service {
        self.serve_with(&[("ORCHESTRA_API_KEY", API_KEY), ("ORCHESTRA_WEBHOOK_URL", &endpoint.url())])
    }

    /// Serve it with this environment.
    pub fn serve_with(&self, variables: &[(&str, &str)]) -> Service {
        self.serve_in(Time::Real, variables)
    }

    /// Serve it with this environment, and with time of its own: it passes wherever everybody waits, and so also while a
    /// client takes its time.
    pub fn serve_simulated(&self, variables: &[(&str, &str)]) -> Service {
        self.serve_in(Time::Simulated { hangs: None }, variables)
    }

    fn serve_in(&self, time: Time, variables: &[(&str, &str)]) -> Service {
        let mut linker = Linker::new(self.0.engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("no import is there twice");
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("no import is there twice");
        let pre = linker.instantiate_pre(&self.0).and_then(ProxyPre::new).expect("`wasmtime serve -Scli` takes it");
        let variables = variables.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
        let shared = Arc::new(Shared {
            pre,
            variables,
            time,
            inputs: Mutex::default(),
            ends: Mutex::default(),
            changed: Condvar::new(),
        });

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on 127.0.0.1 is free");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a listener has an address");
        let (running, stop) = oneshot::channel();
        let for_server = Arc::clone(&shared);
        let server = thread::spawn(move || serve(listener, &for_server, stop));
        Service { address, shared, running: Some(running), server: Some(server) }
    }
}

impl Service {
    /// `POST /` with the run id in the header, and read the answer.
    #[track_caller]
    pub fn trigger(&self, run_id: &str, body: &str) -> Answered {
        self.post(&[("orchestra_task_run_id", run_id)], body)
    }

    /// `POST /`, and read the answer.
    #[track_caller]
    pub fn post(&self, headers: &[(&str, &str)], body: &str) -> Answered {
        read(self.send("POST", "/", headers, body))
    }

    /// Send a request without a body, and read the answer.
    #[track_caller]
    pub fn request(&self, method: &str, path: &str) -> Answered {
        read(self.send(method, path, &[], ""))
    }

    /// `POST /` with a run id and a body that never comes to its end, and read the answer.
    #[track_caller]
    pub fn trigger_unfinished(&self, run_id: &str, body: &str) -> Answered {
        read(self.send_of_length("POST", "/", &[("orchestra_task_run_id", run_id)], body, body.len() + 1))
    }

    /// Send a request; the answer is there to be [`read`].
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        self.send_of_length(method, path, headers, body, body.len())
    }

    #[track_caller]
    fn send_of_length(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        length: usize,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the service listens");
        stream.set_read_timeout(Some(WAIT_LIMIT)).expect("the limit is not zero");
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n");
        stream.write_all(format!("{head}{headers}\r\n").as_bytes()).expect("the service reads");
        // An answer may come before the body was read.
        _ = stream.write_all(body.as_bytes());
        stream
    }

    /// Write this on the standard input of every instance so far, and close it.
    pub fn end_inputs(&self, text: &str) {
        let inputs = std::mem::take(&mut *self.shared.inputs.lock().unwrap_or_else(PoisonError::into_inner));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        for mut input in inputs {
            // An instance that has ended reads no more.
            _ = runtime.block_on(input.write_all(text.as_bytes()));
        }
    }

    /// Waits until this many instances have ended.
    #[track_caller]
    pub fn wait_for_ends(&self, count: usize) -> Vec<End> {
        let ends = self.shared.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.changed.wait_timeout_while(ends, WAIT_LIMIT, |ends| ends.len() < count);
        let (ends, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(ends.len() >= count, "waited for {count} ends in vain: {ends:#?}");
        ends.clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.running.take());
        let in_order = self.server.take().is_none_or(|server| server.join().is_ok());
        println!("{:#?}", self.shared.ends.lock().unwrap_or_else(PoisonError::into_inner));
        assert!(in_order || thread::panicking(), "the service did not end in order");
    }
}

/// The answer to what was [sent](Service::send).
#[track_caller]
pub fn read(mut stream: TcpStream) -> Answered {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let parsed = text.split_once("\r\n\r\n").and_then(|(head, body)| {
        let status = head.get(9..12)?.parse().ok()?;
        Some(Answered { status, head: head.to_ascii_lowercase(), body: body.to_string() })
    });
    parsed.unwrap_or_else(|| panic!("no answer, {ended:?}: {text:?}"))
}

fn serve(listener: TcpListener, shared: &Arc<Shared>, mut stop: oneshot::Receiver<()>) {
    shared.time.runtime().block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("the socket is non-blocking");
        loop {
            let (stream, _) = tokio::select! {
                accepted = listener.accept() => accepted.expect("a connection is accepted"),
                _ = &mut stop => return,
            };
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                let handle = service_fn(move |request| handle(Arc::clone(&shared), request));
                // What goes wrong between a client and the service is the client's to notice.
                _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handle).await;
            });
        }
    });
}

async fn handle(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<hyper::Response<HyperOutgoingBody>> {
    let (stdout, stderr) = (MemoryOutputPipe::new(OUTPUT_BYTES), MemoryOutputPipe::new(OUTPUT_BYTES));
    let (input, output) = tokio::io::duplex(1024);
    shared.inputs.lock().unwrap_or_else(PoisonError::into_inner).push(input);
    let mut wasi = WasiCtx::builder();
    wasi.envs(&shared.variables).stdin(AsyncStdinStream::new(output)).stdout(stdout.clone()).stderr(stderr.clone());
    if shared.time.is_simulated() {
        wasi.monotonic_clock(Clock { began: Instant::now() });
    }
    let mut store = Store::new(shared.pre.engine(), ProgramCtx::new(wasi.build()));

    let (sender, receiver) = oneshot::channel();
    let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
    let out = store.data_mut().http().new_response_outparam(sender)?;
    tokio::spawn(async move {
        let called = async {
            let proxy = shared.pre.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await
        };
        let error = called.await.err().map(|error| format!("{error:?}"));
        drop(store);
        let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
        let end = End { error, stdout: text(stdout), stderr: text(stderr) };
        shared.ends.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        shared.changed.notify_all();
    });
    Ok(receiver.await??)
}

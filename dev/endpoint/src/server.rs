//! The server's thread: it accepts, and serves what it accepted until it is stopped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet, yield_now};
use tokio::time::{sleep, timeout};

/// An accept fails for lack of resources, which does not change at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At most so many connections are taken in after the stop.
const LAST_CONNECTIONS: usize = 64;

/// What is done with connections.
pub(crate) trait Serve: Send + Sync + 'static {
    /// Serves a connection to its end. Called in the order of arrival.
    fn serve(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + 'static;

    /// Something is wrong that is no client's doing.
    fn trouble(&self, what: String);

    /// The thread is over, even if by a panic.
    fn ended(&self) {}
}

/// A server in a thread of its own, until it is [stopped](Self::stop) or dropped.
pub(crate) struct Server {
    address: SocketAddr,
    /// Dropped to stop the server.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(listener: TcpListener, service: Arc<impl Serve>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (running, stop) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(format!("endpoint {address}"))
            .spawn(move || run(listener, service.as_ref(), stop))?;
        Ok(Self { address, running: Some(running), thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it to end, without waiting for it.
    pub(crate) fn stop(&mut self) {
        drop(self.running.take());
    }

    /// Waits for its end, and says whether that was in order.
    pub(crate) fn join(&mut self) -> bool {
        self.stop();
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

/// Accepts until `stop` resolves, and takes its connections with it.
fn run(listener: TcpListener, service: &impl Serve, stop: oneshot::Receiver<()>) {
    let _ended = Ended(service);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                _ = &mut stop => break,
                Some(ended) = connections.join_next() => note_panic(ended, service),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => begin(stream, service, &mut connections).await,
                    Err(error) => {
                        service.trouble(format!("accept: {error}"));
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        // A request may have come just before the stop: nobody will read its answer, but it belongs into the record.
        poll_sockets().await;
        for _ in 0..LAST_CONNECTIONS {
            let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await else { break };
            begin(stream, service, &mut connections).await;
        }
        while let Some(ended) = connections.try_join_next() {
            note_panic(ended, service);
        }
    });
}

fn note_panic(ended: Result<(), JoinError>, service: &impl Serve) {
    if let Err(error) = ended {
        service.trouble(format!("the endpoint itself: {error}"));
    }
}

async fn begin(stream: TcpStream, service: &impl Serve, connections: &mut JoinSet<()>) {
    // Without it a trickle would be a few lumps. It fails only on a connection that is gone.
    let _ = stream.set_nodelay(true);
    connections.spawn(service.serve(stream));
    // A request that is there already takes its answer before the next connection may.
    poll_sockets().await;
}

/// Lets the connections run, then looks at the sockets, then lets them run again.
async fn poll_sockets() {
    yield_now().await;
    yield_now().await;
}

/// Says that the thread is over, even if by a panic.
struct Ended<'a, S: Serve>(&'a S);

impl<S: Serve> Drop for Ended<'_, S> {
    fn drop(&mut self) {
        self.0.ended();
    }
}

#[cfg(all(test, feature = "mock"))]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use super::*;
    use crate::mock::connection::Scripted;
    use crate::mock::record::{Record, Script};
    use crate::mock::test_client::{Ended, body, post, read_to_end};
    use crate::{close_on_connect, status};

    /// What is tested here are races that the server has to win every time.
    const ROUNDS: usize = 20;

    fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a listener has an address");
        (listener, address)
    }

    fn client(address: SocketAddr) -> TcpStream {
        let mut client = TcpStream::connect(address).expect("the backlog has room");
        client.set_read_timeout(Some(Duration::from_secs(5))).expect("the limit is not zero");
        client.write_all(post("x").as_bytes()).expect("the buffers have room");
        client
    }

    /// A busy machine may let the server sleep while its client gives up and comes back.
    #[test]
    fn connections_that_waited_take_their_answers_in_order() {
        for _ in 0..ROUNDS {
            let (listener, address) = listen();
            let mut clients = [(); 3].map(|()| client(address));
            let script = [status(200).body("first"), close_on_connect(), status(200).body("third")];
            let record = Arc::new(Record::new(Script::Once(script.into())));
            let (running, stop) = oneshot::channel();
            let service = Scripted { record: Arc::clone(&record), tls: None };
            let server = thread::spawn(move || run(listener, &service, stop));

            let [first, second, third] = clients.each_mut().map(read_to_end);
            drop(running);
            server.join().expect("the server does not panic");

            assert_eq!((body(&first.0), body(&third.0)), ("first", "third"));
            assert_eq!(second.0, "");
            assert_ne!(second.1, Ended::Silence);
            assert_eq!(record.state().requests().len(), 2, "a connection's fault was taken by a request");
        }
    }

    #[test]
    fn a_request_that_came_before_the_stop_is_recorded() {
        for _ in 0..ROUNDS {
            let (listener, address) = listen();
            let _clients = [client(address), client(address)];
            let record = Arc::new(Record::new(Script::Always { first: [].into(), then: status(200) }));
            let (running, stop) = oneshot::channel();
            drop(running);

            run(listener, &Scripted { record: Arc::clone(&record), tls: None }, stop);

            assert_eq!(record.state().requests().len(), 2);
        }
    }
}

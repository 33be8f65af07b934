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

/// The pause after an accept that failed: it fails for lack of resources, which does not change at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At most this many connections are accepted after the stop.
const LAST_CONNECTIONS: usize = 64;

/// What is done with connections.
pub trait Serve: Send + Sync + 'static {
    /// Serves a connection to its end. Called in the order of arrival.
    fn serve(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + 'static;

    /// Something is wrong that no client has caused.
    fn trouble(&self, what: String);

    /// The thread is over, even if by a panic.
    fn ended(&self) {}
}

/// A server's thread. It serves until it is [stopped](Self::stop) or dropped.
pub struct ServerThread {
    address: SocketAddr,
    /// Dropped to stop the server.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ServerThread {
    /// Serves what comes to this listener.
    ///
    /// # Errors
    ///
    /// If the listener cannot be made non-blocking, or no thread can be started.
    pub fn start(listener: TcpListener, service: Arc<impl Serve>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (running, stop) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(format!("endpoint {address}"))
            .spawn(move || run(listener, service.as_ref(), stop))?;
        Ok(Self { address, running: Some(running), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it to end, without waiting for the end.
    pub fn stop(&mut self) {
        drop(self.running.take());
    }

    /// Stops it and waits for its end. Returns false if the thread panicked.
    pub fn join(&mut self) -> bool {
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
        // A request may have come just before the stop: nobody will read its answer, but it has arrived.
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
    // Without it small pieces would be sent together. It fails only on a connection that is gone.
    let _ = stream.set_nodelay(true);
    connections.spawn(service.serve(stream));
    // A request that is there already is served before the next connection is accepted.
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream as Client;
    use std::sync::{Mutex, PoisonError};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Both tests are races that the server has to win every time.
    const ROUNDS: usize = 20;

    /// Keeps in which order connections are accepted and their first byte is read.
    #[derive(Clone, Default)]
    struct Order(Arc<Mutex<Vec<(&'static str, u8)>>>);

    impl Order {
        fn note(&self, what: &'static str, of: u8) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((what, of));
        }

        fn noted(&self) -> Vec<(&'static str, u8)> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }
    }

    impl Serve for Order {
        fn serve(&self, mut stream: TcpStream) -> impl Future<Output = ()> + Send + 'static {
            let order = self.clone();
            let count = order.noted().iter().filter(|(what, _)| *what == "accepted").count();
            order.note("accepted", u8::try_from(count).expect("a test has few connections"));
            async move {
                let byte = stream.read_u8().await.expect("the client has sent a byte");
                order.note("read", byte);
                // The client may be gone already.
                let _ = stream.write_u8(byte).await;
            }
        }

        fn trouble(&self, what: String) {
            panic!("{what}");
        }
    }

    fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a listener has an address");
        (listener, address)
    }

    fn client(address: SocketAddr, byte: u8) -> Client {
        let mut client = Client::connect(address).expect("the backlog has room");
        client.set_read_timeout(Some(Duration::from_secs(5))).expect("the limit is not zero");
        client.write_all(&[byte]).expect("the buffers have room");
        client
    }

    #[test]
    fn a_request_that_waited_is_read_before_the_next_connection_is_accepted() {
        for _ in 0..ROUNDS {
            let (listener, address) = listen();
            let clients = [0, 1, 2].map(|byte| client(address, byte));
            let order = Order::default();
            let mut server = ServerThread::start(listener, Arc::new(order.clone())).expect("a thread is started");

            for mut client in clients {
                client.read_exact(&mut [0]).expect("the byte comes back");
            }

            assert!(server.join());
            let wanted = [0, 1, 2].map(|number| [("accepted", number), ("read", number)]);
            assert_eq!(order.noted(), wanted.concat());
        }
    }

    #[test]
    fn a_request_that_came_before_the_stop_is_read() {
        for _ in 0..ROUNDS {
            let (listener, address) = listen();
            let _clients = [0, 1].map(|byte| client(address, byte));
            let order = Order::default();
            let (running, stop) = oneshot::channel();
            drop(running);

            run(listener, &order, stop);

            let wanted = [0, 1].map(|number| [("accepted", number), ("read", number)]);
            assert_eq!(order.noted(), wanted.concat());
        }
    }
}

//! The server's thread.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::record::Record;

/// An accept fails for lack of resources, which does not change at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At most so many connections are taken in after the stop.
const LAST_CONNECTIONS: usize = 64;

/// Accepts until `stop` resolves, and takes its connections with it.
pub(super) fn run(listener: TcpListener, tls: Option<TlsAcceptor>, record: &Arc<Record>, stop: oneshot::Receiver<()>) {
    let _ended = Ended(record);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                _ = &mut stop => break,
                Some(ended) = connections.join_next() => note_panic(ended, record),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => begin(stream, tls.as_ref(), record, &mut connections).await,
                    Err(error) => {
                        record.note(0, format!("accept: {error}"), true);
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        // A request may have come just before the stop: nobody will read its answer, but it belongs into the record.
        poll_sockets().await;
        for _ in 0..LAST_CONNECTIONS {
            let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await else { break };
            begin(stream, tls.as_ref(), record, &mut connections).await;
        }
        while let Some(ended) = connections.try_join_next() {
            note_panic(ended, record);
        }
    });
}

fn note_panic(ended: Result<(), JoinError>, record: &Record) {
    if let Err(error) = ended {
        record.note(0, format!("the endpoint itself: {error}"), true);
    }
}

async fn begin(stream: TcpStream, tls: Option<&TlsAcceptor>, record: &Arc<Record>, connections: &mut JoinSet<()>) {
    // Without it a trickle would be a few lumps. It fails only on a connection that is gone.
    let _ = stream.set_nodelay(true);
    connections.spawn(connection::serve(stream, tls.cloned(), Arc::clone(record)));
    // A request that is there already takes its answer before the next connection may.
    poll_sockets().await;
}

/// Lets the connections run, then looks at the sockets, then lets them run again.
async fn poll_sockets() {
    yield_now().await;
    yield_now().await;
}

/// Says that the thread is over, even if by a panic.
struct Ended<'a>(&'a Record);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.server_ended();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{SocketAddr, TcpStream};
    use std::thread;

    use super::super::answer::{close_on_connect, status};
    use super::super::record::Script;
    use super::super::test_client::{Ended, body, post, read_to_end};
    use super::*;

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
            let for_server = Arc::clone(&record);
            let server = thread::spawn(move || run(listener, None, &for_server, stop));

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

            run(listener, None, &record, stop);

            assert_eq!(record.state().requests().len(), 2);
        }
    }
}

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::*;
use crate::fault::close_on_connect;
use crate::record::Script;
use crate::test_client::{Ended, body, post, read_to_end};
use orchestra_endpoint::{ServerThread, status};

/// Both tests are races that the server has to win every time.
const ROUNDS: usize = 20;

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    (listener, address)
}

fn client(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).expect("the backlog has room");
    client.set_read_timeout(Some(Duration::from_secs(5))).expect("the limit is not zero");
    client.write_all(post("x").as_bytes()).expect("the buffers have room");
    client
}

fn serve(listener: TcpListener, record: &Arc<Record>) -> ServerThread {
    let service = Scripted { record: Arc::clone(record), tls: None, limits: Http2::default() };
    ServerThread::start(listener, Arc::new(service)).expect("a thread is started")
}

/// A busy machine may let the server sleep while its client gives up and comes back.
#[test]
fn connections_that_waited_take_their_answers_in_order() {
    for _ in 0..ROUNDS {
        let (listener, address) = listen();
        let mut clients = [(); 3].map(|()| client(address));
        let script = [status(200).body("first"), close_on_connect(), status(200).body("third")];
        let record = Arc::new(Record::new(Script { first: script.into(), then: None }));
        let mut server = serve(listener, &record);

        let [first, second, third] = clients.each_mut().map(read_to_end);
        assert!(server.join());

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
        let record = Arc::new(Record::new(Script { first: [].into(), then: Some(status(200)) }));

        assert!(serve(listener, &record).join());

        assert_eq!(record.state().requests().len(), 2);
    }
}

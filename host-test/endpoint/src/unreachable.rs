//! URLs on loopback that cannot be reached.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpSocket;

/// A URL on loopback that refuses connections.
///
/// Its port is bound, once per process, but nothing listens there: nobody else can take the port meanwhile.
pub fn dead_url() -> String {
    static BOUND: OnceLock<TcpSocket> = OnceLock::new();
    let socket = BOUND.get_or_init(|| {
        let socket = TcpSocket::new_v4().expect("a socket is made");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port on 127.0.0.1 is free");
        socket
    });
    format!("http://{}", socket.local_addr().expect("a bound socket has an address"))
}

/// A URL on loopback to which connecting never ends.
///
/// A socket listens there with a backlog for one connection, which is taken. Linux does not answer further ones.
pub fn full_url() -> String {
    static FULL: OnceLock<(TcpListener, TcpStream)> = OnceLock::new();
    let (listener, _) = FULL.get_or_init(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket is made");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port on 127.0.0.1 is free");
        socket.listen(0).expect("a bound socket can listen");
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().expect("a bound socket has an address");
        (listener, TcpStream::connect(address).expect("the backlog has room for one"))
    });
    format!("http://{}", listener.local_addr().expect("a bound socket has an address"))
}

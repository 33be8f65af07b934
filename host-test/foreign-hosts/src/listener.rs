//! Somebody on loopback whom a task may find with sockets of its own.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::process::RUN_LIMIT;

/// What everybody is told who connects.
pub const GREETING: &str = "seen-on-a-connection";

/// More connections than any task makes.
const CONNECTIONS: usize = 16;

/// At most this much of what is said on a connection is kept.
const SAID_BYTES: u64 = 64 * 1024;

/// What the listener says to itself.
const END: &str = "there are no more connections";

/// Greets whoever connects, and keeps what they say.
pub struct Listener {
    address: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

impl Listener {
    /// On a free port of 127.0.0.1.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on 127.0.0.1 is free");
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, thread: thread::spawn(move || listen(&listener)) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was said, on each connection so far.
    ///
    /// # Panics
    ///
    /// If the listener has.
    pub fn end(self) -> Vec<String> {
        // It takes connections in their order, so this is the last. It may have left already, because there were too many.
        _ = TcpStream::connect(self.address).and_then(say_the_end);
        self.thread.join().expect("the listener does not panic")
    }
}

/// Hears the greeting out, because to close a socket with something unread in it may undo what was said there.
fn say_the_end(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(RUN_LIMIT))?;
    stream.write_all(END.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    stream.take(SAID_BYTES).read_to_end(&mut Vec::new()).map(drop)
}

fn listen(listener: &TcpListener) -> Vec<String> {
    listener.incoming().take(CONNECTIONS).flatten().map(greet).take_while(|said| said != END).collect()
}

fn greet(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    // Whoever breaks off has said what they said.
    _ = stream.write_all(GREETING.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write));
    _ = stream.set_read_timeout(Some(RUN_LIMIT)).and_then(|()| stream.take(SAID_BYTES).read_to_end(&mut said));
    String::from_utf8_lossy(&said).into_owned()
}

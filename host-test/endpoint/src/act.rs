//! Acts out faults on the bare connection.

use std::io;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

use super::delivery::{Delivery, End, OddResponse};
use super::fault::Act;
use super::record::{EntryId, Record};

/// An endless body's chunk, and the pause after it.
const ENDLESS_CHUNK_BYTES: usize = 16 * 1024;
const ENDLESS_PAUSE: Duration = Duration::from_millis(2);

/// A connection, with TLS or without, whose socket is in reach.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Sends the act's bytes, and ends the connection as the act says.
pub(crate) async fn act_out(mut stream: impl Wire, act: &Act, id: EntryId, record: &Record) {
    match perform(&mut stream, act).await {
        // Closing a socket with something unread in it sends an RST, which may overtake the answer on its way to the
        // client. So FIN was sent by itself, and the socket is kept until the client has gone.
        Ok(End::Close) => {
            record.finished(id, "");
            client_left(stream.tcp()).await;
        }
        // The RST comes with the drop; the option fails only on a connection that is gone.
        Ok(End::Reset) => {
            let _ = stream.tcp().set_zero_linger();
            record.finished(id, "");
        }
        Ok(End::Hang) => {
            let _hanging = record.hanging();
            client_left(stream.tcp()).await;
            record.finished(id, "the client left");
        }
        Err(error) => record.finished(id, &format!("the client left: {error}")),
    }
}

/// Sends all that is to be sent, a FIN too. An error means that the client left before.
async fn perform(stream: &mut impl Wire, act: &Act) -> io::Result<End> {
    let end = match act {
        Act::Http(odd) => send(stream, odd).await?,
        Act::Bytes { bytes, then } => {
            stream.write_all(bytes).await?;
            *then
        }
    };
    stream.flush().await?;
    if end == End::Close {
        stream.shutdown().await?;
    }
    Ok(end)
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), odd: &OddResponse) -> io::Result<End> {
    let body: &Bytes = odd.response.body();
    stream.write_all(&head(odd)).await?;
    let (sent, end) = match odd.delivery {
        Delivery::Whole => (&body[..], End::Close),
        Delivery::WholeThenReset => (&body[..], End::Reset),
        Delivery::FirstHalf { then } => (&body[..body.len() / 2], then),
        Delivery::First { bytes, then } => (&body[..bytes.min(body.len())], then),
        Delivery::ByteByByte { pause } => {
            for byte in body.iter() {
                sleep(pause).await;
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
            }
            (&[][..], End::Close)
        }
        Delivery::Endless => loop {
            stream.write_all(&endless_chunk()).await?;
            stream.flush().await?;
            sleep(ENDLESS_PAUSE).await;
        },
    };
    stream.write_all(sent).await?;
    Ok(end)
}

fn head(odd: &OddResponse) -> Vec<u8> {
    let status = odd.response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    for (name, value) in odd.response.headers() {
        line(name.as_str(), value.as_bytes());
    }
    if let Delivery::Endless = odd.delivery {
        line(TRANSFER_ENCODING.as_str(), b"chunked");
    } else {
        let length = odd.content_length.unwrap_or(odd.response.body().len() as u64);
        line(CONTENT_LENGTH.as_str(), length.to_string().as_bytes());
    }
    // A server that is about to break off does not announce it; one that sends all of its answer does.
    if let Delivery::Whole | Delivery::ByteByByte { .. } = odd.delivery {
        line(CONNECTION.as_str(), b"close");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn endless_chunk() -> Vec<u8> {
    let mut chunk = format!("{ENDLESS_CHUNK_BYTES:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + ENDLESS_CHUNK_BYTES, b'x');
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// Waits for the client to close its side, without reading what it sends. To close the sending side is enough.
async fn client_left(socket: &TcpStream) {
    while let Ok(ready) = socket.ready(Interest::READABLE).await
        && !ready.is_read_closed()
    {
        // Data came, which stays where it is: claiming that there is none makes `ready` wait for the next event.
        let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}

#[cfg(test)]
mod tests;
